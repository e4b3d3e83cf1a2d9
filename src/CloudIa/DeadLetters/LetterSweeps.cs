using CloudIa.Chat;
using CloudIa.Client;
using CloudIa.Protocol;
using Spectre.Console;

namespace CloudIa.DeadLetters;

/// <summary>What the commands do with all letters, a batch at a time.</summary>
internal static class LetterSweeps
{
    /// <summary>Letters in one call: so many are waited for after a Ctrl-C.</summary>
    private const int BatchSize = 50;

    public static async Task<int> RedriveAllAsync(AdminClient client, CancellationToken cancel)
    {
        var total = (await client.GetQueueAsync(cancel)).DeadLetters;
        return await SweepAsync("Redriven", total, cursor => client.RedriveAllAsync(cursor, BatchSize, cancel));
    }

    public static async Task<int> DiscardAllAsync(AdminClient client, bool sure, CancellationToken cancel)
    {
        var total = (await client.GetQueueAsync(cancel)).DeadLetters;
        if (!sure && total > 0)
        {
            if (Console.IsInputRedirected)
            {
                await Console.Error.WriteLineAsync($"{total} dead letters would be discarded for good: add --yes if that is meant.");
                return ExitCode.Usage;
            }

            await Console.Error.WriteAsync($"Discard {total} dead letters? This cannot be undone. [y/N] ");
            var answer = await Task.Run(Console.In.ReadLine, cancel);
            if (answer?.Trim().ToLowerInvariant() is not ("y" or "yes" or "s" or "sim"))
            {
                await Console.Error.WriteLineAsync("They stay.");
                return ExitCode.Failed;
            }
        }

        return await SweepAsync("Discarded", total, cursor => client.DiscardAllAsync(cursor, BatchSize, cancel));
    }

    private static async Task<int> SweepAsync(string did, long total, Func<string?, Task<DeadLetterBatch>> step)
    {
        var stopping = false;
        ConsoleCancelEventHandler pressed = (_, press) =>
        {
            // The second one ends the process: what is done is done whole either way.
            press.Cancel = !stopping;
            stopping = true;
        };
        Console.CancelKeyPress += pressed;
        var (done, unreadable, finished) = (0, 0, false);
        try
        {
            await WithProgressAsync(did, total, async advance =>
            {
                string? cursor = null;
                do
                {
                    var batch = await step(cursor);
                    done += (batch.Redriven ?? 0) + (batch.Discarded ?? 0);
                    unreadable += batch.Unreadable ?? 0;
                    advance(done + unreadable);
                    cursor = batch.NextCursor;
                }
                while (cursor is not null && !stopping);
                finished = cursor is null;
            });
        }
        finally
        {
            Console.CancelKeyPress -= pressed;
            await Console.Out.WriteLineAsync($"{did}: {done}.{(unreadable > 0 ? $" Left, because they cannot be read: {unreadable}." : "")}{(finished ? "" : " Not all of them.")}");
        }

        return finished ? ExitCode.Done : Interrupt.ExitCode;
    }

    private static Task WithProgressAsync(string did, long total, Func<Action<long>, Task> work) =>
        Console.IsOutputRedirected
            ? work(_ => { })
            : AnsiConsole.Progress().AutoClear(true).StartAsync(async progress =>
            {
                var shown = progress.AddTask(did, maxValue: Math.Max(1, total));
                await work(count => shown.Value = count);
            });
}
