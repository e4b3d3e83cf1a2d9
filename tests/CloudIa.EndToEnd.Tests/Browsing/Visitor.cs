using System.Collections.Concurrent;
using CloudIa.EndToEnd.Tests.Servers;
using Microsoft.Playwright;

namespace CloudIa.EndToEnd.Tests.Browsing;

/// <summary>One person on the page: what they do, and what they see.</summary>
internal sealed class Visitor : IAsyncDisposable
{
    /// <summary>How long one waits for what a page is to show.</summary>
    public const float Milliseconds = 60_000;

    private readonly IBrowserContext _context;
    private readonly Func<string> _serverLog;
    private readonly ConcurrentQueue<string> _complaints = new();

    private Visitor(IBrowserContext context, IPage page, Func<string> serverLog)
    {
        _context = context;
        Page = page;
        _serverLog = serverLog;
        page.Console += (_, said) => _complaints.Enqueue($"{said.Type}: {said.Text}");
        page.PageError += (_, error) => _complaints.Enqueue($"page error: {error}");
        page.Dialog += (_, dialog) =>
        {
            Dialogs++;
            _ = dialog.DismissAsync();
        };
        page.SetDefaultTimeout(Milliseconds);
    }

    public IPage Page { get; }

    /// <summary>How many alerts a script raised.</summary>
    public int Dialogs { get; private set; }

    public ILocator Answers => Page.Locator("article[data-role=assistant]");

    public ILocator Questions => Page.Locator("article[data-role=user]");

    /// <summary>Opens the page and waits until it can talk.</summary>
    public static async Task<Visitor> Arrive(IBrowserContext context, Uri server, Func<string> serverLog)
    {
        var visitor = new Visitor(context, await context.NewPageAsync(), serverLog);
        await visitor.Page.GotoAsync(server.AbsoluteUri);
        await visitor.IsConnected();
        return visitor;
    }

    /// <summary>Another tab of the same browser.</summary>
    public Task<Visitor> OpenTab(string address) => Arrive(_context, new Uri(address), _serverLog);

    public Task IsConnected() => Sees("#connection[data-state=connected]", "the page to be connected");

    public async Task Send(string message)
    {
        await Page.FillAsync("textarea#message", message);
        try
        {
            await Page.ClickAsync("button#send");
        }
        catch (Exception error) when (error is TimeoutException or PlaywrightException)
        {
            throw new TimeoutException($"The page did not let the message go. {await Tell()}", error);
        }
    }

    /// <summary>Waits until an element that fits the selector is there.</summary>
    public async Task Sees(string selector, string what)
    {
        try
        {
            await Page.Locator(selector).First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
        }
        catch (Exception error) when (error is TimeoutException or PlaywrightException)
        {
            throw new TimeoutException($"Waited in vain for {what} ({selector}). {await Tell()}", error);
        }
    }

    /// <summary>Waits until the newest answer's text contains the words.</summary>
    public async Task Reads(string words)
    {
        try
        {
            await Assertions.Expect(Answers.Last).ToContainTextAsync(words);
        }
        catch (PlaywrightException error)
        {
            throw new TimeoutException($"Waited in vain for the page to show '{words}'. {await Tell()}", error);
        }
    }

    public Task AnswerIsWhole() => Sees("article[data-role=assistant][data-status=completed]", "a completed answer");

    public async ValueTask DisposeAsync() => await _context.CloseAsync();

    private async Task<string> Tell()
    {
        var shown = await Page.InnerTextAsync("body");
        return string.Join(
            Environment.NewLine, ["The page shows:", shown, "Its console said:", .. _complaints.TakeLast(20), _serverLog()]);
    }
}
