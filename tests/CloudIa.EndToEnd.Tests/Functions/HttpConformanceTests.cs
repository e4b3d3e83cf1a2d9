using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.TestEngines.Functions;

namespace CloudIa.EndToEnd.Tests.Functions;

/// <summary>On Kestrel, as machines run it.</summary>
public sealed class KestrelHttpTests(KestrelHttpTests.Gate gate) : HttpConformance, IClassFixture<KestrelHttpTests.Gate>
{
    protected override Uri Address => gate.Server.Address;

    protected override HttpMessageHandler? Through => null;

    protected override string Tail() => gate.Server.Tail() + gate.Installation.Tail();

    public sealed class Gate(Engines engines) : ConformanceGate(engines)
    {
        internal CloudiaProcess Server { get; private set; } = null!;

        protected override async Task OpenAsync() =>
            Server = Owned(await CloudiaProcess.Start(new CloudiaSettings { More = new Dictionary<string, string>(Installation.Settings) { ["CLOUDIA__ROLE"] = "gateway" } }));
    }
}

/// <summary>On the Lambda server, with the events that API Gateway makes of requests.</summary>
public sealed class LambdaHttpTests(LambdaHttpTests.Gate gate) : HttpConformance, IClassFixture<LambdaHttpTests.Gate>
{
    protected override Uri Address { get; } = new($"https://{ApiGatewayEvents.Domain}");

    protected override HttpMessageHandler? Through => gate.Function.Handler;

    protected override string Tail() => gate.Function.Tail() + gate.Installation.Tail();

    public sealed class Gate(Engines engines) : ConformanceGate(engines)
    {
        internal FunctionProcess Function { get; private set; } = null!;

        protected override async Task OpenAsync() => Function = Owned(await FunctionProcess.StartAsync(Installation.Settings));
    }
}

/// <summary>In Architect's sandbox.</summary>
public sealed class SandboxHttpTests(SandboxHttpTests.Gate gate) : HttpConformance, IClassFixture<SandboxHttpTests.Gate>
{
    protected override Uri Address => gate.Sandbox.Address;

    protected override HttpMessageHandler? Through => null;

    protected override string Tail() => gate.Sandbox.Tail() + gate.Installation.Tail();

    public sealed class Gate(Engines engines) : ConformanceGate(engines)
    {
        internal SandboxServer Sandbox { get; private set; } = null!;

        protected override async Task OpenAsync()
        {
            Sandbox = Owned(new SandboxServer(Repository.CommandLine([]), Installation.Settings));
            await Sandbox.StartAsync();
        }
    }
}
