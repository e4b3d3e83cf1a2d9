using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Servers;
using Microsoft.Playwright;

namespace CloudIa.EndToEnd.Tests.Browsing;

/// <summary>The page, in a real browser, before a real server.</summary>
public abstract class PageTests(Backend backend, Chromium chromium) : IClassFixture<Chromium>
{
    private const string Beginning = "The beginning of it ";
    private const string Ending = "and the end of it";

    [Fact]
    public async Task A_message_is_sent_and_its_answer_is_seen_as_it_streams()
    {
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(_ => Gated(gate.Task));
        await using var server = await backend.StartAsync(model);
        await using var visitor = await chromium.Visit(server.Address, server.Tail);

        await visitor.Send("Hello, Claudia");

        // The model has not gone on: what stands there was streamed.
        await visitor.Reads(Beginning.Trim());
        Assert.DoesNotContain(Ending, await visitor.Answers.Last.InnerTextAsync(), StringComparison.Ordinal);
        gate.SetResult();
        await visitor.Reads(Beginning + Ending);
        await visitor.AnswerIsWhole();
        Assert.Contains("Hello, Claudia", await visitor.Questions.Last.InnerTextAsync(), StringComparison.Ordinal);
        await visitor.Sees("nav#conversations a[data-conversation]", "the conversation in the list");
        Assert.Matches(new Regex("/c/[^/]+$"), visitor.Page.Url);
        Assert.Single(model.Calls);
    }

    [Fact]
    public async Task A_page_reloaded_in_an_answer_shows_the_whole_text_once()
    {
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(_ => Gated(gate.Task));
        await using var server = await backend.StartAsync(model);
        await using var visitor = await chromium.Visit(server.Address, server.Tail);
        await visitor.Send("Hello, Claudia");
        await visitor.Reads(Beginning.Trim());

        await visitor.Page.ReloadAsync();
        await visitor.IsConnected();
        await visitor.Reads(Beginning.Trim());
        gate.SetResult();

        await visitor.Reads(Beginning + Ending);
        await visitor.AnswerIsWhole();
        await ShowsOneTurn(visitor, Beginning + Ending);
        Assert.Single(model.Calls);
    }

    [Fact]
    public async Task A_page_whose_server_is_killed_in_an_answer_reconnects_by_itself_and_shows_the_whole_text()
    {
        const string second = "Another answer, whole from its first word to its last";
        await using var model = await FaultyModel.Start(
            call => call.Number == 1 ? Gated(ModelReply.Never) : ModelReply.Words(second));
        await using var server = await backend.StartAsync(model, new CloudiaSettings { ShortLeases = true });
        await using var visitor = await chromium.Visit(server.Address, server.Tail);
        await visitor.Page.EvaluateAsync("window.notReloaded = true");
        await visitor.Send("Hello, Claudia");
        await visitor.Reads(Beginning.Trim());

        server.KillNine();
        await visitor.Sees("#connection:not([data-state=connected])", "the page to notice that its server is gone");
        await server.StartAgain();

        await visitor.Reads(second);
        await visitor.AnswerIsWhole();
        await visitor.IsConnected();
        await ShowsOneTurn(visitor, second);
        Assert.True(await visitor.Page.EvaluateAsync<bool>("window.notReloaded === true"), "The page was loaded again.");
        Assert.Equal(2, model.Calls.Count);
    }

    [Fact]
    public async Task Markdown_is_rendered_and_nothing_in_it_runs_or_is_fetched()
    {
        const string answer = """
            **Bold** and `code`.

            ```csharp
            var x = "<b>not bold</b>";
            ```

            <script>alert('script')</script>
            <img src="/stolen-html" onerror="alert('img')">
            ![an image](/stolen-markdown)
            [a link](javascript:alert('link')) and [a good one](https://example.org/)

            The last line.
            """;
        await using var model = await FaultyModel.Start(_ => ModelReply.Words(answer));
        await using var server = await backend.StartAsync(model);
        await using var visitor = await chromium.Visit(server.Address, server.Tail);
        var fetched = new ConcurrentQueue<string>();
        visitor.Page.Request += (_, request) => fetched.Enqueue(request.Url);

        await visitor.Send("Show me everything");
        await visitor.Reads("The last line.");
        await visitor.AnswerIsWhole();

        var shown = visitor.Answers.Last;
        Assert.Equal("Bold", await shown.Locator("strong").First.InnerTextAsync());
        Assert.Contains("<b>not bold</b>", await shown.Locator("pre code").First.InnerTextAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await shown.Locator("script, img, iframe, [onerror]").CountAsync());
        Assert.Equal(0, await shown.Locator("a[href^='javascript:' i]").CountAsync());
        var good = shown.Locator("a[href='https://example.org/']");
        Assert.Contains("noopener", await good.GetAttributeAsync("rel") ?? "", StringComparison.Ordinal);
        Assert.DoesNotContain(fetched, url => url.Contains("stolen", StringComparison.Ordinal));
        Assert.Equal(0, visitor.Dialogs);
    }

    private static ModelReply Gated(Task gate) => ModelReply.Words(Beginning + Ending) with
    {
        GateAfter = Beginning.Count(letter => letter == ' '),
        Gate = gate,
    };

    private static async Task ShowsOneTurn(Visitor visitor, string answer)
    {
        await Assertions.Expect(visitor.Questions).ToHaveCountAsync(1);
        await Assertions.Expect(visitor.Answers).ToHaveCountAsync(1);
        var shown = await visitor.Answers.Last.InnerTextAsync();
        Assert.Equal(2, shown.Split(answer).Length);
    }
}
