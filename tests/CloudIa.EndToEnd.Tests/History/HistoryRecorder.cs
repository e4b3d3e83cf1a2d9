using System.Collections.Concurrent;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.History;

/// <summary>Writes down what many clients and the model see at the same time.</summary>
internal sealed class HistoryRecorder
{
    private readonly ConcurrentQueue<Receipt> _receipts = new();
    private readonly ConcurrentQueue<Observation> _observations = new();
    private readonly ConcurrentQueue<StopRequest> _stops = new();
    private int _connections;

    public IReadOnlyList<Receipt> Receipts => [.. _receipts];

    /// <summary>Called at once, on the thread that saw it: with a receipt or an observation.</summary>
    public Action<object>? Watch { get; set; }

    /// <summary>The number of a new connection.</summary>
    public int Connect(string owner)
    {
        var connection = Interlocked.Increment(ref _connections);
        _observations.Enqueue(new Opened(owner, connection));
        return connection;
    }

    public void Accepted(Receipt receipt)
    {
        _receipts.Enqueue(receipt);
        Watch?.Invoke(receipt);
    }

    /// <summary>To be called just before the stop is sent.</summary>
    public void Stopping(string jobId) => _stops.Enqueue(new StopRequest(jobId, RunClock.Now));

    public void Resumed(string owner, int connection, ResumePoint point, bool invented = false) =>
        Saw(new Resumed(owner, connection, point, invented));

    public void Heard(string owner, int connection, ServerEvent received) =>
        Saw(new Heard(owner, connection, received));

    public void Polled(string owner, JobView seen) => Saw(new Polled(owner, seen));

    public void Showed(string owner, string jobId, string text) => Saw(new Showed(owner, jobId, text));

    public void ModelCalled(string asked, string wholeReply) =>
        Saw(new ModelCalled(asked, wholeReply));

    public ChatHistory History(
        IReadOnlyDictionary<string, string> marks,
        IReadOnlyDictionary<string, JobView> ends,
        IReadOnlyList<StoredConversation> stored) =>
        new()
        {
            Marks = marks,
            Receipts = Receipts,
            Observations = [.. _observations],
            Ends = ends,
            Stored = stored,
            Stops = [.. _stops],
        };

    private void Saw(Observation observation)
    {
        _observations.Enqueue(observation);
        Watch?.Invoke(observation);
    }
}
