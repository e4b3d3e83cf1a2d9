using CloudIa.Bench;
using CloudIa.Bench.Load;

// Before anything opens a socket.
LoadGenerator.UseOneThread();
return await CommandLine.Build().Parse(args).InvokeAsync();
