using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>Clients that do not read, or not fast.</summary>
public abstract class SlowReaderTests(Backend backend)
{
    private static readonly CloudiaSettings Settings = new()
    {
        More = new Dictionary<string, string> { ["CLOUDIA__GATEWAY__SLOWREADERSECONDS"] = "2" },
    };

    [Fact]
    public async Task A_client_that_begins_to_read_again_is_told_why_it_is_closed()
    {
        var text = LongText.Text();
        await using var model = await FaultyModel.Start(_ => new ModelReply { Pieces = LongText.Pieces(text) });
        await using var server = await backend.StartAsync(model, Settings);
        using var person = await ApiClient.WithSession(server.Address);
        var accepted = await person.Post("Tell me everything");
        await person.End(accepted.JobId, server.Tail);

        // Found slow 2 to 4 s after it stops, and cut 2 to 3 s later: between the two it hears why. On a busy machine all of
        // this comes later, and a try may miss that time.
        var codes = new List<int?>();
        while (codes.Count < 20 && !codes.Contains(CloseCode.SlowReader))
        {
            using var sleeper = await StalledSocket.Open(server.Door, person.Token!);
            await sleeper.Send(new ClientFrame { Action = "resume", Jobs = [new ResumePoint(accepted.JobId, 0, 0)] });
            await Task.Delay(TimeSpan.FromSeconds(4.5 + (0.5 * (codes.Count % 4))), TimeProvider.System, TestContext.Current.CancellationToken);
            await Patience.For(sleeper.ReadSlowly(new HeldAnswers(), accepted.JobId, TimeSpan.Zero), "the sleeper's end", server.Tail, TimeSpan.FromMinutes(2));
            codes.Add(sleeper.CloseCode);
        }

        Assert.Contains(CloseCode.SlowReader, codes);
    }

    [Fact]
    public async Task A_slow_client_that_reads_on_gets_all_of_a_long_answer()
    {
        // With a patience of 2 s such a client was seen to be cut on a busy machine, though it read on.
        const string patience = "6";
        var text = LongText.Text()[..500_000];
        await using var model = await FaultyModel.Start(_ => new ModelReply { Pieces = LongText.Pieces(text) });
        await using var server = await backend.StartAsync(
            model, Settings with { More = new Dictionary<string, string> { ["CLOUDIA__GATEWAY__SLOWREADERSECONDS"] = patience } });
        using var person = await ApiClient.WithSession(server.Address);
        var accepted = await person.Post("Tell me everything");
        await person.End(accepted.JobId, server.Tail);

        using var slow = await StalledSocket.Open(server.Door, person.Token!);
        await slow.Send(new ClientFrame { Action = "resume", Jobs = [new ResumePoint(accepted.JobId, 0, 0)] });
        var held = new HeldAnswers();

        // Far longer in all than a client that does not read is given; its own pauses are never as long.
        await Patience.For(slow.ReadSlowly(held, accepted.JobId, TimeSpan.FromMilliseconds(400)), "the slow client's answer", server.Tail, TimeSpan.FromMinutes(2));

        Assert.True(held.HasEnded(accepted.JobId), $"Closed with {slow.CloseCode?.ToString() ?? "no word"} after {held.Text(accepted.JobId).Length} characters.\n{server.Tail()}");
        Assert.Equal(text, held.Text(accepted.JobId));
    }
}
