using CloudIa.Client;
using CloudIa.Client.Answers;

namespace CloudIa.Web.Chat;

/// <summary>What the reader does with conversations and their answers, beside sending.</summary>
internal sealed partial class ChatSession
{
    private const int VersionsAtOnce = 200;

    /// <summary>Gives a conversation another title; a blank one is taken for a change of mind.</summary>
    public Task RenameAsync(string conversationId, string title) => GuardAsync(async () =>
    {
        title = title.Trim();
        if (title.Length == 0 || title == List.Find(conversationId)?.Title)
            return;
        Retitle(conversationId, (await client.RenameAsync(conversationId, title)).Title);
    });

    /// <summary>Deletes a conversation.</summary>
    /// <returns>Whether it is gone.</returns>
    public Task<bool> DeleteAsync(string conversationId) => GuardAsync(async () =>
    {
        await client.DeleteConversationAsync(conversationId);
        Forget(conversationId);
    });

    /// <summary>What the model is told first in the conversation on the page; "": the service's own prompt.</summary>
    public async Task<string> ReadSystemPromptAsync()
    {
        var conversation = Current;
        if (conversation.Id is { } id)
            await GuardAsync(async () => conversation.View = await client.GetConversationAsync(id));
        return (conversation.Id is null ? conversation.SystemPrompt : conversation.View?.SystemPrompt) ?? "";
    }

    /// <summary>Sets it; for a new conversation it goes along with the first message.</summary>
    /// <returns>Whether it is set.</returns>
    public async Task<bool> SetSystemPromptAsync(string prompt)
    {
        var conversation = Current;
        prompt = prompt.Trim();
        if (conversation.Id is { } id)
            return await GuardAsync(async () => conversation.View = await client.SetSystemPromptAsync(id, prompt));

        conversation.SystemPrompt = prompt.Length == 0 ? null : prompt;
        Changed?.Invoke();
        return true;
    }

    /// <summary>Whether the conversation on the page has a system prompt of its own.</summary>
    public bool HasSystemPrompt =>
        !string.IsNullOrEmpty(Current.Id is null ? Current.SystemPrompt : Current.View?.SystemPrompt);

    /// <summary>Has the last turn answered again.</summary>
    public Task RegenerateAsync() => GuardAsync(async () =>
    {
        var conversation = Current;
        if (conversation.Id is not { } id || conversation.Last is not { } turn)
            return;
        var receipt = await client.RegenerateAsync(id, Model);
        turn.Show(live.Follow(new Answer(receipt.JobId, receipt.ConversationId)));
    });

    /// <summary>Shows another of a turn's answers.</summary>
    /// <param name="turn">The turn.</param>
    /// <param name="version">Which, from 1.</param>
    public Task ShowVersionAsync(Turn turn, int version) => GuardAsync(async () =>
    {
        if (version == (turn.Answer?.State.Version ?? turn.Versions))
        {
            turn.ShowEarlier(null);
        }
        else if (Current.Id is { } id && turn.Number is { } number)
        {
            string? cursor = null;
            do
            {
                var page = await client.ReadVersionsAsync(id, number, cursor, VersionsAtOnce);
                if (page.Items.FirstOrDefault(answer => answer.Version == version) is { } found)
                    turn.ShowEarlier(new Answer(id, found));
                cursor = page.Items.Any(answer => answer.Version >= version) ? null : page.NextCursor;
            }
            while (cursor is not null);
        }
    });

    /// <summary>
    /// Says something else at an earlier turn: in a new conversation, which keeps what came before it. This one
    /// stays as it is.
    /// </summary>
    public async Task EditAsync(Turn turn, string message)
    {
        if (Current.Id is not { } id || turn.Number is not { } number)
            return;
        Conversation? forked = null;
        var done = await GuardAsync(async () =>
        {
            var view = await client.ForkAsync(id, number - 1);
            forked = NewConversation(view.ConversationId);
            forked.View = view;
            if (number > 1)
                await forked.ReadNewestAsync();
        });
        if (!done || forked?.Id is not { } forkId || Current.Id != id)
            return;

        PutOnPage(forked);
        Begun?.Invoke(forkId);
        await SendAsync(message);
        await GuardAsync(List.RefreshAsync);
    }
}
