using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Streaming;

/// <summary>This part: what a running answer has grown by, and the sending of it. Much of it is not kept for a client that does not read it.</summary>
internal sealed partial class AnswerPump
{
    /// <summary>False where the bus holds nothing of the job that its client lacks: it waits, or has ended.</summary>
    private async ValueTask<bool> SendGrowthAsync(string jobId, Answer answer)
    {
        answer.Held = false;
        var job = new JobKey(feed.Owner, jobId);
        while (await ReadGrowthAsync(job, answer.At) is { } growth)
        {
            if (growth.From.Attempt == 0)
            {
                return true;
            }

            if (growth.From.Attempt < answer.At.Attempt && !answer.Claimed)
            {
                // An earlier attempt's, which was voided: the newer one's is not there yet, or no more.
                return false;
            }

            if (growth.From.Attempt == answer.At.Attempt && growth.From.Offset < answer.At.Offset && await FindAgainAsync(job) is { End: not null })
            {
                // Its end is stored and not told yet: of the history this client had more than the bus was brought.
                return false;
            }

            answer.Claimed = false;
            await SendGrowthAsync(growth, answer);
            if (!growth.More)
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask SendGrowthAsync(Growth growth, Answer answer)
    {
        var head = growth.Head with { At = services.Time.GetUtcNow() };
        var held = answer.At;
        answer.At = growth.From;
        if (held != growth.From)
        {
            answer.Began = growth.From;
        }

        if (held != Position.Start && held != growth.From)
        {
            await sink.SendAsync(
                head.On(new MessageRestarted
                {
                    Attempt = growth.From.Attempt,
                    Reason = held.Attempt < growth.From.Attempt ? "retry" : "position_unknown",
                }),
                answer.At);
        }

        if (growth.Length > 0)
        {
            answer.At = growth.From with { Offset = growth.From.Offset + growth.Length };
            answer.Sent(services);
            await sink.SendAsync(Delta(head.JobId, head.ConversationId, head.SessionId, head.TraceId, growth.From, growth.Short), answer.At, growth.Long);
        }
    }

    // A method of its own, so that nothing but the growth keeps the text while it is on its way.
    private async ValueTask<Growth?> ReadGrowthAsync(JobKey job, Position at)
    {
        if (await services.Bus.ReadAsync(job, at, LongestDelta, CancellationToken.None) is not { } slice)
        {
            return null;
        }

        var length = slice.Text.Length;
        return length > EventJson.LongText
            ? new Growth(slice.Head, slice.From, length, "", GrownText(job, slice.From, slice.Text), slice.More)
            : new Growth(slice.Head, slice.From, length, slice.Text, null, slice.More);
    }

    private SentText GrownText(JobKey job, Position from, string text)
    {
        var length = text.Length;
        return new SentText(text, () => ReadAgainAsync(job, from, length));
    }

    /// <summary>The same text from the running answer or, where that has ended meanwhile, from the stored one; null where a newer attempt voided it.</summary>
    private async Task<string?> ReadAgainAsync(JobKey job, Position from, int length)
    {
        if (await services.Bus.ReadAsync(job, from, length, CancellationToken.None) is { } slice)
        {
            return slice.From == from && slice.Text.Length == length ? slice.Text : null;
        }

        return await FindAgainAsync(job) is { End.Content: var content } turn
            && turn.Attempt == from.Attempt && content.Length >= from.Offset + length
            ? content.Substring(from.Offset, length)
            : null;
    }

    /// <summary>Text that a client lacks, from a place on: all of it, or its beginning.</summary>
    /// <param name="Head">Whose answer it is.</param>
    /// <param name="From">Where the text begins.</param>
    /// <param name="Length">In UTF-16 units.</param>
    /// <param name="Short">The text, where it is short; else "".</param>
    /// <param name="Long">The text, where it is long.</param>
    /// <param name="More">Whether there is more.</param>
    private sealed record Growth(EventHead Head, Position From, int Length, string Short, SentText? Long, bool More);
}
