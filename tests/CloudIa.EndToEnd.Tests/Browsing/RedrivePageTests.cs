using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;

namespace CloudIa.EndToEnd.Tests.Browsing;

/// <summary>An operator has a message answered that had failed: the page shows it by itself.</summary>
public abstract class RedrivePageTests(Backend backend, Chromium chromium) : IClassFixture<Chromium>
{
    private const string Failed = "article[data-role=assistant][data-status=failed]";

    [Fact]
    public async Task A_redriven_answer_is_on_every_open_page_without_a_reload()
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Error(400));
        await using var server = await backend.StartAsync(model);
        using var admin = await Operator.Of(server);
        await using var one = await chromium.Visit(server.Address, server.Tail);
        await one.Send("Hello");
        await one.Sees(Failed, "the failure");

        // One saw it fail; the other read that it had failed.
        await using var other = await one.OpenTab(one.Page.Url);
        await other.Sees(Failed, "the failure in the other tab");
        var letter = Assert.Single(await admin.Letters(1));
        foreach (var visitor in (Visitor[])[one, other]) await visitor.Page.EvaluateAsync("() => { window.stayed = true; }");

        model.Answer = _ => ModelReply.Words("Good day to you, at last");
        await admin.Redrive(letter.Id);

        foreach (var visitor in (Visitor[])[one, other])
        {
            await visitor.Reads("Good day to you, at last");
            await visitor.AnswerIsWhole();
            Assert.Equal(0, await visitor.Page.Locator(Failed).CountAsync());
            Assert.Equal(1, await visitor.Answers.CountAsync());
            Assert.True(await visitor.Page.EvaluateAsync<bool>("() => window.stayed === true"), "The page was loaded again.");
        }
    }
}
