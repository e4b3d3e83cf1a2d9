using CloudIa.Core.Conversations;
using CloudIa.Protocol;
using CsCheck;

namespace CloudIa.Tests.Core;

public class IdentifiersTests
{
    private static readonly DateTimeOffset Now = new(2025, 3, 14, 9, 26, 53, TimeSpan.Zero);

    [Fact]
    public void Every_identifier_is_32_characters_fit_for_any_engine()
    {
        string[] made = [Identifiers.NewJob(Now), Identifiers.JobOf("owner", "key"), Identifiers.ConversationOf(new JobKey("owner", Identifiers.NewJob(Now))), Identifiers.NewSecret()];

        Assert.All(made, identifier => Assert.Matches("^[0-9a-f]{32}$", identifier));
        Assert.All(made, identifier => Assert.Equal(Identifiers.Length, identifier.Length));
    }

    [Fact]
    public void The_same_owner_and_key_are_the_same_job_and_any_other_are_another() =>
        Gen.Select(Gen.String, Gen.String, Gen.String, Gen.String).Where((owner, _, other, _) => !owner.Contains('\n') && !other.Contains('\n')).Sample((owner, key, otherOwner, otherKey) =>
        {
            Assert.Equal(Identifiers.JobOf(owner, key), Identifiers.JobOf(owner, key));
            if ((owner, key) != (otherOwner, otherKey))
            {
                Assert.NotEqual(Identifiers.JobOf(owner, key), Identifiers.JobOf(otherOwner, otherKey));
            }
        });

    [Fact]
    public void A_conversation_is_named_after_its_first_job_at_the_same_place_in_time()
    {
        var job = Identifiers.NewJob(Now);
        var conversation = Identifiers.ConversationOf(new JobKey("owner", job));

        Assert.NotEqual(job, conversation);
        Assert.Equal(job[..12], conversation[..12]);
        Assert.Equal(conversation, Identifiers.ConversationOf(new JobKey("owner", job)));
        Assert.NotEqual(conversation, Identifiers.ConversationOf(new JobKey("another", job)));
    }

    [Fact]
    public void New_names_are_never_the_same_and_jobs_order_by_time()
    {
        Assert.Equal(1_000, Enumerable.Range(0, 1_000).Select(_ => Identifiers.NewSecret()).Distinct().Count());
        var jobs = Enumerable.Range(0, 100).Select(i => Identifiers.NewJob(Now.AddMilliseconds(i))).ToList();
        Assert.Equal(jobs.Order(StringComparer.Ordinal), jobs);
    }

    [Theory]
    [InlineData("m", "c", null, null)]
    [InlineData("m", null, "x", null)]
    [InlineData("m2", null, null, null)]
    [InlineData("m", null, null, WhenBusy.Reject)]
    [InlineData("m", null, null, WhenBusy.Interrupt)]
    public void Another_body_has_another_fingerprint(string message, string? conversation, string? model, WhenBusy? whenBusy)
    {
        Assert.NotEqual(Identifiers.Fingerprint("m", null, null), Identifiers.Fingerprint(message, conversation, model, whenBusy: whenBusy));
        Assert.Equal(Identifiers.Fingerprint(message, conversation, model, whenBusy: whenBusy), Identifiers.Fingerprint(message, conversation, model, whenBusy: whenBusy));
    }

    [Fact]
    public void What_is_left_out_of_a_body_has_the_fingerprint_of_its_default() =>
        Assert.Equal(Identifiers.Fingerprint("m", null, null), Identifiers.Fingerprint("m", null, null, whenBusy: WhenBusy.Enqueue));
}
