using CloudIa.Core.Conversations;

namespace CloudIa.Core.History;

/// <summary>What became of a fork: one of the four below.</summary>
public abstract record ForkResult
{
    public sealed record Forked(Conversation Conversation) : ForkResult;

    /// <summary>There is no such conversation.</summary>
    public sealed record NotFound : ForkResult;

    /// <summary>The conversation has fewer turns.</summary>
    public sealed record BeyondLast(int Last) : ForkResult;

    /// <summary>One of the turns has no end yet.</summary>
    public sealed record Busy : ForkResult;
}
