using CloudIa.Client;
using CloudIa.Client.Answers;
using CloudIa.Client.Live;
using CloudIa.Protocol;

namespace CloudIa.Web.Chat;

/// <summary>What the service tells by itself: this page's answers, and what other tabs do.</summary>
internal sealed partial class ChatSession
{
    // Messages that were accepted while this page was sending the same words: one of them is its own.
    private readonly List<Accepted> _unclaimed = [];

    // Everything was read a moment ago, so the first greeting brings no news.
    private bool _fresh;

    private async Task TakeAsync(LiveNotice notice)
    {
        switch (notice)
        {
            case ConnectionChanged changed:
                Connection = changed.State;
                Changed?.Invoke();
                if (changed.State == ConnectionState.Waiting)
                    await EnterAgainAsync();
                break;
            case ServiceSaid { Event: Connected } when _fresh:
                _fresh = false;
                break;
            case ServiceSaid { Event: Connected }:
                // What other tabs did while this one was away.
                await GuardAsync(async () =>
                {
                    await ReadAroundAsync();
                    await RefreshAsync(Current);
                });
                break;
            case ServiceSaid { Event: ConversationUpdated updated }:
                await TakeAsync(updated);
                break;
            case ServiceSaid { Event: Accepted accepted }:
                await TakeAsync(accepted);
                break;
            case AnswerChanged change when Current.Find(change.Answer.JobId) is { } turn:
                turn.Show(change.Answer);
                // The stop button comes and goes with the answer; its text is the turn's own affair.
                if (change.Outcome is not FoldOutcome.Appended)
                {
                    Current.Arrange();
                    Changed?.Invoke();
                }

                break;
            // Not for every piece of an answer that is on no page: an earlier version, whose job is tried again.
            case AnswerChanged { Outcome: not FoldOutcome.Appended } change
                when change.Answer.ConversationId == Current.Id && !Current.Turns.Any(turn => turn.IsSending):
                await GuardAsync(() => RefreshAsync(Current));
                break;
            default:
                break;
        }
    }

    private async Task TakeAsync(ConversationUpdated updated)
    {
        if (updated.Deleted)
        {
            Forget(updated.ConversationId);
        }
        else if (updated.Title is not { } title || !Retitle(updated.ConversationId, title))
        {
            await GuardAsync(List.RefreshAsync);
        }

        Changed?.Invoke();
    }

    private async Task TakeAsync(Accepted accepted)
    {
        // One that is new here is listed by its conversation_updated.
        List.Lift(accepted.ConversationId);
        if (accepted.ConversationId == Current.Id && Current.Find(accepted.JobId) is null)
        {
            if (accepted.Message is { } message && Current.Turns.Any(turn => turn.IsSending && turn.Message == message))
                _unclaimed.Add(accepted);
            else if (!Show(accepted))
                await GuardAsync(() => RefreshAsync(Current));
        }

        Changed?.Invoke();
    }

    // The receipt has claimed its own; what is left was another tab's.
    private void TakeUnclaimed(Conversation conversation)
    {
        if (conversation != Current)
            return;
        foreach (var accepted in _unclaimed.Where(accepted => conversation.Find(accepted.JobId) is null).ToArray())
        {
            if (!conversation.Turns.Any(turn => turn.IsSending && turn.Message == accepted.Message))
                Show(accepted);
        }

        _unclaimed.RemoveAll(accepted => conversation.Find(accepted.JobId) is not null);
    }

    /// <summary>Puts a message of another tab on the page, or the new answer of a turn. False where more must be read.</summary>
    private bool Show(Accepted accepted)
    {
        var turn = accepted switch
        {
            { Turn: { } number } => Current.Find(number),
            { Message: { } message } => Current.Add(message),
            _ => null,
        };
        turn?.Show(live.Follow(new Answer(accepted.JobId, accepted.ConversationId)));
        Current.Arrange();
        return turn is not null;
    }

    private bool Retitle(string conversationId, string title)
    {
        if (conversationId == Current.Id && Current.View is { } view)
            Current.View = view with { Title = title };
        return List.Rename(conversationId, title);
    }

    private void Forget(string conversationId)
    {
        List.Remove(conversationId);
        if (conversationId == Current.Id)
            Current.Presence = Presence.Deleted;
    }

    private async Task EnterAgainAsync()
    {
        try
        {
            await entrance.EnterAsync();
        }
        catch (CloudIaException)
        {
            // The connection's state says it already.
        }
    }
}
