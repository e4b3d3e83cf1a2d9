using CloudIa.Client;
using CloudIa.Client.Answers;
using CloudIa.Client.Live;
using CloudIa.Protocol;
using CloudIa.Web.Markdown;

namespace CloudIa.Web.Chat;

/// <summary>What the page shows and does, apart from how it looks.</summary>
internal sealed partial class ChatSession(CloudIaClient client, LiveConnection live, Entrance entrance, Texts texts)
{
    private readonly SafeMarkdown _markdown = new(texts);

    public Conversation Current { get; private set; } = new(client, new SafeMarkdown(texts));

    public ConversationList List { get; } = new(client);

    public IReadOnlyList<ModelView> Models { get; private set; } = [];

    /// <summary>The model to ask; null: the service's choice.</summary>
    public string? Model { get; set; }

    /// <summary>Whether a message that is sent while an answer runs stops that answer; else it waits its turn.</summary>
    public bool Interrupts { get; set; }

    public ConnectionState Connection { get; private set; } = ConnectionState.Connecting;

    /// <summary>What went wrong last with the page as a whole; null: nothing.</summary>
    public string? Trouble { get; private set; }

    /// <summary>The title of the conversation on the page; null: it has none yet.</summary>
    public string? Title => List.Find(Current.Id)?.Title ?? Current.View?.Title;

    /// <summary>Anything but the inside of a turn has changed.</summary>
    public event Action? Changed;

    /// <summary>Another conversation is on the page: its address is /c/{id} from now on.</summary>
    public event Action<string>? Begun;

    /// <summary>Keeps the page up to date for as long as it is open.</summary>
    public async Task RunAsync(string? conversationId)
    {
        _fresh = await GuardAsync(async () =>
        {
            await entrance.EnterAsync();
            await ReadAroundAsync();
        });
        await OpenAsync(conversationId);
        await foreach (var notice in live.RunAsync())
            await TakeAsync(notice);
    }

    public async Task OpenAsync(string? conversationId)
    {
        if (conversationId is not null && conversationId == Current.Id && Current.Presence == Presence.Here)
            return;
        var opened = NewConversation(conversationId);
        if (conversationId is not null)
            opened.Presence = Presence.Opening;
        PutOnPage(opened);
        if (conversationId is not null)
            await GuardAsync(() => RefreshAsync(opened));
    }

    /// <summary>Sends a message, or tries again one that was not sent.</summary>
    public async Task SendAsync(string message, Turn? again = null)
    {
        var conversation = Current;
        var request = again?.Request ?? new ChatRequest
        {
            Message = message,
            Model = Model,
            WhenBusy = conversation.Running is not null && Interrupts ? WhenBusy.Interrupt : null,
        };
        var turn = again ?? conversation.Add(message);
        turn.Sending(request);
        Changed?.Invoke();

        // One after the other: in the order they were written, and the first one makes the conversation.
        var before = conversation.Posting;
        conversation.Posting = PostAsync(conversation, turn, request, before);
        await conversation.Posting;
    }

    private async Task PostAsync(Conversation conversation, Turn turn, ChatRequest request, Task before)
    {
        await before;
        try
        {
            var isNew = conversation.Id is null;
            var receipt = await client.PostAsync(
                request with { ConversationId = conversation.Id, SystemPrompt = isNew ? conversation.SystemPrompt : null }, turn.Key);
            turn.Show(live.Follow(new Answer(receipt.JobId, receipt.ConversationId)));
            if (isNew)
            {
                conversation.Id = receipt.ConversationId;
                if (conversation == Current)
                    Begun?.Invoke(receipt.ConversationId);
                await GuardAsync(List.RefreshAsync);
            }
        }
        catch (CloudIaException error)
        {
            turn.NotSent(Say(error));
        }

        TakeUnclaimed(conversation);
        Changed?.Invoke();
    }

    public async Task StopAsync()
    {
        if (Current.Running?.Answer is { } answer)
            await GuardAsync(() => client.StopAsync(answer.JobId));
    }

    public async Task ReadEarlierAsync()
    {
        var conversation = Current;
        var reading = GuardAsync(conversation.ReadEarlierAsync);
        Changed?.Invoke();
        await reading;
    }

    public async Task ReadMoreConversationsAsync()
    {
        var reading = GuardAsync(List.ReadMoreAsync);
        Changed?.Invoke();
        await reading;
    }

    public Task SearchAsync(string words) => GuardAsync(() => List.SearchAsync(words));

    /// <summary>An error in words for the reader.</summary>
    public string Say(CloudIaException error) => error.Code switch
    {
        CloudIaException.Unreachable => texts.Unreachable,
        ErrorCode.NotFound => texts.NotFound,
        ErrorCode.RateLimited => texts.TooFast,
        ErrorCode.MessageTooLong or ErrorCode.BodyTooLarge => texts.TooLong,
        ErrorCode.ConversationBusy => texts.Busy,
        CloudIaException.NotUnderstood => texts.SomethingWrong,
        _ => error.Message,
    };

    private Conversation NewConversation(string? id) => new(client, _markdown) { Id = id };

    private void PutOnPage(Conversation conversation)
    {
        Current = conversation;
        Trouble = null;
        _unclaimed.Clear();
        Changed?.Invoke();
    }

    private async Task ReadAroundAsync()
    {
        await List.RefreshAsync();
        if (Models.Count == 0)
            Models = (await client.GetModelsAsync()).Models;
    }

    private async Task RefreshAsync(Conversation conversation)
    {
        if (conversation.Id is not { } id)
            return;
        try
        {
            var viewing = client.GetConversationAsync(id);
            foreach (var answer in await conversation.ReadNewestAsync())
            {
                // Where the connection knows more of it than the page that was read, that is shown.
                if (conversation.Find(answer.JobId) is { } turn)
                    turn.Show(live.Follow(answer));
            }

            conversation.View = await viewing;
            conversation.Presence = Presence.Here;
        }
        catch (CloudIaException error) when (error.Code == ErrorCode.NotFound)
        {
            if (conversation.Presence != Presence.Deleted)
                conversation.Presence = Presence.Missing;
        }
    }

    private async Task<bool> GuardAsync(Func<Task> act)
    {
        try
        {
            await act();
            Trouble = null;
        }
        catch (CloudIaException error)
        {
            Trouble = Say(error);
        }

        Changed?.Invoke();
        return Trouble is null;
    }
}
