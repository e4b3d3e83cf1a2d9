using CloudIa.Client;
using CloudIa.Client.Answers;
using CloudIa.Protocol;
using CloudIa.Web.Markdown;

namespace CloudIa.Web.Chat;

/// <summary>The conversation on the page: its turns, oldest first, as far back as was read.</summary>
internal sealed class Conversation(CloudIaClient client, SafeMarkdown markdown)
{
    private readonly List<Turn> _turns = [];
    private string? _earlier;

    /// <summary>Null until its first message has been accepted.</summary>
    public string? Id { get; set; }

    public IReadOnlyList<Turn> Turns => _turns;

    /// <summary>Whether there are turns before the first one shown.</summary>
    public bool HasEarlier => _earlier is not null;

    /// <summary>The answer under way; null where none is.</summary>
    public Turn? Running => _turns.LastOrDefault(turn => turn is { Answer: not null, Ended: false });

    /// <summary>A new message of the user's.</summary>
    public Turn Add(string message)
    {
        var turn = new Turn(message, markdown);
        _turns.Add(turn);
        return turn;
    }

    public Turn? Find(string jobId) => _turns.Find(turn => turn.Answer?.JobId == jobId);

    /// <summary>
    /// Reads the newest turns and puts those in that are not here yet: at the beginning, after a lost connection,
    /// and when another tab has posted.
    /// </summary>
    /// <returns>The answers that have not ended.</returns>
    public async Task<IReadOnlyList<Answer>> ReadNewestAsync()
    {
        var page = await client.ReadMessagesAsync(Id!);
        if (_turns.Count == 0)
            _earlier = page.NextCursor;
        return Merge(page, atEnd: true);
    }

    /// <summary>Reads the turns before the first one shown.</summary>
    public async Task ReadEarlierAsync()
    {
        if (_earlier is not { } cursor)
            return;
        var page = await client.ReadMessagesAsync(Id!, cursor);
        _earlier = page.NextCursor;
        Merge(page, atEnd: false);
    }

    private List<Answer> Merge(Page<MessageView> page, bool atEnd)
    {
        var unfinished = new List<Answer>();
        var found = new List<Turn>();
        foreach (var job in page.Items.Reverse().GroupBy(message => message.JobId))
        {
            var answer = AnswerOf(job);
            var turn = Find(job.Key);
            if (turn is null)
            {
                turn = new Turn(job.FirstOrDefault(message => message.Role == MessageRole.User)?.Content ?? "", markdown);
                turn.Show(answer);
                found.Add(turn);
            }
            else if (answer.State.Status.IsEnd() && !turn.Ended)
            {
                turn.Show(answer);
            }

            if (!turn.Ended)
                unfinished.Add(turn.Answer!);
        }

        // Messages of this tab that are still on their way stay last.
        var at = atEnd ? _turns.FindLastIndex(turn => turn.Answer is not null) + 1 : 0;
        _turns.InsertRange(at, found);
        return unfinished;
    }

    private Answer AnswerOf(IGrouping<string, MessageView> job)
    {
        if (job.FirstOrDefault(message => message.Role == MessageRole.Assistant) is { } answered)
            return new Answer(Id!, answered);

        // No answer is stored (yet): the question knows how its job stands.
        var asked = job.First();
        return new Answer(Id!, asked with { Role = MessageRole.Assistant, Content = "", Attempt = null });
    }
}
