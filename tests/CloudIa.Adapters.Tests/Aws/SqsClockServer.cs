using CloudIa.TestEngines;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>An SQS whose clock the tests turn that share it; they run one after the other.</summary>
public sealed class SqsClockServer : IAsyncLifetime
{
    public SqsServer Sqs { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await Sqs.StartAsync();
        await Sqs.StopClockAsync();
    }

    public ValueTask DisposeAsync() => Sqs.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class SqsClock : ICollectionFixture<SqsClockServer>
{
    public const string Name = "SQS with a clock of its own";
}
