using System.Globalization;
using System.Text.Json;

namespace CloudIa.TestEngines.Functions;

/// <summary>
/// Architect's sandbox with the service as its only function, behind API Gateway's HTTP API (<see cref="EngineServer.Address"/>) and
/// WebSocket API (<see cref="Sockets"/>). It starts a process for each invocation and ends it (SIGINT) after its answer: every call
/// is a cold start. As API Gateway does, it takes no chunked bodies.
/// </summary>
/// <param name="program">The program's command line; none of its words has a space.</param>
/// <param name="environment">The function's environment: it has no other.</param>
public sealed class SandboxServer(IReadOnlyList<string> program, IReadOnlyDictionary<string, string> environment) : EngineServer
{
    private readonly int _internal = FreePorts.Next();

    /// <summary>The WebSocket API, at any path.</summary>
    public Uri Sockets => new(string.Create(CultureInfo.InvariantCulture, $"ws://127.0.0.1:{Port}"));

    /// <summary>Below it is @connections. Its events say another address, https://localhost:PORT/testing.</summary>
    public Uri Callback => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_internal}/_arc/ws"));

    protected override string Name => "Architect's sandbox";

    protected override ChildProcess Launch() => ChildProcess.Start(
        Name,
        "node",
        [ToolFolder.File("..", "function", "run.js")],
        [
            new("ARC_ENV", "testing"),
            new("ARC_HTTP_PORT", Port.ToString(CultureInfo.InvariantCulture)),
            new("ARC_INTERNAL_PORT", _internal.ToString(CultureInfo.InvariantCulture)),
            new("FUNCTION_ENV", JsonSerializer.Serialize(new Dictionary<string, string>(environment) { ["FUNCTION_PROGRAM"] = string.Join(' ', program) })),

            // Else it asks the machine's cloud for some.
            new("AWS_ACCESS_KEY_ID", "anybody"),
            new("AWS_SECRET_ACCESS_KEY", "anything"),
        ]);
}
