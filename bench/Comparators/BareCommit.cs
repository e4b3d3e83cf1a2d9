namespace CloudIa.Bench.Comparators;

/// <summary>
/// Comparator of rows 4 and 5: bare Kestrel that makes one durable SQLite commit a request, one at a time on one
/// connection, and answers 202 after it. The request's own thread commits, which is the fastest way for one client.
/// </summary>
internal static class BareCommit
{
    public static async Task RunAsync(int port, string folder)
    {
        using var table = new JobTable(folder);
        using var turn = new SemaphoreSlim(1, 1);
        await BareKestrel.RunAsync(port, async context =>
        {
            if (context.Request.Method == "GET")
                return;

            var body = await BareKestrel.ReadBodyAsync(context);
            await turn.WaitAsync();
            try
            {
                table.Insert(body);
            }
            finally
            {
                turn.Release();
            }

            await BareKestrel.AnswerAcceptedAsync(context);
        });
    }
}
