namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>How far a call came.</summary>
internal enum ModelCallState
{
    Streaming,

    /// <summary>The reply ended as it was meant to, whole or broken: the model's server closed it.</summary>
    Ended,

    /// <summary>The caller went away.</summary>
    Abandoned,
}

/// <summary>One call of the model.</summary>
/// <param name="Number">From 1, in the order of arrival.</param>
/// <param name="Messages">The prompt without the system's part.</param>
internal sealed record ModelCall(int Number, IReadOnlyList<PromptMessage> Messages)
{
    private readonly Lock _lock = new();
    private ModelCallState _state;
    private TimeSpan? _closed;
    private TimeSpan? _spoke;

    /// <summary>What the model was told first: the system's part.</summary>
    public string System { get; init; } = "";

    /// <summary>The key that it came with: on many machines each worker has its own.</summary>
    public string Caller { get; init; } = "";

    /// <summary>What is asked: the last message.</summary>
    public string Asked => Messages[^1].Content;

    /// <summary>What the call is to be answered with; known before the first piece is sent.</summary>
    public ModelReply? Reply { get; set; }

    /// <summary>When it arrived, on the <see cref="RunClock"/>.</summary>
    public TimeSpan Opened { get; } = RunClock.Now;

    /// <summary>When the first piece of text was sent; null before that.</summary>
    public TimeSpan? FirstToken
    {
        get
        {
            lock (_lock) return _spoke;
        }
    }

    /// <summary>When it ended or its caller went away; null while it streams.</summary>
    public TimeSpan? Closed
    {
        get
        {
            lock (_lock) return _closed;
        }
    }

    public ModelCallState State
    {
        get
        {
            lock (_lock) return _state;
        }
    }

    /// <summary>Whether it had a whole answer, which its caller heard.</summary>
    public bool WasAnswered => Reply is { Status: 200, Ending: ReplyEnding.Whole, Pieces.Count: > 0 } && State == ModelCallState.Ended;

    /// <summary>A piece of text was sent.</summary>
    public void Spoke()
    {
        lock (_lock) _spoke ??= RunClock.Now;
    }

    public void Close(ModelCallState how)
    {
        lock (_lock) (_state, _closed) = (how, RunClock.Now);
    }
}
