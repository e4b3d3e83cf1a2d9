using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.History;
using CloudIa.EndToEnd.Tests.Killing;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.ManyMachines;

/// <summary>People who post and listen through one address while something happens to the machines behind it; what they and the models see is written down and judged.</summary>
internal sealed class Crowd(Engines engines)
{
    private const int Clients = 4;

    private readonly HistoryRecorder _recorder = new();

    /// <summary>What happened, if nothing was lost by it.</summary>
    /// <param name="fault">Done while answers stream.</param>
    /// <param name="more">Settings of all processes.</param>
    /// <param name="unnoticed">Whether no post may have to be sent again.</param>
    public async Task<ChatHistory> Survives(Func<AwsCluster, Task> fault, IReadOnlyDictionary<string, string>? more = null, bool unnoticed = false)
    {
        await using var first = await FaultyModel.Start(Answer);
        await using var second = await FaultyModel.Start(Answer);
        await using var cluster = await AwsCluster.StartAsync(engines, [first, second], more);
        using var people = new People(cluster.Address);
        var clients = await people.Gather(Clients, _recorder, cluster.Tail);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = Task.WhenAll(clients.Select(client => client.Run(enough.Token)));

        await Heard<MessageDelta>(8, cluster);
        await fault(cluster);

        // And some more that was posted, and is answered, after it.
        await Accepted(_recorder.Receipts.Count + Clients, cluster);
        await enough.CancelAsync();
        await Patience.For(running, "all clients to hear all their answers", cluster.Tail, TimeSpan.FromMinutes(5));

        var history = await people.ReadBack(_recorder, cluster.Tail);
        string[] broken =
        [
            .. Invariants.Check(history).Select(violation => violation.ToString()),
            .. clients.Select(client => client.Complaint).OfType<string>(),
            .. unnoticed ? people.Failures : [],
        ];
        Assert.True(broken.Length == 0, string.Join(Environment.NewLine, [$"{broken.Length} violations:", .. broken.Take(20), cluster.Tail()]));
        Assert.All(history.Ends.Values, end => Assert.Equal(JobStatus.Completed, end.Status));
        return history;
    }

    public static string Summary(ChatHistory history) =>
        $"{history.Receipts.Count} messages of {Clients} clients, all answered, none twice; {history.Ends.Values.Count(end => end.Attempt > 1)} answers begun again, "
        + $"{history.Observations.OfType<Heard>().Count(heard => heard.Event is MessageRestarted)} restarts shown";

    /// <summary>Returns when so many events of a kind were heard.</summary>
    private Task Heard<T>(int count, AwsCluster cluster) => Seen(
        history => history.Observations.OfType<Heard>().Count(heard => heard.Event is T) >= count, $"{count} {typeof(T).Name}", cluster);

    private Task Accepted(int count, AwsCluster cluster) => Seen(history => history.Receipts.Count >= count, $"{count} receipts", cluster);

    private Task Seen(Func<ChatHistory, bool> enough, string what, AwsCluster cluster) => Patience.Until<object>(
        async _ => enough(_recorder.History(new Dictionary<string, string>(), new Dictionary<string, JobView>(), [])) ? this : null,
        what,
        cluster.Tail,
        within: TimeSpan.FromMinutes(3),
        every: TimeSpan.FromMilliseconds(50));

    /// <summary>A reply that takes a second, marked with its call's number in every word.</summary>
    private ModelReply Answer(ModelCall call)
    {
        var mark = call.Asked.Split(' ')[0];
        var reply = ModelReply.Words(string.Join(' ', Enumerable.Range(1, 20).Select(word => $"{mark}:{call.Number}.{word}—🚀"))) with
        {
            Pace = TimeSpan.FromMilliseconds(50),
        };
        _recorder.ModelCalled(call.Asked, reply.Text);
        return reply;
    }
}
