using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using CsCheck;

namespace CloudIa.Adapters.Tests.History;

/// <summary>Whatever workers do with the jobs of a conversation, in any order, the fence of step 4 holds.</summary>
public abstract class StoreFencingLaws
{
    private const int Jobs = 3;
    private const int Workers = 3;
    private static readonly CancellationToken None = CancellationToken.None;

    // Each step: a worker begins a job, or finishes the attempt it last began of it, however stale, with an answer or as
    // failed; or the owner asks for a stop; or from now on the job's message is one that was redriven once more.
    private static readonly Gen<Step[]> Schedules = StepsOf((6, Act.Begin), (3, Act.Finish), (4, Act.Fail), (1, Act.Stop), (2, Act.Redrive));

    private static readonly Gen<Step[]> Races = StepsOf((4, Act.Begin), (4, Act.Finish), (1, Act.Stop));

    private enum Act
    {
        Begin,
        Finish,
        Fail,
        Stop,
        Redrive,
    }

    /// <summary>How many schedules are tried; of races a fifth.</summary>
    protected virtual int Samplings => 150;

    /// <summary>A store that outlives the schedules.</summary>
    protected abstract IConversationStore Store { get; }

    /// <summary>Commits a message and shows it, as the intake does.</summary>
    protected abstract Task AcceptAsync(JobMessage job);

    [Fact]
    public Task However_workers_interleave_one_end_is_stored_and_attempts_only_grow() =>
        Schedules.SampleAsync(RunAsync, iter: Samplings, threads: 1, print: steps => string.Join("; ", steps.AsEnumerable()));

    [Fact]
    public Task However_workers_race_one_end_is_stored_and_turns_have_no_gap() =>
        Races.SampleAsync(RaceAsync, iter: Samplings / 5, threads: 1);

    private static Gen<Step[]> StepsOf(params (int, Act)[] acts) =>
        Gen.Select(Gen.Int[0, Workers - 1], Gen.Int[0, Jobs - 1], Gen.Frequency([.. acts.Select(act => (act.Item1, Gen.Const(act.Item2)))]))
            .Select((worker, job, act) => new Step(worker, job, act)).Array[1, 50];

    private async Task RunAsync(Step[] schedule)
    {
        var jobs = await AcceptedAsync();
        var begun = new int[Workers, Jobs];
        var newest = new int[Jobs];
        var ends = new string?[Jobs];
        var stopAsked = new bool[Jobs];
        var failed = new bool[Jobs];
        var (taken, uncounted) = (new int[Jobs], new int[Jobs]);
        var turns = new List<int>();
        foreach (var (worker, job, act) in schedule)
        {
            if (act == Act.Redrive)
            {
                jobs[job] = jobs[job] with { Redrives = jobs[job].Redrives + 1, RedrivenAt = Samples.Start };
                continue;
            }

            if (act == Act.Stop)
            {
                var stop = (await Store.RequestStopAsync(jobs[job].Key, Samples.Start, None))!;
                Assert.Equal(newest[job] == 0 && ends[job] is null, stop.EndedNow);
                if (stop.EndedNow)
                {
                    ends[job] = "";
                    turns.Add(job);
                }

                stopAsked[job] = true;
                Assert.Equal((1 + turns.IndexOf(job), ends[job]), (stop.Turn.Number, stop.Turn.End?.Content));
                continue;
            }

            if (act is Act.Finish or Act.Fail)
            {
                var attempt = begun[worker, job];
                var content = act == Act.Fail ? "" : $"worker {worker}, attempt {attempt}";
                var end = Samples.Answer(content) with { Status = act == Act.Fail ? JobStatus.Failed : JobStatus.Completed };
                var stored = await Store.FinishAsync(jobs[job].Key, attempt, end, None);
                Assert.Equal(attempt > 0 && attempt == newest[job] && ends[job] is null, stored);
                (ends[job], failed[job]) = stored ? (content, act == Act.Fail) : (ends[job], failed[job]);
                continue;
            }

            if (jobs[job].Redrives > taken[job] && (ends[job] is null || failed[job]))
            {
                // The first begin that sees a redrive forgets the failure and the attempts before it.
                (stopAsked[job], ends[job], failed[job]) = (stopAsked[job] && ends[job] is null, null, false);
                (taken[job], uncounted[job]) = (jobs[job].Redrives, newest[job]);
            }

            switch (await Store.BeginAsync(jobs[job], None))
            {
                case (BeginResult.Started or BeginResult.StopAsked) and var began:
                    Assert.Null(ends[job]);
                    if (newest[job] == 0)
                    {
                        turns.Add(job);
                    }

                    begun[worker, job] = ++newest[job];
                    var (turn, attempt) = (1 + turns.IndexOf(job), newest[job]);
                    BeginResult due = stopAsked[job] ? new BeginResult.StopAsked(turn, attempt)
                        : new BeginResult.Started(turn, attempt) { Counted = attempt - uncounted[job] };
                    Assert.Equal(due, began);
                    break;
                case BeginResult.Finished finished:
                    Assert.NotNull(ends[job]);
                    Assert.Equal(ends[job], finished.Turn.End!.Content);
                    break;
            }
        }

        await AssertHistoryAsync(jobs[0].Conversation, ends.Where(end => end is not null)!);
    }

    private async Task RaceAsync(Step[] schedule)
    {
        var jobs = await AcceptedAsync();
        var ends = new System.Collections.Concurrent.ConcurrentBag<string>();
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            var begun = new int[Jobs];
            foreach (var (_, job, act) in schedule.Where(step => step.Worker == worker))
            {
                var content = $"{jobs[job].JobId}, worker {worker}, attempt {begun[job]}";
                switch (act)
                {
                    case Act.Begin:
                        begun[job] = await Store.BeginAsync(jobs[job], None) switch
                        {
                            BeginResult.Started started => started.Attempt,
                            BeginResult.StopAsked asked => asked.Attempt,
                            _ => begun[job],
                        };
                        break;
                    case Act.Finish when await Store.FinishAsync(jobs[job].Key, begun[job], Samples.Answer(content), None):
                        ends.Add(content);
                        break;
                    case Act.Stop when await Store.RequestStopAsync(jobs[job].Key, Samples.Start, None) is { EndedNow: true }:
                        ends.Add("");
                        break;
                }
            }
        })));

        await AssertHistoryAsync(jobs[0].Conversation, ends);
    }

    private async Task<JobMessage[]> AcceptedAsync()
    {
        var jobs = Samples.Jobs(Jobs);
        foreach (var job in jobs)
        {
            await AcceptAsync(job);
        }

        return jobs;
    }

    private async Task AssertHistoryAsync(ConversationKey conversation, IEnumerable<string> ends)
    {
        var turns = await Store.ReadTurnsAsync(conversation, null, 100, None);
        Assert.Equal(Enumerable.Range(1, turns.Count).Reverse(), turns.Select(turn => turn.Number!.Value));
        Assert.Equal(ends.Order(), turns.Where(turn => turn.End is not null).Select(turn => turn.End!.Content).Order());
    }

    private sealed record Step(int Worker, int Job, Act Act);
}
