namespace CloudIa.Lambda;

/// <summary>How the server deals with an invocation's time.</summary>
public sealed class LambdaOptions
{
    /// <summary>
    /// Milliseconds before an invocation's deadline at which its request is cancelled. A handler that has not returned when half
    /// of them are over is left alone, and the invocation is reported as failed. Where less than twice as long is given, half of that.
    /// </summary>
    public int MarginMilliseconds { get; set; } = 1000;

    /// <summary>What is wrong with these, a line each.</summary>
    public IEnumerable<string> Errors()
    {
        if (MarginMilliseconds is < 10 or > 60_000)
        {
            yield return $"Lambda:MarginMilliseconds is {MarginMilliseconds}; it must be between 10 and 60000.";
        }
    }
}
