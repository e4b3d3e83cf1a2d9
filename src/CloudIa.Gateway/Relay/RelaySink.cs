using System.Text.Json;
using CloudIa.Core.Delivery;
using CloudIa.Core.Delivery.Relay;
using CloudIa.Gateway.Connections;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Relay;

/// <summary>
/// Posts events to the machine that holds a connection, one after the other, each in a message that it takes. What it
/// does not take now is tried again until the connection is given up, and meanwhile answers grow: the next delta has all of it.
/// </summary>
/// <param name="post">The way there.</param>
/// <param name="connection">Whose client is written to.</param>
/// <param name="time">The clock.</param>
/// <param name="cancellation">Gives the connection up.</param>
/// <param name="watched">Told of waits; null where nobody watches.</param>
internal sealed class RelaySink(
    IRelayPost post, RelayedConnection connection, TimeProvider time, CancellationToken cancellation, ClientConnection? watched = null) : IEventSink
{
    /// <summary>
    /// Characters of text in one message: each is six bytes of JSON at most, so that it stays below API Gateway's 128 KB
    /// (a quota of its WebSocket APIs).
    /// </summary>
    public const int LongestText = 20_000;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>For so long after its handshake a connection that is not there may still come: its handshake is not answered yet.</summary>
    private static readonly TimeSpan Opening = TimeSpan.FromSeconds(5);

    // Where the text ends that this connection was sent of each running answer.
    private readonly Dictionary<string, Position> told = [];

    /// <exception cref="IOException">The connection is gone, or was given up.</exception>
    public async ValueTask SendAsync(ServerEvent sent, Position after, SentText? text = null)
    {
        sent = ErrorText.Said(sent, connection.Language);
        if (text is null && SentText.OutOf(sent) is { } parts)
        {
            (sent, text) = parts;
        }

        if (text is not null)
        {
            await text.HoldAsync();
        }

        switch (sent)
        {
            case MessageDelta delta:
                await SendTextAsync(delta, delta.Attempt, delta.Offset, text ?? new SentText(delta.Delta));
                break;
            case MessageCompleted completed when text is not null:
                var whole = await SendLongAsync(completed, completed.Attempt, text);
                await PostAsync(completed with { Content = whole });
                break;
            case MessageStopped stopped when text is not null:
                var kept = await SendLongAsync(stopped, stopped.Attempt, text);
                await PostAsync(stopped with { Content = kept });
                break;
            case Accepted accepted when text is not null:
                // A message that is too long for one is read from the history, as by a client that comes later.
                await PostAsync(accepted with { Message = text.Length > LongestText ? null : text.Span.ToString() });
                break;
            default:
                await PostAsync(sent);
                break;
        }

        if (sent is MessageCompleted or MessageStopped or ErrorEvent { Final: true } && OwnerFeeds.JobOf(sent) is { } ended)
        {
            told.Remove(ended);
        }
    }

    /// <summary>Its client asks for signs of life itself.</summary>
    public ValueTask BeatAsync() => ValueTask.CompletedTask;

    /// <summary>An end's text, where it is short; null where it is longer than a message: then the client has been sent it before.</summary>
    private async ValueTask<string?> SendLongAsync(JobEvent end, int attempt, SentText text)
    {
        if (text.Length <= LongestText)
        {
            return text.Span.ToString();
        }

        if (told.GetValueOrDefault(end.JobId) != new Position(attempt, text.Length))
        {
            // What else the client holds of it does not matter then.
            await PostAsync(Of(end, new MessageRestarted { Attempt = attempt, Reason = "position_unknown" }));
            await SendTextAsync(end, attempt, 0, text);
        }

        return null;
    }

    private async ValueTask SendTextAsync(JobEvent of, int attempt, int offset, SentText text)
    {
        for (var at = 0; at < text.Length;)
        {
            await text.HoldAsync();
            var piece = text.Piece(at, LongestText);
            text.LetGo();
            await PostAsync(Of(of, new MessageDelta { Attempt = attempt, Offset = offset + at, Delta = piece.ToString() }));
            at += piece.Length;
        }

        told[of.JobId] = new Position(attempt, offset + text.Length);
    }

    private TEvent Of<TEvent>(JobEvent head, TEvent said)
        where TEvent : JobEvent => said with
        {
            JobId = head.JobId,
            ConversationId = head.ConversationId,
            SessionId = head.SessionId,
            TraceId = head.TraceId,
            Timestamp = time.GetUtcNow(),
        };

    private async ValueTask PostAsync(ServerEvent said)
    {
        var message = JsonSerializer.SerializeToUtf8Bytes(said, ProtocolJson.Wire.ServerEvent);
        var pause = FirstPause;
        while (true)
        {
            var outcome = await post.PostAsync(connection, message, cancellation);
            if (outcome == PostOutcome.Taken)
            {
                watched?.Progressed();
                return;
            }

            if (outcome == PostOutcome.TooLarge || (outcome == PostOutcome.Gone && time.GetUtcNow() - connection.OpenedAt > Opening))
            {
                throw new ConnectionGoneException(outcome);
            }

            if (pause == FirstPause)
            {
                watched?.Blocked();
            }

            // Half of it is by chance, so that what was refused together does not come back together.
            await Task.Delay(pause * (0.5 + (Random.Shared.NextDouble() / 2)), time, cancellation);
            watched?.ThrowIfEnding();
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }
}

/// <summary>The machine has no such connection any more, or does not take what is for it.</summary>
internal sealed class ConnectionGoneException(PostOutcome outcome) : IOException($"The connection is lost: {outcome}.")
{
    public PostOutcome Outcome => outcome;
}
