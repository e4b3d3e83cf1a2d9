using CloudIa.Client;
using CloudIa.Client.Answers;
using CloudIa.Client.Live;
using CloudIa.Protocol;

namespace CloudIa.Chat;

/// <summary>The conversation under way, whatever shows it.</summary>
internal sealed class Talk(CloudIaClient client, AnswerFeed feed, Interrupt interrupt, string? conversation, string? model)
{
    private const int HistoryMessages = 20;

    /// <summary>Null until its first message has been accepted.</summary>
    public string? Conversation { get; private set; } = conversation;

    /// <summary>What the first message of a new conversation sets; null: the service's own prompt.</summary>
    public string? SystemPrompt { get; set; }

    /// <summary>Goes on in another conversation; null: in a new one.</summary>
    public void Switch(string? to) => (Conversation, SystemPrompt) = (to, null);

    /// <summary>An answer that was shown as failed.</summary>
    public void Remember(Answer failed) => feed.Remember(failed);

    /// <summary>An answer that was shown as failed and goes on, as its job is tried again; null where none does.</summary>
    public Answer? TakeGoingOn()
    {
        var answer = feed.FindGoingOn();
        if (answer is not null)
            feed.Forget(answer);
        return answer;
    }

    /// <summary>Waits until there is one.</summary>
    public async Task WaitForGoingOnAsync(CancellationToken cancel)
    {
        while (feed.FindGoingOn() is null)
            await feed.WaitAsync(cancel);
    }

    /// <summary>The last messages, oldest first; an unfinished answer is followed from here on.</summary>
    public async Task<IReadOnlyList<MessageView>> ReadHistoryAsync(CancellationToken cancel) =>
        Conversation is null
            ? []
            : [.. (await client.ReadMessagesAsync(Conversation, limit: HistoryMessages, cancel: cancel)).Items.Reverse()];

    /// <summary>An answer that the history shows unfinished.</summary>
    public Answer Resume(MessageView message) => feed.Follow(new Answer(Conversation!, message));

    /// <summary>Hands a message over; when this returns, the service has it.</summary>
    public async Task<Answer> SendAsync(string message, CancellationToken cancel)
    {
        var request = new ChatRequest
        {
            Message = message,
            ConversationId = Conversation,
            Model = model,
            SystemPrompt = Conversation is null ? SystemPrompt : null,
        };
        var receipt = await client.PostAsync(request, cancel: cancel);
        Conversation = receipt.ConversationId;
        return feed.Follow(new Answer(receipt.JobId, receipt.ConversationId));
    }

    /// <summary>Has the conversation's last turn answered again.</summary>
    public async Task<Answer> RegenerateAsync(CancellationToken cancel)
    {
        var receipt = await client.RegenerateAsync(Conversation!, model, cancel: cancel);
        return feed.Follow(new Answer(receipt.JobId, receipt.ConversationId));
    }

    /// <summary>Calls <paramref name="show"/> at each change of an answer until it has ended.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="show">Takes the connection's state and whether a stop is under way.</param>
    /// <param name="cancel">Leaves; the service goes on with the answer.</param>
    public async Task WatchAsync(Answer answer, Action<ConnectionState, bool> show, CancellationToken cancel)
    {
        var pressed = interrupt.Watch();
        try
        {
            Task? stopping = null;
            while (true)
            {
                show(feed.Connection, stopping is not null);
                if (answer.State.Status.IsEnd())
                    break;

                var change = feed.WaitAsync(cancel);
                if (stopping is null && await Task.WhenAny(change, pressed) == pressed)
                {
                    stopping = client.StopAsync(answer.JobId, cancel);
                    show(feed.Connection, true);
                }

                await change;
            }

            await (stopping ?? Task.CompletedTask);
        }
        finally
        {
            interrupt.Unwatch();
        }
    }
}
