using CloudIa.Client;
using CloudIa.Protocol;

namespace CloudIa.DeadLetters;

/// <summary>What the commands do with letters that are named.</summary>
internal static class LetterActions
{
    public static async Task<int> ListAsync(AdminClient client, string? after, int limit, CancellationToken cancel)
    {
        var page = await client.ListAsync(after, limit, cancel);
        LetterPrinter.Print(page);
        return ExitCode.Done;
    }

    public static async Task<int> ShowAsync(AdminClient client, string id, CancellationToken cancel)
    {
        try
        {
            LetterPrinter.Print(await client.GetAsync(id, cancel));
            return ExitCode.Done;
        }
        catch (CloudIaException error) when (error.Code == ErrorCode.NotFound)
        {
            return await NotThereAsync(id);
        }
    }

    public static Task<int> RedriveAsync(AdminClient client, string[] ids, CancellationToken cancel) =>
        EachAsync(ids, async id => $"{id}: job {(await client.RedriveAsync(id, cancel)).JobId} is in the queue again.");

    public static Task<int> DiscardAsync(AdminClient client, string[] ids, CancellationToken cancel) =>
        EachAsync(ids, async id =>
        {
            await client.DiscardAsync(id, cancel);
            return $"{id}: discarded.";
        });

    // One that is gone, or cannot be read, does not keep the others from being done.
    private static async Task<int> EachAsync(string[] ids, Func<string, Task<string>> act)
    {
        var code = ExitCode.Done;
        foreach (var id in ids)
        {
            try
            {
                await Console.Out.WriteLineAsync(await act(id));
            }
            catch (CloudIaException error) when (error.Code == ErrorCode.NotFound)
            {
                code = await NotThereAsync(id);
            }
            catch (CloudIaException error) when (error.Code == ErrorCode.MessageUnreadable)
            {
                await Console.Error.WriteLineAsync($"{id}: cannot be read, so it cannot be put back. It can be discarded.");
                code = ExitCode.Failed;
            }
        }

        return code;
    }

    private static async Task<int> NotThereAsync(string id)
    {
        await Console.Error.WriteLineAsync($"{id}: there is no such dead letter (any more).");
        return ExitCode.Failed;
    }
}
