using Microsoft.Playwright;

namespace CloudIa.EndToEnd.Tests.Browsing;

/// <summary>Debian's Chromium, driven by Playwright's driver as its package ships it; nothing is downloaded.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private IPlaywright? _driver;
    private IBrowser? _browser;

    private static string Executable => Environment.GetEnvironmentVariable("CLOUDIA_TEST_CHROMIUM") ?? "/usr/bin/chromium";

    public async ValueTask InitializeAsync()
    {
        _driver = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout(Visitor.Milliseconds);
        _browser = await _driver.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Executable,
            Timeout = 3 * Visitor.Milliseconds,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--no-first-run",
            ],
        });
    }

    /// <summary>A person at a browser of their own: no cookies, no storage, and what the page complains of is kept.</summary>
    /// <param name="server">Where they go.</param>
    /// <param name="serverLog">For messages.</param>
    /// <param name="session">The token of a session that their browser has from an earlier visit.</param>
    internal async Task<Visitor> Visit(Uri server, Func<string> serverLog, string? session = null)
    {
        var context = await _browser!.NewContextAsync();
        if (session is not null)
        {
            await context.AddCookiesAsync(
            [
                new Cookie { Name = "cloudia_session", Value = session, Domain = server.Host, Path = "/", HttpOnly = true, SameSite = SameSiteAttribute.Strict },
            ]);
        }

        return await Visitor.Arrive(context, server, serverLog);
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.CloseAsync();
        _driver?.Dispose();
    }
}
