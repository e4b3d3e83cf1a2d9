using System.CommandLine;
using CloudIa.Chat;
using CloudIa.Serve;

var root = new RootCommand("cloud-ia: a conversation assistant service that does not lose answers.")
{
    ServeCommand.Create(),
    ChatCommand.Create(),
};

// No arguments: serve.
return await root.Parse(args.Length == 0 ? ["serve"] : args).InvokeAsync(new InvocationConfiguration
{
    // The host and the chat take the signals themselves: a drain takes longer than the parser would wait.
    ProcessTerminationTimeout = null,
});
