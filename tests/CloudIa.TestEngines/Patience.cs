namespace CloudIa.TestEngines;

/// <summary>Every wait of these tests: bounded, and with a message that says what did not come and what was seen instead.</summary>
public static class Patience
{
    /// <summary>How long a test waits for what normally takes milliseconds; the machine may be busy.</summary>
    public static readonly TimeSpan Usual = TimeSpan.FromSeconds(60);

    public static async Task<T> For<T>(Task<T> awaited, string what, Func<string> seen, TimeSpan? within = null)
    {
        try
        {
            return await awaited.WaitAsync(within ?? Usual, TimeProvider.System, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException(Say(what, within, seen));
        }
    }

    public static async Task For(Task awaited, string what, Func<string> seen, TimeSpan? within = null)
    {
        try
        {
            await awaited.WaitAsync(within ?? Usual, TimeProvider.System, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException(Say(what, within, seen));
        }
    }

    /// <summary>Asks again and again, for what can only be asked for: a process's health, a job's end.</summary>
    public static async Task<T> Until<T>(
        Func<CancellationToken, Task<T?>> ask,
        string what,
        Func<string> seen,
        TimeSpan? within = null,
        TimeSpan? every = null)
        where T : class
    {
        using var limit = new CancellationTokenSource(within ?? Usual, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            limit.Token, TestContext.Current.CancellationToken);
        using var timer = new PeriodicTimer(every ?? TimeSpan.FromMilliseconds(20), TimeProvider.System);
        try
        {
            while (true)
            {
                if (await ask(either.Token) is { } answer) return answer;
                await timer.WaitForNextTickAsync(either.Token);
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException(Say(what, within, seen));
        }
    }

    private static string Say(string what, TimeSpan? within, Func<string> seen) =>
        $"Waited {(within ?? Usual).TotalSeconds} s in vain for {what}.{Environment.NewLine}{seen()}";
}
