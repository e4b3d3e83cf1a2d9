using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.TestEngines.Functions;

namespace CloudIa.EndToEnd.Tests.Functions;

/// <summary>The program as Lambda runs it: its events come from a Runtime API.</summary>
internal sealed class FunctionProcess : IAsyncDisposable
{
    private readonly RuntimeApi _runtime;
    private readonly ChildProcess _child;

    private FunctionProcess(RuntimeApi runtime, IReadOnlyDictionary<string, string> settings)
    {
        _runtime = runtime;
        Handler = new ApiGatewayHandler(runtime);
        _child = Repository.Run([], new CloudiaSettings { More = new Dictionary<string, string>(settings) { ["AWS_LAMBDA_RUNTIME_API"] = runtime.Address } });
    }

    /// <summary>API Gateway before it, for any client.</summary>
    public HttpMessageHandler Handler { get; }

    /// <summary>What it told Lambda because it could not begin.</summary>
    public Task<Outcome> InitError => _runtime.InitError;

    public static async Task<FunctionProcess> StartAsync(IReadOnlyDictionary<string, string> settings) => new(await RuntimeApi.StartAsync(), settings);

    public Task<Outcome> Invoke(string json, DateTimeOffset? deadline = null) =>
        Patience.For(_runtime.InvokeAsync(json, deadline), "the function's answer", Tail);

    public void AskToStop() => _child.AskToStop();

    public Task<int> Exit() => _child.Exit();

    public string Tail() => _child.Tail();

    public async ValueTask DisposeAsync()
    {
        _child.Dispose();
        Handler.Dispose();
        await _runtime.DisposeAsync();
    }
}
