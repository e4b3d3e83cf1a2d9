namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>How a streamed reply ends.</summary>
internal enum ReplyEnding
{
    /// <summary>With its finish reason and [DONE].</summary>
    Whole,

    /// <summary>The stream closes in good order, but without a finish reason or [DONE].</summary>
    Truncated,

    /// <summary>The connection is reset.</summary>
    Reset,

    /// <summary>An error object arrives where text was due, after HTTP 200.</summary>
    ErrorInStream,
}

/// <summary>What the model does with one call.</summary>
internal sealed record ModelReply
{
    /// <summary>A gate that does not open: the caller goes away first.</summary>
    public static readonly Task Never = new TaskCompletionSource().Task;

    public IReadOnlyList<string> Pieces { get; init; } = [];

    /// <summary>Time between two pieces.</summary>
    public TimeSpan Pace { get; init; }

    /// <summary>Status and headers leave before anything is waited for; else with the first bytes of the stream.</summary>
    public bool HeadersAtOnce { get; init; }

    /// <summary>The most bytes of one write: characters may be cut.</summary>
    public int BytesAWrite { get; init; } = int.MaxValue;

    /// <summary>After this many pieces the reply waits for <see cref="Gate"/>; after all of them: before its ending.</summary>
    public int GateAfter { get; init; }

    public Task? Gate { get; init; }

    /// <summary>Called when a piece is due, with its number from 0; and with the count of pieces when the ending is.</summary>
    public Action<int>? Sending { get; init; }

    public ReplyEnding Ending { get; init; }

    /// <summary>Other than 200: an error answer and no stream.</summary>
    public int Status { get; init; } = 200;

    /// <summary>With an error answer: the seconds of its Retry-After.</summary>
    public int? RetryAfter { get; init; }

    public string Text => string.Concat(Pieces);

    /// <summary>The text in pieces of one word.</summary>
    public static ModelReply Words(string text) => new() { Pieces = [.. InWords(text)] };

    public static ModelReply Error(int status) => new() { Status = status };

    /// <summary>The connection stands, and not one byte comes.</summary>
    public static ModelReply NoByte() => Words("never said") with { Gate = Never };

    /// <summary>HTTP 200 with its headers, and no token.</summary>
    public static ModelReply NoToken() => NoByte() with { HeadersAtOnce = true };

    /// <summary>An error event after HTTP 200 and before any text.</summary>
    public static ModelReply OverloadedAtOnce() => new() { Ending = ReplyEnding.ErrorInStream };

    private static IEnumerable<string> InWords(string text)
    {
        var from = 0;
        while (from < text.Length)
        {
            var space = text.IndexOf(' ', from);
            var to = space < 0 ? text.Length : space + 1;
            yield return text[from..to];
            from = to;
        }
    }
}
