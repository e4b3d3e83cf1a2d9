using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.History;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Stopping;

/// <summary>
/// Fault 21: stops before, during and racing the end of answers. CLOUDIA_TEST_SEED repeats a run's choices,
/// CLOUDIA_TEST_STOPS changes their number.
/// </summary>
public abstract class StopAtAnyInstantTests(Backend backend, ITestOutputHelper output, int stops, int lanes, int paceMilliseconds)
{
    private const int People = 8;
    private static readonly int Seed = Setting("CLOUDIA_TEST_SEED") ?? Random.Shared.Next();

    /// <summary>On many machines a stop whose word is not answered in time is carried out by who asked, who knows no usage; that is another test's.</summary>
    private static readonly CloudiaSettings PatientWithRedis = new()
    {
        More = new Dictionary<string, string> { ["CLOUDIA__AWS__REDISMILLISECONDS"] = "10000" },
    };

    private readonly int stops = Setting("CLOUDIA_TEST_STOPS") ?? stops;
    private readonly HistoryRecorder recorder = new();
    private readonly ConcurrentDictionary<string, ModelReply> replies = new();
    private readonly ConcurrentBag<(Moment Moment, JobView End)> ends = [];

    [Fact]
    public async Task Stopped_at_random_instants_every_job_has_one_end_on_which_model_store_and_all_clients_agree()
    {
        output.WriteLine($"CLOUDIA_TEST_SEED={Seed}");
        var clock = Stopwatch.StartNew();
        await using var lateness = new Lateness();
        await using var model = await FaultyModel.Start(call => replies[call.Asked]);
        await using var server = await backend.StartAsync(model, PatientWithRedis);
        await WarmUp(server);
        var people = await Task.WhenAll(Enumerable.Range(0, People).Select(number => Person.Arrive($"person{number}", server, recorder)));
        try
        {
            await Task.WhenAll(Enumerable.Range(0, lanes).Select(
                lane => StopInOneConversation(people[lane % People], lane, (stops + lanes - 1) / lanes, server.Tail)));
            await Patience.Until(
                _ => Task.FromResult(model.Calls.All(call => call.Closed is not null) ? "closed" : null),
                "all calls of the model to be closed",
                server.Tail);

            var history = await ReadBack(people, server.Tail) with
            {
                Calls = [.. model.Calls.Select(LoggedCall.Of)],

                // A stop wakes some threads of two processes one after the other, and waits for the disk; on many machines it calls
                // the table five times and Redis twice on its way, each by a relay: each may be late (4.05 s were seen at a lateness of 0.45 s).
                StopWithin = TimeSpan.FromSeconds(1) + ((backend.IsSure ? 6 : 10) * lateness.Most),
            };
            output.WriteLine(Summary(history, clock.Elapsed, lateness.Most));
            var broken = Invariants.Check(history);
            Assert.True(broken.Count == 0, string.Join(
                Environment.NewLine,
                [$"CLOUDIA_TEST_SEED={Seed}: {broken.Count} violations:", .. broken.Take(20).Select(violation => violation.ToString()), server.Tail()]));

            // The test itself: stops came early enough to be stops, and late enough to race.
            Assert.True(history.Stops.Count >= stops, $"Only {history.Stops.Count} stops.");
            Assert.Contains(ends, end => end is { Moment: Moment.Waiting, End: { Status: JobStatus.Cancelled, Attempt: 0 } });
            Assert.Contains(ends, end => end is { Moment: Moment.Streaming, End: { Status: JobStatus.Cancelled, Content.Length: > 0 } });
            Assert.Contains(ends, end => end is { Moment: Moment.Ending, End.Status: JobStatus.Completed });
        }
        finally
        {
            foreach (var person in people) await person.DisposeAsync();
        }
    }

    /// <summary>Processes that have just started are slow at what they do first, and that is nobody's stop.</summary>
    private async Task WarmUp(IInstallation server)
    {
        replies["warm"] = ModelReply.Words("one two three four") with { GateAfter = 1, Gate = ModelReply.Never };
        await Task.WhenAll(Enumerable.Range(0, People).Select(async _ =>
        {
            using var somebody = await ApiClient.WithSession(server.Address);
            var accepted = await somebody.Post("warm");
            await Patience.Until(async _ => await somebody.Job(accepted.JobId) is { Status: JobStatus.Running } running ? running : null, "the job to run", server.Tail);
            await somebody.Delete($"/chat/{accepted.JobId}");
            await somebody.End(accepted.JobId, server.Tail);
        }));
    }

    private async Task StopInOneConversation(Person person, int lane, int times, Func<string> serverLog)
    {
        var random = new Random(unchecked((Seed * 397) ^ lane));
        string? conversation = null;
        for (var time = 0; time < times; time++)
        {
            var message = $"{person.Mark}-{lane}-{time}";
            var instant = new Instant(random, message, TimeSpan.FromMilliseconds(paceMilliseconds));
            replies[message] = instant.Reply;
            string? ahead = null;
            if (instant.Moment == Moment.Waiting)
            {
                replies[$"{message}-ahead"] = instant.Reply with { Sending = null };
                (ahead, conversation) = await person.Post($"{message}-ahead", conversation);
            }

            (var job, conversation) = await person.Post(message, conversation);
            await instant.Wait(serverLog);
            await person.Stop(job, random);
            ends.Add((instant.Moment, await person.HearTheEnd(job, serverLog)));
            if (ahead is not null) await person.HearTheEnd(ahead, serverLog);
        }
    }

    private async Task<ChatHistory> ReadBack(IReadOnlyList<Person> people, Func<string> serverLog)
    {
        var jobs = new Dictionary<string, JobView>();
        var stored = new List<StoredConversation>();
        foreach (var person in people)
        {
            var mine = recorder.Receipts.Where(receipt => receipt.Owner == person.Name).ToList();
            foreach (var receipt in mine) jobs[receipt.JobId] = await person.Api.End(receipt.JobId, serverLog);
            foreach (var conversation in mine.Select(receipt => receipt.ConversationId).Distinct())
            {
                stored.Add(new StoredConversation(person.Name, conversation, await person.Api.Messages(conversation)));
            }
        }

        return recorder.History(people.ToDictionary(person => person.Name, person => person.Mark), jobs, stored);
    }

    private string Summary(ChatHistory history, TimeSpan took, TimeSpan late)
    {
        var kinds = ends.GroupBy(end => end.Moment).OrderBy(kind => kind.Key).Select(kind =>
            $"{kind.Key}: {string.Join(" ", kind.CountBy(end => end.End.Attempt == 0 ? "unbegun" : end.End.Status.ToString()).Select(pair => $"{pair.Value} {pair.Key}"))}");
        var slowest = history.Stops
            .Join(history.Receipts, stop => stop.JobId, receipt => receipt.JobId, (stop, receipt) => (stop.At, receipt.Message))
            .Join(history.Calls.Where(call => call.State == ModelCallState.Abandoned), stop => stop.Message, call => call.Asked, (stop, call) => call.Closed - stop.At)
            .Max();
        return $"{history.Stops.Count} stops, {history.Calls.Count} calls; {string.Join("; ", kinds)}; "
            + $"slowest close {slowest?.TotalMilliseconds:F0} ms, machine late by at most {late.TotalMilliseconds:F0} ms, {took.TotalSeconds:F0} s";
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : null;
}
