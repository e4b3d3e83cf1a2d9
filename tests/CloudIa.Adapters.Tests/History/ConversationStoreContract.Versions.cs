using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Adapters.Tests.History;

/// <summary>This part: several answers to one message.</summary>
public abstract partial class ConversationStoreContract
{
    [Fact]
    public async Task A_regeneration_is_the_next_version_of_its_turn_and_the_current_one_at_once()
    {
        var first = await AnsweredAsync(Job(message: "q1"), "a1");
        var last = await AnsweredAsync(Job(first.ConversationId, "q2"), "a2");
        var again = Regeneration(last, 2);
        Assert.Equal(new BeginResult.Started(2, 1, 2), await store.BeginAsync(again, None));
        Assert.Equal(new BeginResult.Started(2, 2, 2), await store.BeginAsync(again, None));

        var current = (await store.ReadTurnsAsync(first.Conversation, null, 10, None))[0];
        Assert.Equal((again.JobId, 2, 2, 2, JobStatus.Running, "q2"), (current.JobId, current.Number!.Value, current.Version, current.Versions, current.Status, current.Message));
        Assert.Equal((last.AcceptedAt, again.AcceptedAt), (current.AskedAt!.Value, current.AcceptedAt));

        Assert.True(await store.FinishAsync(again.Key, 2, Samples.Answer("better"), None));
        Assert.Equal(["better", "a1"], (await store.ReadTurnsAsync(first.Conversation, null, 10, None)).Select(turn => turn.End!.Content));
        Assert.Equal(["a1", "better"], (await store.ReadTurnsAfterAsync(first.Conversation, 0, 10, None)).Select(turn => turn.End!.Content));
        Assert.Equal([("a2", 1, 2), ("better", 2, 2)], await VersionsAsync(first.Conversation, 2));
        Assert.Equal([("a1", 1, 1)], await VersionsAsync(first.Conversation, 1));
        Assert.Empty(await store.ReadVersionsAsync(first.Conversation, 3, None));
        Assert.Equal("a2", (await store.FindAsync(last.Key, None))!.End!.Content);
        Assert.Equal((2, again.AcceptedAt), await store.FindConversationAsync(first.Conversation, None) is { } shown ? (shown.Turns, shown.UpdatedAt) : default);

        // The next message is the next turn, whatever the versions.
        Assert.Equal(new BeginResult.Started(3, 1), await store.BeginAsync(Job(first.ConversationId), None));
    }

    [Theory]
    [InlineData(JobStatus.Failed, "")]
    [InlineData(JobStatus.Cancelled, "")]
    [InlineData(JobStatus.Completed, "")]
    public async Task A_regeneration_without_text_hands_the_place_back_to_the_newest_that_has_some(JobStatus status, string content)
    {
        var job = await AnsweredAsync(Job(), "a1");
        await RegenerateAsync(job, Samples.Answer("a2"));
        await RegenerateAsync(job, Samples.Answer(content) with { Status = status });
        Assert.Equal(["a2"], (await store.ReadTurnsAsync(job.Conversation, null, 10, None)).Select(turn => turn.End!.Content));
        Assert.Equal([("a1", 1, 3), ("a2", 2, 3), ("", 3, 3)], await VersionsAsync(job.Conversation, 1));

        // What comes after it has a number of its own.
        await RegenerateAsync(job, Samples.Answer("a4"));
        Assert.Equal([("a1", 1, 4), ("a2", 2, 4), ("", 3, 4), ("a4", 4, 4)], await VersionsAsync(job.Conversation, 1));
        Assert.Equal(4, (await store.ReadTurnsAsync(job.Conversation, null, 10, None))[0].Version);
    }

    [Fact]
    public async Task A_stopped_regeneration_that_has_text_stays_the_current_one()
    {
        var job = await AnsweredAsync(Job(), "a1");
        await RegenerateAsync(job, TurnEnd.Stopped("half", Samples.Start));

        Assert.Equal("half", (await store.ReadTurnsAsync(job.Conversation, null, 10, None))[0].End!.Content);
    }

