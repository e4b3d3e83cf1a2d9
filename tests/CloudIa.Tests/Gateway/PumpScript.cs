using CloudIa.Core.Conversations;
using CloudIa.Protocol;

namespace CloudIa.Tests.Gateway;

/// <summary>What a worker says of one job.</summary>
internal static class PumpScript
{
    public static void Start(PumpBench bench, int attempt)
    {
        var (jobId, conversationId) = (bench.Job.JobId, bench.Job.ConversationId);
        var started = new MessageStarted { JobId = jobId, ConversationId = conversationId, Turn = 1, Attempt = attempt, Model = "demo" };
        var restarted = attempt == 1 ? null : new MessageRestarted { JobId = jobId, ConversationId = conversationId, Attempt = attempt, Reason = "retry" };
        bench.Do(async () => Assert.True(await bench.Bus.StartAsync(bench.Job, started, restarted, CancellationToken.None)));
    }

    public static void Append(PumpBench bench, Position at, string text) =>
        bench.Do(async () => Assert.True(await bench.Bus.AppendAsync(bench.Job.Key, at, text, CancellationToken.None)));

    /// <summary>Stores an end that nobody is told of yet.</summary>
    public static void Store(PumpBench bench, int attempt, string text) => bench.Stored[bench.Job.JobId] = new Turn
    {
        JobId = bench.Job.JobId,
        ConversationId = bench.Job.ConversationId,
        Number = 1,
        Message = bench.Job.Message,
        Fingerprint = "",
        AcceptedAt = bench.Job.AcceptedAt,
        Attempt = attempt,
        Status = JobStatus.Completed,
        End = new TurnEnd { Status = JobStatus.Completed, Content = text, EndedAt = bench.Time.GetUtcNow() },
    };

    public static void End(PumpBench bench, int attempt, string text)
    {
        var completed = new MessageCompleted
        {
            JobId = bench.Job.JobId,
            ConversationId = bench.Job.ConversationId,
            Turn = 1,
            Attempt = attempt,
            Content = text,
            Metadata = new AnswerMetadata { Model = "demo", Tokens = 0, InputTokens = 0, OutputTokens = 0, Attempts = attempt, DurationMs = 0, FinishReason = "stop" },
        };

        // Stored before it is announced.
        Store(bench, attempt, text);
        bench.Do(() => bench.Bus.EndAsync(bench.Job.Key, completed, CancellationToken.None));
    }
}
