using CloudIa.Core.Queue;

namespace CloudIa.Adapters.Tests.Queue;

/// <summary>A job queue as its contract says it, in the simplest words: lists, and a clock that is a number.</summary>
internal sealed class QueueModel(TimeSpan lease)
{
    private readonly Dictionary<string, List<JobMessage>> conversations = [];
    private readonly Dictionary<string, (string? Receipt, TimeSpan Until)> busy = [];
    private readonly List<JobMessage> letters = [];
    private TimeSpan now;

    /// <summary>What a receive may return: the first job of each conversation that nothing holds back.</summary>
    public List<JobMessage> Free => [.. conversations.Where(one => one.Value.Count > 0 && !IsBusy(one.Key)).Select(one => one.Value[0])];

    public int Waiting => conversations.Values.Sum(jobs => jobs.Count);

    public IEnumerable<JobMessage> All => conversations.Values.SelectMany(jobs => jobs);

    public IReadOnlyList<JobMessage> Letters => letters;

    public void Pass(TimeSpan time) => now += time;

    public void Enqueue(JobMessage job)
    {
        if (!conversations.TryGetValue(job.ConversationId, out var jobs))
        {
            conversations.Add(job.ConversationId, jobs = []);
        }

        if (jobs.TrueForAll(one => one.JobId != job.JobId))
        {
            jobs.Add(job);
        }
    }

    public void Leased(JobLease taken) => busy[taken.Job.ConversationId] = (taken.Receipt, now + lease);

    public bool Extend(JobLease held) => End(held, () => Leased(held));

    public bool Complete(JobLease held) => End(held, () =>
    {
        conversations[held.Job.ConversationId].RemoveAt(0);
        busy.Remove(held.Job.ConversationId);
    });

    public bool Bury(JobLease held) => End(held, () =>
    {
        letters.Add(held.Job);
        conversations[held.Job.ConversationId].RemoveAt(0);
        busy.Remove(held.Job.ConversationId);
    });

    public void Redrive(int letter, DateTimeOffset at)
    {
        Enqueue(letters[letter] with { Redrives = letters[letter].Redrives + 1, RedrivenAt = at });
        letters.RemoveAt(letter);
    }

    public bool Release(JobLease held, TimeSpan delay) => End(held, () => busy[held.Job.ConversationId] = (null, now + delay));

    private bool IsBusy(string conversation) => busy.TryGetValue(conversation, out var held) && held.Until > now;

    private bool End(JobLease held, Action end)
    {
        var holds = IsBusy(held.Job.ConversationId) && busy[held.Job.ConversationId].Receipt == held.Receipt;
        if (holds)
        {
            end();
        }

        return holds;
    }
}
