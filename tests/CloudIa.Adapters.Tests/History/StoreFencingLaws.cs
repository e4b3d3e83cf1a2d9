using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CsCheck;

namespace CloudIa.Adapters.Tests.History;

/// <summary>Whatever workers do with the jobs of a conversation, in any order, the fence of step 4 holds.</summary>
public abstract class StoreFencingLaws
{
    private const int Jobs = 3;
    private const int Workers = 3;
    private static readonly CancellationToken None = CancellationToken.None;

    // Each step: a worker begins a job, or finishes the attempt it last began of it, however stale; or the owner asks for a stop.
    private static readonly Gen<Step[]> Schedules =
        Gen.Select(Gen.Int[0, Workers - 1], Gen.Int[0, Jobs - 1], Gen.Frequency((4, Gen.Const(Act.Begin)), (4, Gen.Const(Act.Finish)), (1, Gen.Const(Act.Stop))))
            .Select((worker, job, act) => new Step(worker, job, act)).Array[1, 50];

    private enum Act
    {
        Begin,
        Finish,
        Stop,
    }

    /// <summary>A store that outlives the schedules.</summary>
    protected abstract IConversationStore Store { get; }

    /// <summary>Commits a message and shows it, as the intake does.</summary>
    protected abstract Task AcceptAsync(JobMessage job);

    [Fact]
    public Task However_workers_interleave_one_end_is_stored_and_attempts_only_grow() =>
        Schedules.SampleAsync(RunAsync, iter: 100, threads: 1);

    [Fact]
    public Task However_workers_race_one_end_is_stored_and_turns_have_no_gap() =>
        Schedules.SampleAsync(RaceAsync, iter: 30, threads: 1);

    private async Task RunAsync(Step[] schedule)
    {
        var jobs = await AcceptedAsync();
        var begun = new int[Workers, Jobs];
        var newest = new int[Jobs];
        var ends = new string?[Jobs];
        var stopAsked = new bool[Jobs];
        var turns = new List<int>();
        foreach (var (worker, job, act) in schedule)
        {
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

            if (act == Act.Finish)
            {
                var attempt = begun[worker, job];
                var content = $"worker {worker}, attempt {attempt}";
                var stored = await Store.FinishAsync(jobs[job].Key, attempt, Samples.Answer(content), None);
                Assert.Equal(attempt > 0 && attempt == newest[job] && ends[job] is null, stored);
                ends[job] = stored ? content : ends[job];
                continue;
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
                    BeginResult due = stopAsked[job] ? new BeginResult.StopAsked(turn, attempt) : new BeginResult.Started(turn, attempt);
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
