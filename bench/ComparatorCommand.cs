using System.CommandLine;
using CloudIa.Bench.Comparators;

namespace CloudIa.Bench;

/// <summary>The hidden command that the bench starts its comparators with, each in a process of its own.</summary>
internal static class ComparatorCommand
{
    public static Command Build()
    {
        var name = new Argument<string>("name");
        var port = new Option<int>("--port") { Required = true };
        var data = new Option<string>("--data") { DefaultValueFactory = _ => "." };
        var command = new Command("comparator", "Runs one of the servers that ours is compared with.") { name, port, data };
        command.Hidden = true;
        command.SetAction(parsed => RunAsync(parsed.GetValue(name)!, parsed.GetValue(port), parsed.GetValue(data)!));
        return command;
    }

    private static Task RunAsync(string name, int port, string folder) => name switch
    {
        "bare-commit" => BareCommit.RunAsync(port, folder),
        "single-commit" => SingleCommit.RunAsync(port, folder),
        "batched-commit" => BatchedCommit.RunAsync(port, folder),
        "read-body" => ReadBody.RunAsync(port),
        "idle-sockets" => IdleSockets.RunAsync(port),
        "raw-sockets" => RawSockets.RunAsync(port),
        "paced-model" => PacedModel.RunAsync(port),
        "bare-function" => BareFunction.RunAsync(folder),
        "bare-engines" => BareEngines.RunAsync(port),
        "fake-model" => FakeModel.RunAsync(port),
        _ => throw new ArgumentException($"There is no comparator {name}.", nameof(name)),
    };
}
