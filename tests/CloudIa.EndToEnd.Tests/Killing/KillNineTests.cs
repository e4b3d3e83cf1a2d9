using System.Diagnostics;
using System.Globalization;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.History;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;
using Microsoft.Data.Sqlite;

namespace CloudIa.EndToEnd.Tests.Killing;

/// <summary>
/// Fault 5: kill -9 the one-process server again and again. CLOUDIA_TEST_SEED repeats a run's choices,
/// CLOUDIA_TEST_KILLS changes their number.
/// </summary>
public sealed class KillNineTests(ITestOutputHelper output)
{
    private const int Clients = 8;
    private static readonly int Seed = Setting("CLOUDIA_TEST_SEED") ?? Random.Shared.Next();
    private static readonly int Kills = Setting("CLOUDIA_TEST_KILLS") ?? 50;

    [Fact]
    public async Task Every_202_ends_in_exactly_one_stored_answer_when_the_server_is_killed_at_50_random_instants()
    {
        output.WriteLine($"CLOUDIA_TEST_SEED={Seed}");
        var clock = Stopwatch.StartNew();
        var recorder = new HistoryRecorder();
        await using var model = await FaultyModel.Start(call => Paced(call, recorder));
        await using var server = await CloudiaProcess.Start(new CloudiaSettings
        {
            ModelEndpoint = model.Endpoint,
            Concurrency = Clients,
            // A message may be under way in many of the deaths: none may fail for that.
            MaxAttempts = 1_000,
        });
        using var people = new People(server.Address);
        var clients = await people.Gather(Clients, recorder, server.Tail);
        var executioner = new Executioner(server, recorder, new Random(Seed));

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = Task.WhenAll(clients.Select(client => client.Run(enough.Token)));
        var killing = executioner.Kill(Kills);
        await await Task.WhenAny(killing, running);
        await killing;
        await enough.CancelAsync();
        await Patience.For(running, "all clients to hear all their answers", server.Tail, TimeSpan.FromMinutes(5));

        var history = await people.ReadBack(recorder, server.Tail);
        server.AskToStop();
        Assert.Equal(0, await server.Exit());

        output.WriteLine(Summary(history, executioner, clock.Elapsed));
        string[] broken =
        [
            .. Invariants.Check(history).Select(violation => violation.ToString()),
            .. clients.Select(client => client.Complaint).OfType<string>(),
        ];
        Assert.True(broken.Length == 0, Report(broken, server));
        Assert.All(history.Ends.Values, end => Assert.Equal(JobStatus.Completed, end.Status));
        Assert.Equal("ok", IntegrityOf(server.DataFolder));

        // The test itself: it had work under way when the server died.
        Assert.Contains(history.Observations.OfType<Heard>(), heard => heard.Event is MessageRestarted);
        Assert.True(history.Receipts.Count >= Kills, $"Only {history.Receipts.Count} messages in {Kills} deaths.");
    }

    /// <summary>A reply that takes a fifth of a second, marked with its call's number in every word.</summary>
    private static ModelReply Paced(ModelCall call, HistoryRecorder recorder)
    {
        var mark = call.Asked.Split(' ')[0];
        var words = Enumerable.Range(1, 12).Select(word => $"{mark}:{call.Number}.{word}");
        var reply = ModelReply.Words(string.Join(' ', words)) with { Pace = TimeSpan.FromMilliseconds(15) };
        recorder.ModelCalled(call.Asked, reply.Text);
        return reply;
    }

    private static string IntegrityOf(string dataFolder)
    {
        var address = new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(dataFolder, "cloudia.db"),
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = false,
        };
        using var connection = new SqliteConnection(address.ToString());
        connection.Open();
        using var check = connection.CreateCommand();
        check.CommandText = "PRAGMA integrity_check";
        return (string)check.ExecuteScalar()!;
    }

    private static string Summary(ChatHistory history, Executioner executioner, TimeSpan took)
    {
        var kills = string.Join(", ", executioner.Kills.GroupBy(kind => kind).Select(kind => $"{kind.Count()} at {kind.Key}"));
        var most = history.Ends.Values.Max(end => end.Attempt);
        return $"{executioner.Kills.Count} kills ({kills}), {history.Receipts.Count} receipts, "
            + $"{history.Ends.Values.Count(end => end.Attempt > 1)} answers begun again, at most {most} attempts, {took.TotalSeconds:F0} s";
    }

    private static string Report(string[] broken, CloudiaProcess server) => string.Join(
        Environment.NewLine,
        [$"CLOUDIA_TEST_SEED={Seed}: {broken.Length} violations:", .. broken.Take(20), server.Tail()]);

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : null;
}
