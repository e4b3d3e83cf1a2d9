using System.Text;
using CloudIa.Core.Conversations;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Http;

/// <summary>Dead letters as operators read them.</summary>
internal static class DeadLetterViews
{
    /// <summary>Characters of a message in a page.</summary>
    private const int Beginning = 200;

    /// <summary>Bytes that are shown of a body that cannot be read.</summary>
    private const int ShownBody = 8192;

    /// <summary>One in a page.</summary>
    public static DeadLetterView Row(DeadLetter letter, Turn? turn) => Whole(letter, turn) is var whole
        ? whole with { Message = whole.Message is { } text ? Shorten(text) : null, Body = null }
        : null;

    /// <summary>One with all of its text.</summary>
    /// <param name="letter">The letter.</param>
    /// <param name="turn">What the history says of its job; null where it says nothing.</param>
    public static DeadLetterView Whole(DeadLetter letter, Turn? turn)
    {
        var job = letter.Job;
        return new DeadLetterView
        {
            Id = letter.Id,
            Reason = letter.Reason,
            DeadAt = letter.DeadAt,
            Readable = !job.Unreadable,
            JobId = Known(job.JobId),
            ConversationId = Known(job.ConversationId),
            Owner = Known(job.Owner),
            Turn = job.Turn,
            Model = job.Model,
            AcceptedAt = job.Unreadable ? null : job.AcceptedAt,
            Attempts = turn?.Attempt,
            Details = turn?.End?.ErrorDetails,
            Redrives = job.Unreadable ? null : job.Redrives,
            RedrivenAt = job.RedrivenAt,
            TraceId = Known(job.TraceId),
            Message = Known(job.Message),
            MessageLength = job.Message.Length == 0 ? null : job.Message.Length,
            Body = job.Unreadable ? Encoding.UTF8.GetString(letter.Body.Span[..Math.Min(letter.Body.Length, ShownBody)]) : null,
            BodyBytes = job.Unreadable ? letter.Body.Length : null,
        };
    }

    private static string? Known(string text) => text.Length == 0 ? null : text;

    private static string Shorten(string text) =>
        text.Length <= Beginning ? text : text[..(char.IsHighSurrogate(text[Beginning - 1]) ? Beginning - 1 : Beginning)];
}
