using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.History;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Faults;

/// <summary>
/// The model fails, and those who wait hardly notice: in each run every message is answered once and in full, and what
/// is shown is what is stored (LIMITS.md's invariants, judged from the recorded history).
/// </summary>
/// <param name="backend">What it runs on.</param>
/// <param name="output">Told what happened.</param>
/// <param name="provider">Whose wire is spoken.</param>
public abstract class ModelFaultTests(Backend backend, ITestOutputHelper output, string provider)
{
    [Fact]
    public async Task Fault_10_a_first_byte_or_a_first_token_that_never_comes()
    {
        var history = await FaultRun.NowAndThen(backend, provider, (whole, number) => whole with { Gate = ModelReply.Never, HeadersAtOnce = number % 2 == 1 }, "FIRSTTOKENSECONDS");

        NobodyNoticed(history);
    }

    [Fact]
    public async Task Fault_11_a_stream_that_stalls_after_any_word()
    {
        var history = await FaultRun.NowAndThen(
            backend, provider, (whole, number) => whole with { Gate = ModelReply.Never, GateAfter = whole.Pieces.Count - number }, "SILENCESECONDS");

        AllWereAnswered(history);
        Assert.Contains(history.Observations.OfType<Heard>(), heard => heard.Event is MessageRestarted);
    }

    [Fact]
    public async Task Fault_12_a_stream_that_is_cut_after_any_word_is_never_completed()
    {
        var history = await FaultRun.NowAndThen(backend, provider, (whole, number) => whole with
        {
            Pieces = [.. whole.Pieces.Take(whole.Pieces.Count - (number / 2))],
            Ending = number % 2 == 0 ? ReplyEnding.Truncated : ReplyEnding.Reset,
        });

        AllWereAnswered(history);
        Assert.Contains(history.Observations.OfType<Heard>(), heard => heard.Event is MessageRestarted);
    }

    [Fact]
    public async Task Fault_12_a_stream_that_is_cut_before_its_first_word()
    {
        var history = await FaultRun.NowAndThen(backend, provider, (_, number) => new ModelReply
        {
            HeadersAtOnce = true,
            Ending = number % 2 == 0 ? ReplyEnding.Truncated : ReplyEnding.Reset,
        });

        NobodyNoticed(history);
    }

    [Fact]
    public async Task Fault_14_an_overload_error_after_HTTP_200_and_before_any_text() =>
        NobodyNoticed(await FaultRun.NowAndThen(backend, provider, (_, _) => ModelReply.OverloadedAtOnce()));

    [Fact]
    public async Task An_answer_that_trickles_in_byte_by_byte_is_the_answer()
    {
        var reply = ModelReply.Words("Olá, 日本 🚀!") with { BytesAWrite = 1 };
        await using var model = await FaultyModel.Start(_ => reply);
        await using var server = await backend.StartAsync(model, FaultSettings.Of(provider));
        using var person = await ApiClient.WithSession(server.Address);

        var end = await person.End((await person.Post("Hello")).JobId, server.Tail);

        Assert.Equal((JobStatus.Completed, reply.Text, 1), (end.Status, end.Content, end.Attempt));
        Assert.Single(model.Calls);
    }

    private void AllWereAnswered(ChatHistory history)
    {
        output.WriteLine(FaultRun.Summary(history));
        Assert.All(history.Ends.Values, end => Assert.Equal(JobStatus.Completed, end.Status));
    }

    /// <summary>What failed before it said anything leaves no trace: no error, no restart, one beginning.</summary>
    private void NobodyNoticed(ChatHistory history)
    {
        AllWereAnswered(history);
        var heard = history.Observations.OfType<Heard>().Select(seen => seen.Event).ToList();
        Assert.DoesNotContain(heard, said => said is ErrorEvent or MessageRestarted);
        Assert.All(heard.OfType<MessageStarted>().CountBy(started => started.JobId), job => Assert.Equal(1, job.Value));
        Assert.All(history.Ends.Values, end => Assert.Equal(1, end.Attempt));
    }
}
