using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.History;
using CloudIa.EndToEnd.Tests.Killing;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Faults;

/// <summary>Fault 13: a storm of 429 with Retry-After.</summary>
public abstract class ThrottlingTests(Backend backend, ITestOutputHelper output)
{
    private const int Owners = 8;
    private const int ConversationsEach = 5;
    private const int MessagesEach = 5;
    private const int RetryAfterSeconds = 2;

    /// <summary>The service's default for calls at once.</summary>
    private const int Limit = 64;

    private static readonly TimeSpan Storm = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Two_hundred_jobs_outlast_a_storm_of_429_in_their_order_with_few_calls()
    {
        var recorder = new HistoryRecorder();
        var began = new Lazy<TimeSpan>(() => RunClock.Now);
        await using var model = await FaultyModel.Start(call =>
        {
            if (RunClock.Now - began.Value < Storm) return ModelReply.Error(429) with { RetryAfter = RetryAfterSeconds };
            var reply = ModelReply.Words($"Answer to {call.Asked}");
            recorder.ModelCalled(call.Asked, reply.Text);
            return reply;
        });
        await using var server = await backend.StartAsync(model);
        using var people = new People(server.Address);
        await Task.WhenAll((await Everybody(people)).Select(person => Post(person.Owner, person.Api, person.Mark, recorder)));

        var history = await people.ReadBack(recorder, server.Tail);
        var storm = model.Calls.Count(call => call.Reply!.Status == 429);
        output.WriteLine($"{history.Ends.Count} jobs, {storm} calls in the storm of {Storm.TotalSeconds} s, {model.Calls.Count} in all; most attempts: {history.Ends.Values.Max(end => end.Attempt)}");

        Assert.Equal(Owners * ConversationsEach * MessagesEach, history.Ends.Count);
        Assert.All(history.Ends.Values, end => Assert.Equal(JobStatus.Completed, end.Status));
        Assert.Empty(Invariants.Check(history));
        Assert.All(history.Stored, InTheOrderOfTheirPosts);

        // At each worker, each 429 halves what goes at once, and nobody comes before Retry-After: all places once, the halves of
        // them, and from then on one call a pause. Every message costs one call more, the answer's.
        var pauses = (int)(Storm.TotalSeconds / RetryAfterSeconds) + 1;
        Assert.InRange(storm, pauses / 2, ((2 * Limit) + pauses) * server.Workers.Count);
        Assert.Equal(history.Ends.Count, model.Calls.Count - storm);
    }

    private static async Task<IReadOnlyList<(string Owner, ApiClient Api, string Mark)>> Everybody(People people)
    {
        var all = new List<(string, ApiClient, string)>();
        for (var number = 1; number <= Owners; number++)
        {
            var (api, mark) = await people.Meet($"owner{number}");
            all.Add(($"owner{number}", api, mark));
        }

        return all;
    }

    private static async Task Post(string owner, ApiClient api, string mark, HistoryRecorder recorder)
    {
        for (var conversation = 1; conversation <= ConversationsEach; conversation++)
        {
            string? into = null;
            for (var count = 1; count <= MessagesEach; count++)
            {
                var message = $"{mark} {conversation} message {count}";
                var accepted = await api.Post(message, into);
                into = accepted.ConversationId;
                recorder.Accepted(new Receipt(owner, accepted.JobId, accepted.ConversationId, message));
            }
        }
    }

    private static void InTheOrderOfTheirPosts(StoredConversation stored) => Assert.Equal(
        Enumerable.Range(1, MessagesEach).Select(count => $"message {count}"),
        stored.Messages.Where(message => message.Role == MessageRole.User).Select(message => message.Content[message.Content.LastIndexOf("message", StringComparison.Ordinal)..]));
}
