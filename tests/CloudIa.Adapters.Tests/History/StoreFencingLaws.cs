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

    // Each step: a worker begins a job, or finishes the attempt it last began of it, however stale.
    private static readonly Gen<(int Worker, int Job, bool Finish)[]> Schedules =
        Gen.Select(Gen.Int[0, Workers - 1], Gen.Int[0, Jobs - 1], Gen.Bool).Array[1, 50];

    /// <summary>A store that outlives the schedules.</summary>
    protected abstract IConversationStore Store { get; }

    [Fact]
    public Task However_workers_interleave_one_end_is_stored_and_attempts_only_grow() =>
        Schedules.SampleAsync(RunAsync, iter: 100, threads: 1);

    [Fact]
    public Task However_workers_race_one_end_is_stored_and_turns_have_no_gap() =>
        Schedules.SampleAsync(RaceAsync, iter: 30, threads: 1);

    private async Task RunAsync((int Worker, int Job, bool Finish)[] schedule)
    {
        var jobs = Samples.Jobs(Jobs);
        var begun = new int[Workers, Jobs];
        var newest = new int[Jobs];
        var ends = new string?[Jobs];
        var turns = new List<int>();
        foreach (var (worker, job, finish) in schedule)
        {
            if (finish)
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
                case BeginResult.Started started:
                    Assert.Null(ends[job]);
                    Assert.Equal(newest[job] + 1, started.Attempt);
                    Assert.Equal(newest[job] == 0 ? turns.Count + 1 : 1 + turns.IndexOf(job), started.Turn);
                    if (newest[job] == 0)
                    {
                        turns.Add(job);
                    }

                    begun[worker, job] = newest[job] = started.Attempt;
                    break;
                case BeginResult.Finished finished:
                    Assert.NotNull(ends[job]);
                    Assert.Equal(ends[job], finished.Turn.End!.Content);
                    break;
                default:
                    Assert.Fail("Nobody asked for a stop.");
                    break;
            }
        }

        await AssertHistoryAsync(jobs[0].Conversation, ends.Where(end => end is not null)!);
    }

    private async Task RaceAsync((int Worker, int Job, bool Finish)[] schedule)
    {
        var jobs = Samples.Jobs(Jobs);
        var ends = new System.Collections.Concurrent.ConcurrentBag<string>();
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            var begun = new int[Jobs];
            foreach (var (_, job, finish) in schedule.Where(step => step.Worker == worker))
            {
                var content = $"{jobs[job].JobId}, worker {worker}, attempt {begun[job]}";
                if (!finish)
                {
                    begun[job] = await Store.BeginAsync(jobs[job], None) is BeginResult.Started started ? started.Attempt : begun[job];
                }
                else if (await Store.FinishAsync(jobs[job].Key, begun[job], Samples.Answer(content), None))
                {
                    ends.Add(content);
                }
            }
        })));

        await AssertHistoryAsync(jobs[0].Conversation, ends);
    }

    private async Task AssertHistoryAsync(ConversationKey conversation, IEnumerable<string> ends)
    {
        var turns = await Store.ReadTurnsAsync(conversation, null, 100, None);
        Assert.Equal(Enumerable.Range(1, turns.Count).Reverse(), turns.Select(turn => turn.Number!.Value));
        Assert.Equal(ends.Order(), turns.Where(turn => turn.End is not null).Select(turn => turn.End!.Content).Order());
    }
}
