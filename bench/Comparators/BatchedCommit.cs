namespace CloudIa.Bench.Comparators;

/// <summary>
/// Comparator of row 2: bare Kestrel whose one writer thread commits all callers that wait in one transaction,
/// without waiting for more to come: one prepared INSERT of the body a request, 202 after the commit.
/// </summary>
internal static class BatchedCommit
{
    public static Task RunAsync(int port, string folder) => RunAsync(port, folder, together: true);

    /// <summary>The same server with the writer committing as it is told to.</summary>
    public static async Task RunAsync(int port, string folder, bool together)
    {
        using var writer = new CommitThread(folder, together);
        await BareKestrel.RunAsync(port, async context =>
        {
            if (context.Request.Method == "GET")
                return;

            await writer.CommitAsync(await BareKestrel.ReadBodyAsync(context));
            await BareKestrel.AnswerAcceptedAsync(context);
        });
    }
}
