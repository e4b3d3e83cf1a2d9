using CloudIa.Core.Conversations;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Core.Delivery;

/// <summary>
/// Carries answers from workers to whoever listens (step 7), on any node. Nothing here is the truth: all of it
/// may vanish, and the answer still completes and is read from the history.
/// <para>Ordering: within an attempt, text is appended at its end only; events of one job reach a feed in the
/// order of their publication.</para>
/// <para>Duplicates: an event may come twice; positions and attempts tell.</para>
/// <para>Fence: an append or a start of an attempt older than the newest one begun is refused. Where the engine is
/// another machine's, the first appends may be taken by this node until it has asked there; no other node is given them.</para>
/// <para>Losses: where words may be lost (<see cref="State"/>), whoever waits for one looks again after a while: at the
/// answer, and where nothing is held of it, at the history.</para>
/// <para>Errors: none. With its engine away a bus carries on within its node.</para>
/// </summary>
public interface IDeliveryBus
{
    /// <summary>Whether every word arrives.</summary>
    DeliveryState State { get; }

    /// <summary>Begins an attempt's text, voiding earlier ones, and announces it. False where the attempt is stale.</summary>
    ValueTask<bool> StartAsync(JobMessage job, MessageStarted started, MessageRestarted? restarted, CancellationToken cancellation);

    /// <summary>Appends text at a position and wakes the owner's feeds. False where the attempt is stale or the place is not the end.</summary>
    ValueTask<bool> AppendAsync(JobKey job, Position at, string delta, CancellationToken cancellation);

    /// <summary>Publishes an event about a job that goes on (accepted, an error that is not final), or about no job.</summary>
    ValueTask PublishAsync(string owner, ServerEvent published, CancellationToken cancellation);

    /// <summary>Publishes a job's end and forgets its text: from now on the history has it.</summary>
    ValueTask EndAsync(JobKey job, ServerEvent end, CancellationToken cancellation);

    /// <summary>What has been streamed of a job that runs; null where the bus holds nothing of it.</summary>
    /// <param name="job">The job.</param>
    /// <param name="from">Where to begin.</param>
    /// <param name="limit">Characters to read at most, 2 or more; one less where the last one would be cut in two.</param>
    /// <param name="cancellation">Gives up.</param>
    ValueTask<AnswerSlice?> ReadAsync(JobKey job, Position from, int limit, CancellationToken cancellation);

    /// <summary>
    /// Listens to an owner's events from now on, or to one job's. Dispose it to stop. With the engine away it hears its
    /// own node, and is told to look again when the engine is back.
    /// </summary>
    ValueTask<OwnerFeed> FollowAsync(string owner, string? onlyJobId, CancellationToken cancellation);

    /// <summary>Asks whichever worker runs the job to stop.</summary>
    ValueTask<StopSignal> SignalStopAsync(JobKey job, CancellationToken cancellation);

    /// <summary>
    /// Calls back when a stop of the job is asked for; the callback says whether it will end the job. The newest
    /// listener of a job is the one that is called. Dispose it to stop listening.
    /// </summary>
    IDisposable OnStop(JobKey job, Func<bool> stop);

    /// <summary>Makes a live connection's id stand for its session, until the handle is disposed.</summary>
    IDisposable Register(string connectionId, LiveConnection connection);

    /// <summary>The session of a live connection; null where no such connection lives.</summary>
    ValueTask<LiveConnection?> ResolveAsync(string connectionId, CancellationToken cancellation);
}

/// <summary>Whose connection it is.</summary>
/// <param name="Owner">The owner.</param>
/// <param name="SessionId">The session.</param>
/// <param name="Anonymous">Whether others may act for it by naming it.</param>
public sealed record LiveConnection(string Owner, string SessionId, bool Anonymous);

/// <summary>Whether a bus brings every word to whom it is for.</summary>
public enum DeliveryState
{
    /// <summary>It does.</summary>
    Sure,

    /// <summary>Now and then one is lost.</summary>
    Lossy,

    /// <summary>Its engine is away, or was a moment ago: words stay within a node.</summary>
    Away,
}

/// <summary>What became of a wish to stop a job.</summary>
public enum StopSignal
{
    /// <summary>Its worker took it, and will end the job.</summary>
    Taken,

    /// <summary>Surely no worker runs the job, or none took the word: the caller may end the job itself.</summary>
    Unheard,

    /// <summary>The engine is away. A worker that runs the job finds the wish in the history.</summary>
    Unknown,
}

/// <summary>A part of a running answer.</summary>
/// <param name="Head">Whose answer it is, and when its attempt began.</param>
/// <param name="From">Where the text begins: the asked place, or (newest attempt, 0) where that place does not exist.</param>
/// <param name="Text">What has been streamed from there on; may be empty.</param>
/// <param name="More">Whether there is text behind it already.</param>
public sealed record AnswerSlice(EventHead Head, Position From, string Text, bool More = false)
{
    /// <summary>The place after the text.</summary>
    public Position End => From with { Offset = From.Offset + Text.Length };
}

/// <summary>Readings of a bus in their common form.</summary>
public static class DeliveryBusReading
{
    /// <summary>All that has been streamed of a job that runs, from a position on; null where the bus holds nothing of it.</summary>
    public static ValueTask<AnswerSlice?> ReadAsync(this IDeliveryBus bus, JobKey job, Position from, CancellationToken cancellation) =>
        bus.ReadAsync(job, from, int.MaxValue, cancellation);
}
