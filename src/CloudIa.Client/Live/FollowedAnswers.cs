using CloudIa.Client.Answers;
using CloudIa.Protocol;

namespace CloudIa.Client.Live;

/// <summary>
/// The unfinished answers of a connection, and which of them must be asked for again. An answer leaves when it
/// has ended, so that what is held here is bounded by the owner's jobs in flight.
/// </summary>
internal sealed class FollowedAnswers
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _byJob = new(StringComparer.Ordinal);

    private sealed class Entry(Answer answer)
    {
        public Answer Answer { get; } = answer;

        // A resume is on its way: further gaps before its answer need no second one.
        public bool Asked { get; set; }

        // Something of use came since the last heartbeat.
        public bool Heard { get; set; }
    }

    /// <summary>Follows an answer from here on; where its job is followed already, the answer that is.</summary>
    public Answer Add(Answer answer, out bool added)
    {
        lock (_lock)
        {
            added = !answer.State.Status.IsEnd() && _byJob.TryAdd(answer.JobId, new Entry(answer) { Asked = true });
            return _byJob.TryGetValue(answer.JobId, out var entry) ? entry.Answer : answer;
        }
    }

    /// <summary>Folds an event into its answer, which begins here where the job is new to this client.</summary>
    /// <param name="happened">The event.</param>
    /// <param name="missing">Where the text has a gap that nobody asked for yet: what to resume from.</param>
    /// <returns>The answer and what the event did; null for an event that is about no answer.</returns>
    public (Answer Answer, FoldOutcome Outcome)? Fold(ServerEvent happened, out ResumePoint? missing)
    {
        missing = null;
        lock (_lock)
        {
            if (Find(happened) is not { } entry)
                return null;

            var outcome = entry.Answer.Apply(happened);
            if (outcome == FoldOutcome.Ended)
            {
                _byJob.Remove(entry.Answer.JobId);
            }
            else if (outcome == FoldOutcome.Gap)
            {
                missing = entry.Asked ? null : PointOf(entry.Answer);
                entry.Asked = true;
            }
            else if (outcome != FoldOutcome.Ignored)
            {
                entry.Asked = false;
                entry.Heard = true;
            }

            return (entry.Answer, outcome);
        }
    }

    /// <summary>What to resume on a new connection: everything unfinished.</summary>
    public IReadOnlyList<ResumePoint> All()
    {
        lock (_lock)
            return Ask(_byJob.Values);
    }

    /// <summary>
    /// What to resume at a heartbeat: the answers that were silent since the last one. A lost last event shows
    /// in no gap, so silence itself is the sign to ask.
    /// </summary>
    public IReadOnlyList<ResumePoint> Silent()
    {
        lock (_lock)
        {
            var silent = Ask(_byJob.Values.Where(entry => !entry.Heard));
            foreach (var entry in _byJob.Values)
                entry.Heard = false;
            return silent;
        }
    }

    private Entry? Find(ServerEvent happened)
    {
        if (Answer.JobIdOf(happened) is not { } job)
            return null;
        if (_byJob.TryGetValue(job, out var entry))
            return entry;
        if (happened is not JobEvent begun)
            return null;

        entry = new Entry(new Answer(begun.JobId, begun.ConversationId));
        _byJob.Add(job, entry);
        return entry;
    }

    private static List<ResumePoint> Ask(IEnumerable<Entry> entries)
    {
        var points = new List<ResumePoint>();
        foreach (var entry in entries)
        {
            entry.Asked = true;
            points.Add(PointOf(entry.Answer));
        }

        return points;
    }

    public static ResumePoint PointOf(Answer answer)
    {
        var position = answer.Position;
        return new ResumePoint(answer.JobId, position.Attempt, position.Offset);
    }
}
