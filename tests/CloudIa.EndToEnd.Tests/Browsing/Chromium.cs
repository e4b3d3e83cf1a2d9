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
        _browser = await _driver.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Executable,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--no-first-run",
            ],
        });
    }

    /// <summary>A person at a browser of their own: no cookies, no storage, and what the page complains of is kept.</summary>
    internal async Task<Visitor> Visit(Uri server, Func<string> serverLog)
    {
        var context = await _browser!.NewContextAsync();
        return await Visitor.Arrive(context, server, serverLog);
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.CloseAsync();
        _driver?.Dispose();
    }
}
