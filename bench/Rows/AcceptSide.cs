using CloudIa.Bench.Load;
using CloudIa.Bench.Servers;

namespace CloudIa.Bench.Rows;

/// <summary>One of the two servers of an accept row: how it is started, and what its clients send.</summary>
internal sealed record AcceptSide(
    string Name,
    Func<CancellationToken, Task<ServerProcess>> StartAsync,
    Func<int, int, CancellationToken, Task<IReadOnlyList<byte[]>>> RequestsAsync)
{
    /// <summary>As long as the tokens of our sessions, for a comparator that reads none.</summary>
    private static readonly string NoToken = new('t', 160);

    public static async Task<AcceptSide> OursAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var program = await OurBuild.ReleaseAsync(settings, cancellation);
        return new AcceptSide(
            "ours",
            starting => OurServer.StartReadyAsync(program, settings.Workers, starting),
            async (port, count, opening) => settings.Sessions == SessionUse.Bearer
                ? [.. (await Sessions.OpenAsync(port, count, opening)).Select(Post)]
                : Same(null, count));
    }

    /// <param name="ours">The program whose runtime settings it takes; null: the bench's own.</param>
    public static AcceptSide Comparator(BenchSettings settings, string name, string? ours) => new(
        name,
        starting => ComparatorServer.StartReadyAsync(name, ours, starting),
        (_, count, _) => Task.FromResult(Same(settings.Sessions == SessionUse.Bearer ? NoToken : null, count)));

    private static byte[] Post(string? token) => HttpRequests.Post("/chat", HttpRequests.Message, token);

    private static IReadOnlyList<byte[]> Same(string? token, int count) => [.. Enumerable.Repeat(Post(token), count)];
}
