using System.CommandLine;
using CloudIa;
using CloudIa.Chat;
using CloudIa.DeadLetters;
using CloudIa.Serve;
using CloudIa.Setup;

var root = new RootCommand("cloud-ia: a conversation assistant service that does not lose answers.")
{
    ServeCommand.Create(),
    ChatCommand.Create(),
    DeadLettersCommand.Create(),
    DoctorCommand.Create(),
    InitCommand.Create(),
};

// No arguments: serve.
var parsed = root.Parse(args.Length == 0 ? ["serve"] : args);
var code = await parsed.InvokeAsync(new InvocationConfiguration
{
    // The host and the chat take the signals themselves: a drain takes longer than the parser would wait.
    ProcessTerminationTimeout = null,
});
return parsed.Errors.Count > 0 ? ExitCode.Usage : code;
