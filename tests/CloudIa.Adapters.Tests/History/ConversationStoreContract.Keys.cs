using CloudIa.Core.History;

namespace CloudIa.Adapters.Tests.History;

/// <summary>This part: one key, two bodies.</summary>
public abstract partial class ConversationStoreContract
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_message_of_another_body_does_not_begin_the_job_that_its_key_stands_for(bool ended)
    {
        var job = Job() with { Fingerprint = "one body" };
        var other = job with { Fingerprint = "another body", Message = "something else" };
        Assert.Equal(new BeginResult.Started(1, 1), await store.BeginAsync(job, None));
        if (ended)
        {
            Assert.True(await store.FinishAsync(job.Key, 1, Samples.Answer(), None));
        }

        Assert.IsType<BeginResult.Another>(await store.BeginAsync(other, None));
        var turn = await store.FindAsync(job.Key, None);
        Assert.Equal((job.Message, job.Fingerprint, 1, ended), (turn!.Message, turn.Fingerprint, turn.Attempt, turn.End is not null));
    }

    [Fact]
    public async Task What_could_be_made_out_of_an_unreadable_message_begins_its_job_though_its_body_is_not_known()
    {
        var job = Job() with { Fingerprint = "a body" };
        await AcceptAsync(job);

        Assert.Equal(new BeginResult.Started(1, 1), await store.BeginAsync(job with { Fingerprint = "", Unreadable = true }, None));
    }
}