    [Fact]
    public async Task Where_no_version_has_text_the_newest_is_shown()
    {
        var job = await AnsweredAsync(Job(), "");
        await RegenerateAsync(job, Samples.Answer("") with { Status = JobStatus.Failed });

        Assert.Equal(2, Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 10, None)).Version);
    }

    [Fact]
    public async Task A_waiting_regeneration_is_no_waiting_message_and_stopped_it_changes_nothing_that_is_shown()
    {
        var job = await AnsweredAsync(Job(message: "q"), "a");
        var again = Regeneration(job, 1);
        await AcceptAsync(again);
        await AcceptAsync(Job(job.ConversationId, "waits"));

        Assert.Equal("waits", Assert.Single(await store.ReadPendingAsync(job.Conversation, 10, None)).Message);
        Assert.Equal((1, JobStatus.Queued), await store.FindAsync(again.Key, None) is { } waiting ? (waiting.Number!.Value, waiting.Status) : default);
        Assert.Equal(again.JobId, (await store.ReadUnfinishedAsync(job.Conversation, 10, None))[0].JobId);

        var stopped = (await store.RequestStopAsync(again.Key, Samples.Start, None))!;
        Assert.Equal((true, 1, 2, 0), (stopped.EndedNow, stopped.Turn.Number!.Value, stopped.Turn.Version, stopped.Turn.Attempt));
        Assert.Equal("a", (await store.ReadTurnsAsync(job.Conversation, null, 10, None))[0].End!.Content);
        Assert.IsType<BeginResult.Finished>(await store.BeginAsync(again, None));
    }

    [Fact]
    public async Task Regenerations_at_once_are_versions_one_after_the_other_and_one_is_current()
    {
        var job = await AnsweredAsync(Job(), "a1");
        var again = Enumerable.Range(0, 10).Select(_ => Regeneration(job, 1)).ToList();
        var begun = await Task.WhenAll(again.Select(one => store.BeginAsync(one, None)));
        await Task.WhenAll(again.Select((one, i) => store.FinishAsync(one.Key, 1, Samples.Answer(i % 2 == 0 ? $"text {i}" : ""), None)));

        Assert.Equal(Enumerable.Range(2, 10), begun.Cast<BeginResult.Started>().Select(started => started.Version).Order());
        var versions = await store.ReadVersionsAsync(job.Conversation, 1, None);
        Assert.Equal(Enumerable.Range(1, 11), versions.Select(version => version.Version));
        Assert.Equal(versions.Last(version => version.End!.Content.Length > 0), Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 10, None)));
    }

    [Fact]
    public async Task Nothing_regenerates_what_is_deleted_or_not_the_owners()
    {
        var job = await AnsweredAsync(Job(), "a1");
        var theirs = Regeneration(job, 1) with { Owner = Samples.Owner() };
        Assert.IsType<BeginResult.Deleted>(await store.BeginAsync(theirs, None));
        Assert.Empty(await store.ReadVersionsAsync(theirs.Conversation, 1, None));
        await RegenerateAsync(job, Samples.Answer("a2"));
        await store.DeleteAsync(job.Conversation, Samples.Start, None);

        Assert.IsType<BeginResult.Deleted>(await store.BeginAsync(Regeneration(job, 1), None));
        Assert.Empty(await store.ReadVersionsAsync(job.Conversation, 1, None));
    }

    [Fact]
    public async Task A_regeneration_that_waits_is_among_what_a_deletion_leaves_without_an_end()
    {
        var job = await AnsweredAsync(Job(), "a1");
        var (again, later) = (Regeneration(job, 1), Job(job.ConversationId));
        await AcceptAsync(again);
        await AcceptAsync(later);

        var unfinished = await store.DeleteAsync(job.Conversation, Samples.Start, None);
        Assert.Equal([again.JobId, later.JobId], unfinished!.Select(turn => turn.JobId));
    }

    [Fact]
    public async Task The_words_of_every_version_are_found_until_the_conversation_is_deleted()
    {
        var job = await AnsweredAsync(Job(message: "question"), "apples");
        await RegenerateAsync(job, Samples.Answer("pears"));

        Assert.Equal([job.ConversationId], await SearchAsync("apples pears question"));
        await store.DeleteAsync(job.Conversation, Samples.Start, None);
        Assert.Empty(await SearchAsync("apples"));
        Assert.Empty(await SearchAsync("pears"));
    }

    private static JobMessage Regeneration(JobMessage of, int turn) => of with
    {
        JobId = Guid.NewGuid().ToString("N"),
        Turn = turn,
        AcceptedAt = of.AcceptedAt.AddMinutes(1),
    };

    private async Task RegenerateAsync(JobMessage of, TurnEnd end)
    {
        var job = Regeneration(of, 1);
        Assert.IsType<BeginResult.Started>(await store.BeginAsync(job, None));
        Assert.True(await store.FinishAsync(job.Key, 1, end, None));
    }

    private async Task<IEnumerable<(string, int, int)>> VersionsAsync(ConversationKey conversation, int turn) =>
        (await store.ReadVersionsAsync(conversation, turn, None)).Select(version => (version.End!.Content, version.Version, version.Versions));
}
