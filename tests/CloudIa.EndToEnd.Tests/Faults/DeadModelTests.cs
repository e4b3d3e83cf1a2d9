using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Faults;

/// <summary>Faults 10, 11, 12 and 14 at every call: nobody waits for ever, and nobody is told what is not so.</summary>
public abstract class DeadModelTests(Backend backend, ITestOutputHelper output)
{
    [Theory]
    [InlineData(10, "FIRSTTOKENSECONDS")]
    [InlineData(11, "SILENCESECONDS")]
    [InlineData(12)]
    [InlineData(14)]
    public async Task A_model_that_always_fails_fails_every_message_in_time_with_few_calls_and_answers_when_it_is_well(int number, params string[] limits)
    {
        var history = await FaultRun.Always(
            backend,
            "openai",
            (whole, _) => number switch
            {
                10 => whole with { Gate = ModelReply.Never },
                11 => whole with { Gate = ModelReply.Never, GateAfter = whole.Pieces.Count },
                12 => whole with { Ending = ReplyEnding.Truncated },
                _ => ModelReply.OverloadedAtOnce(),
            },
            limits);

        output.WriteLine(FaultRun.Summary(history));
        var ends = history.Receipts.ToLookup(receipt => receipt.Message.Contains(FaultRun.Again, StringComparison.Ordinal), receipt => history.Ends[receipt.JobId].Status);
        Assert.All(ends[false], status => Assert.Equal(JobStatus.Failed, status));
        Assert.All(ends[true], status => Assert.Equal(JobStatus.Completed, status));

        // Before the first word the breaker spares the rest; what was begun in vain, attempts bound.
        Assert.InRange(FaultRun.FailedCalls(history), 5, ends[false].Count() * (number is 10 or 14 ? 2 : FaultSettings.Attempts));
    }
}
