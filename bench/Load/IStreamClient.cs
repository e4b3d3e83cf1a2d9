namespace CloudIa.Bench.Load;

/// <summary>Asks for one streamed answer at a time and times its first text.</summary>
internal interface IStreamClient : IDisposable
{
    /// <summary>Returns when the answer has ended whole; throws where it did not.</summary>
    /// <returns>Stopwatch ticks from the request to the first text.</returns>
    Task<long> StreamOnceAsync();
}
