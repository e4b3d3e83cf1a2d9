using CloudIa.EndToEnd.Tests.Servers;

namespace CloudIa.EndToEnd.Tests.Stopping;

/// <summary>When in a job's life a stop is asked for.</summary>
internal enum Moment
{
    /// <summary>While it waits behind an answer that runs.</summary>
    Waiting,

    /// <summary>Just after its 202.</summary>
    Accepted,

    /// <summary>When some piece of its answer is due.</summary>
    Streaming,

    /// <summary>When one of the last words of its answer is due, or its end.</summary>
    Ending,
}

/// <summary>One random instant, and the reply whose progress it is tied to.</summary>
internal sealed class Instant
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeSpan _after;
    private readonly int _piece;

    /// <param name="random">Chooses it.</param>
    /// <param name="message">Stands in every word of the reply.</param>
    /// <param name="pace">Between two of them: longer where a stop has a longer way.</param>
    public Instant(Random random, string message, TimeSpan pace)
    {
        Moment = (Moment)random.Next(4);
        Reply = ModelReply.Words(string.Join(' ', Enumerable.Range(1, random.Next(4, 16)).Select(word => $"{message}.{word}"))) with
        {
            Pace = pace,
            Sending = piece =>
            {
                if (piece == _piece) _reached.TrySetResult();
            },
        };
        _piece = Moment == Moment.Ending ? Reply.Pieces.Count - random.Next(4) : random.Next(Reply.Pieces.Count);
        _after = TimeSpan.FromMilliseconds(random.NextDouble() * (Moment switch
        {
            Moment.Waiting => 60,
            Moment.Accepted => 15,
            Moment.Streaming => pace.TotalMilliseconds,
            _ => 3,
        }));
        if (Moment is Moment.Waiting or Moment.Accepted) _reached.SetResult();
    }

    public Moment Moment { get; }

    public ModelReply Reply { get; }

    public async Task Wait(Func<string> serverLog)
    {
        await Patience.For(_reached.Task, "the model to be called for it", serverLog);
        await Task.Delay(_after, TimeProvider.System, TestContext.Current.CancellationToken);
    }
}
