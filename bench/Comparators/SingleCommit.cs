namespace CloudIa.Bench.Comparators;

/// <summary>
/// Comparator of row 1: bare Kestrel with one durable commit a request, made by one writer thread. Under many
/// connections it is faster than <see cref="BareCommit"/> by a tenth, so it is the fairer one to be held against.
/// </summary>
internal static class SingleCommit
{
    public static Task RunAsync(int port, string folder) => BatchedCommit.RunAsync(port, folder, together: false);
}
