using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.History;
using CloudIa.EndToEnd.Tests.Killing;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Cutting;

/// <summary>
/// Promise 3: delivery is not tied to a connection. Each history is a reader that is cut at random bytes and moves
/// between WebSocket, server-sent events and polls while its answers stream; in a few, the server dies meanwhile and
/// its log of deltas with it. CLOUDIA_TEST_SEED repeats the choices, CLOUDIA_TEST_CUT_HISTORIES changes their number.
/// </summary>
/// <param name="backend">What it runs on.</param>
/// <param name="output">Told what happened.</param>
/// <param name="histories">How many, where the environment does not say.</param>
/// <param name="kills">How often the service dies.</param>
public abstract class CutTests(Backend backend, ITestOutputHelper output, int histories, int kills)
{
    private const int Readers = 16;

    /// <summary>Connections of one history that may be cut; the next stands.</summary>
    private const int MostCuts = 12;

    private static readonly int Seed = Setting("CLOUDIA_TEST_SEED") ?? Random.Shared.Next(1_000_000);

    private readonly int _histories = Setting("CLOUDIA_TEST_CUT_HISTORIES") ?? histories;

    private readonly HistoryRecorder _recorder = new();
    private readonly ConcurrentDictionary<string, int> _asked = new();
    private readonly ConcurrentBag<Dictionary<string, int>> _ways = [];
    private int _begun;
    private int _ended;
    private int _cuts;

    [Fact]
    public async Task After_cuts_at_random_bytes_and_moves_between_transports_every_text_is_the_stored_one_with_no_part_twice()
    {
        output.WriteLine($"CLOUDIA_TEST_SEED={Seed}");
        var clock = Stopwatch.StartNew();
        await using var model = await FaultyModel.Start(Answer);
        await using var server = await backend.StartAsync(model, new CloudiaSettings
        {
            Concurrency = 2 * Readers,
            MaxAttempts = 1_000,
            ShortLeases = true,
        });
        using var people = new People(server.Address);
        var readers = new List<(string Owner, ApiClient Api, string Mark)>();
        for (var number = 1; number <= Readers; number++)
        {
            var (api, mark) = await people.Meet($"reader{number}");
            readers.Add(($"reader{number}", api, mark));
        }

        var reading = Task.WhenAll(readers.Select(reader => ReadOn(reader.Owner, reader.Api, reader.Mark, server)));
        var killing = Kill(server, reading);
        try
        {
            await await Task.WhenAny(killing, reading);
            await reading;
        }
        finally
        {
            output.WriteLine($"{_ended} histories, {_cuts} cuts, {clock.Elapsed.TotalSeconds:F1} s");
        }
        await killing;

        var history = await people.ReadBack(_recorder, server.Tail);
        output.WriteLine(Summary(history, clock.Elapsed));
        var broken = Invariants.Check(history);
        Assert.True(broken.Count == 0, $"CLOUDIA_TEST_SEED={Seed}: {broken.Count} violations:{Environment.NewLine}{string.Join(Environment.NewLine, broken.Take(10))}");
        Assert.All(history.Ends.Values, end => Assert.Equal(JobStatus.Completed, end.Status));
        Assert.Equal(history.Receipts.Count, history.Observations.OfType<Showed>().Count());

        // The test itself: it did cut, move, fail and kill.
        Assert.True(_ended >= _histories, $"Only {_ended} histories.");
        Assert.True(_cuts >= _histories, $"Only {_cuts} cuts in {_ended} histories.");
        Assert.Equal(["events", "poll", "socket"], _ways.SelectMany(ways => ways.Keys).Distinct().Order());
        Assert.Contains(history.Ends.Values, end => end.Attempt > 1);
        Assert.Contains(history.Observations.OfType<Heard>(), heard => heard.Event is MessageRestarted { Reason: "position_unknown" });
    }

    private async Task ReadOn(string owner, ApiClient api, string mark, IInstallation server)
    {
        string? conversation = null;
        while (Interlocked.Increment(ref _begun) is var number && number <= _histories)
        {
            var random = new Random(unchecked((Seed * 7_919) + number));
            var connections = 0;
            var most = random.Next(MostCuts);
            await using var way = new CuttingProxy(server.Address.Port, () => Draw());
            var jobs = new List<string>();
            for (var count = random.Next(4) == 0 ? 2 : 1; count > 0; count--)
            {
                var into = random.Next(3) == 0 ? conversation : null;
                var message = $"{mark} history {number}, message {count}";
                var reply = await api.PostUntilAnswered(message, into, $"{number}-{count}", server.Tail);
                Assert.True(reply.Status == HttpStatusCode.Accepted, $"POST /chat: {reply}");
                var accepted = reply.Read(ProtocolJson.Default.ChatAccepted);
                _recorder.Accepted(new Receipt(owner, accepted.JobId, accepted.ConversationId, message));
                conversation = accepted.ConversationId;
                jobs.Add(accepted.JobId);
            }

            var wanderer = new Wanderer(owner, api, way, _recorder, random, server.Tail);
            await wanderer.Read(jobs);
            _ways.Add(wanderer.Ways);
            Interlocked.Add(ref _cuts, way.Cuts);
            Interlocked.Increment(ref _ended);

            Cut Draw()
            {
                // Asked on the proxy's own thread.
                var place = Interlocked.Increment(ref connections);
                return place > most ? Cut.Never : Cut.Draw(new Random(unchecked((Seed * 31) + (number * 101) + place)));
            }
        }
    }

    /// <summary>At a few instants spread over the run the server dies, and comes back on the same data.</summary>
    private async Task Kill(IInstallation server, Task reading)
    {
        for (var kill = 1; kill <= kills; kill++)
        {
            await Patience.Until<object>(
                _ => Task.FromResult<object?>(reading.IsCompleted || _ended >= _histories * kill / (kills + 1) ? this : null),
                "histories to end",
                () => $"{_ended} of {_histories} have ended. {server.Tail()}",
                within: TimeSpan.FromMinutes(10),
                every: TimeSpan.FromMilliseconds(5));
            if (reading.IsCompleted) return;
            server.KillNine();
            await server.StartAgain();
        }
    }

    private ModelReply Answer(ModelCall call)
    {
        var attempt = _asked.AddOrUpdate(call.Asked, 1, (_, before) => before + 1);
        var number = call.Asked.Where(char.IsDigit).Aggregate(0, (sum, digit) => unchecked((sum * 31) + digit));
        var random = new Random(unchecked(Seed + number + (attempt * 7)));
        var reply = RandomReply.Draw(random, $"{call.Asked.Split(' ')[0]}:{call.Number}", mayBreak: attempt == 1 && random.Next(6) == 0);

        // The service keeps U+FFFD in the place of U+0000.
        _recorder.ModelCalled(call.Asked, reply.Text.Replace('\0', '\uFFFD'));
        return reply;
    }

    private string Summary(ChatHistory history, TimeSpan took)
    {
        var ways = _ways.SelectMany(ways => ways).GroupBy(way => way.Key).Select(way => $"{way.Sum(pair => pair.Value)} by {way.Key}");
        var restarts = history.Observations.OfType<Heard>().Select(heard => heard.Event).OfType<MessageRestarted>().GroupBy(restart => restart.Reason).Select(reason => $"{reason.Count()} {reason.Key}");
        return $"{_ended} histories, {history.Receipts.Count} answers, connections: {string.Join(", ", ways)}; {_cuts} cut; restarts heard: {string.Join(", ", restarts)}; "
            + $"{history.Ends.Values.Count(end => end.Attempt > 1)} answers begun again; {took.TotalSeconds:F0} s";
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : null;
}
