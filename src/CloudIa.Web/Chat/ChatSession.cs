using CloudIa.Client;
using CloudIa.Client.Answers;
using CloudIa.Client.Live;
using CloudIa.Protocol;
using CloudIa.Web.Markdown;

namespace CloudIa.Web.Chat;

/// <summary>What the page shows and does, apart from how it looks.</summary>
internal sealed class ChatSession(CloudIaClient client, LiveConnection live, Entrance entrance, Texts texts)
{
    private readonly SafeMarkdown _markdown = new(texts);

    // Everything was read a moment ago, so the first greeting brings no news.
    private bool _fresh;

    public Conversation Current { get; private set; } = new(client, new SafeMarkdown(texts));

    public ConversationList List { get; } = new(client);

    public IReadOnlyList<ModelView> Models { get; private set; } = [];

    /// <summary>The model to ask; null: the service's choice.</summary>
    public string? Model { get; set; }

    public ConnectionState Connection { get; private set; } = ConnectionState.Connecting;

    /// <summary>What went wrong last with the page as a whole; null: nothing.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Anything but the inside of a turn has changed.</summary>
    public event Action? Changed;

    /// <summary>A conversation has got its id: its address is /c/{id} from now on.</summary>
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
        if (conversationId is not null && conversationId == Current.Id)
            return;
        var opened = new Conversation(client, _markdown) { Id = conversationId };
        Current = opened;
        Trouble = null;
        Changed?.Invoke();
        await GuardAsync(() => RefreshAsync(opened));
    }

    /// <summary>Sends a message, or tries again one that was not sent.</summary>
    public async Task SendAsync(string message, Turn? again = null)
    {
        var conversation = Current;
        var turn = again ?? conversation.Add(message);
        turn.Sending();
        Changed?.Invoke();
        try
        {
            var receipt = await client.PostAsync(
                new ChatRequest { Message = turn.Message, ConversationId = conversation.Id, Model = Model }, turn.Key);
            turn.Show(live.Follow(new Answer(receipt.JobId, receipt.ConversationId)));
            if (conversation.Id is null)
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

        Changed?.Invoke();
    }

    public async Task StopAsync()
    {
        if (Current.Running?.Answer is { } answer)
            await GuardAsync(() => client.StopAsync(answer.JobId));
    }

    public Task ReadEarlierAsync() => GuardAsync(Current.ReadEarlierAsync);

    public Task ReadMoreConversationsAsync() => GuardAsync(List.ReadMoreAsync);

    /// <summary>An error in words for the reader.</summary>
    public string Say(CloudIaException error) => error.Code switch
    {
        CloudIaException.Unreachable => texts.Unreachable,
        ErrorCode.NotFound => texts.NotFound,
        ErrorCode.RateLimited => texts.TooFast,
        ErrorCode.MessageTooLong or ErrorCode.BodyTooLarge => texts.TooLong,
        CloudIaException.NotUnderstood => texts.SomethingWrong,
        _ => error.Message,
    };

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
            case ServiceSaid { Event: ConversationUpdated }:
                await GuardAsync(List.RefreshAsync);
                break;
            case ServiceSaid { Event: Accepted accepted } when IsNews(accepted.ConversationId, accepted.JobId):
                await GuardAsync(() => RefreshAsync(Current));
                break;
            case AnswerChanged change when Current.Find(change.Answer.JobId) is { } turn:
                turn.Show(change.Answer);
                // The stop button comes and goes with the answer; its text is the turn's own affair.
                if (change.Outcome is FoldOutcome.Ended or FoldOutcome.Noted)
                    Changed?.Invoke();
                break;
            case AnswerChanged change when IsNews(change.Answer.ConversationId, change.Answer.JobId):
                await GuardAsync(() => RefreshAsync(Current));
                break;
            default:
                break;
        }
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

    private async Task ReadAroundAsync()
    {
        await List.RefreshAsync();
        if (Models.Count == 0)
            Models = (await client.GetModelsAsync()).Models;
    }

    // Another tab's message. One that this tab is sending just now has no job yet, and waits for its receipt.
    private bool IsNews(string conversationId, string jobId) =>
        conversationId == Current.Id
        && Current.Find(jobId) is null
        && Current.Turns.All(turn => turn.Answer is not null || turn.SendError is not null);

    private async Task RefreshAsync(Conversation conversation)
    {
        if (conversation.Id is null)
            return;
        foreach (var answer in await conversation.ReadNewestAsync())
            conversation.Find(answer.JobId)?.Show(live.Follow(answer));
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
