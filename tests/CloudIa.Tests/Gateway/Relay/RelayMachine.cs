using System.Text.Json;
using CloudIa.Client.Answers;
using CloudIa.Core.Delivery.Relay;
using CloudIa.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Gateway.Relay;

/// <summary>A machine that holds one socket, whose client folds what it reads as ours does. What it answers a test says.</summary>
internal sealed class RelayMachine(FakeTimeProvider time) : IRelayPost
{
    /// <summary>API Gateway's longest message on a socket, in bytes.</summary>
    public const int LongestMessage = 128 * 1024;

    private readonly Lock gate = new();
    private readonly List<ServerEvent> read = [];

    public RelayedConnection Connection { get; init; } = new()
    {
        Id = "a=",
        Callback = new Uri("https://api.example.com/live"),
        ConnectionId = "secret",
        Owner = "anonymous:somebody",
        SessionId = "somebody",
        ExpiresAt = time.GetUtcNow().AddHours(1),
        OpenedAt = time.GetUtcNow(),
        TraceId = "0af7651916cd43dd8448eb211c80319c",
    };

    /// <summary>What the next posts are answered; taken where nothing is said.</summary>
    public Queue<PostOutcome> Answers { get; } = new();

    /// <summary>Every post is answered so; null: as above.</summary>
    public PostOutcome? Always { get; set; }

    /// <summary>What the client read.</summary>
    public IReadOnlyList<ServerEvent> Read
    {
        get
        {
            lock (gate)
            {
                return [.. read];
            }
        }
    }

    /// <summary>When each post came.</summary>
    public List<DateTimeOffset> PostedAt { get; } = [];

    public bool Cut { get; private set; }

    public Answer Answer { get; } = new("job", "conversation");

    public ValueTask<PostOutcome> PostAsync(RelayedConnection connection, ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (gate)
        {
            PostedAt.Add(time.GetUtcNow());
            var outcome = Cut ? PostOutcome.Gone
                : message.Length > LongestMessage ? PostOutcome.TooLarge
                : Always ?? (Answers.TryDequeue(out var answer) ? answer : PostOutcome.Taken);
            if (outcome == PostOutcome.Taken)
            {
                var said = JsonSerializer.Deserialize(message.Span, ProtocolJson.Default.ServerEvent)!;
                read.Add(said);
                Answer.Apply(said);
            }

            return ValueTask.FromResult(outcome);
        }
    }

    public ValueTask<PostOutcome> CutAsync(RelayedConnection connection, CancellationToken cancellation)
    {
        Cut = true;
        return ValueTask.FromResult(PostOutcome.Taken);
    }
}
