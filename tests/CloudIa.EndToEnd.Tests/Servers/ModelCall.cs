namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>How far a call came.</summary>
internal enum ModelCallState
{
    Streaming,

    /// <summary>The reply ended as it was meant to.</summary>
    Ended,

    /// <summary>The caller went away.</summary>
    Abandoned,
}

/// <summary>One call of the model.</summary>
/// <param name="Number">From 1, in the order of arrival.</param>
/// <param name="Messages">The prompt without the system's part.</param>
internal sealed record ModelCall(int Number, IReadOnlyList<PromptMessage> Messages)
{
    private volatile ModelCallState _state;

    /// <summary>What the model was told first: the system's part.</summary>
    public string System { get; init; } = "";

    /// <summary>What is asked: the last message.</summary>
    public string Asked => Messages[^1].Content;

    /// <summary>What the call is to be answered with; known before the first piece is sent.</summary>
    public ModelReply? Reply { get; set; }

    public ModelCallState State
    {
        get => _state;
        set => _state = value;
    }
}
