using CloudIa.Protocol;

namespace CloudIa.Core.Delivery;

/// <summary>
/// An announcement; or a place to go on from; or the word that a job ended, whose end is read from the history; or,
/// where there is none of them, that a job's answer grew.
/// </summary>
public sealed record FeedItem(string? JobId, ServerEvent? Announced, Position? From = null, bool Ended = false)
{
    /// <summary>Asks for a sign of life: it is about no job.</summary>
    public static readonly FeedItem Beat = new(null, null);
}
