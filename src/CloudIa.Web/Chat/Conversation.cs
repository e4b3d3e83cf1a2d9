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

    /// <summary>Null until it was read.</summary>
    public ConversationView? View { get; set; }

    /// <summary>Of a new conversation: what its first message will set. Null: the service's own prompt.</summary>
    public string? SystemPrompt { get; set; }

    /// <summary>Whether there is anything to show.</summary>
    public Presence Presence { get; set; } = Presence.Here;

    public IReadOnlyList<Turn> Turns => _turns;

    /// <summary>Ends when the last message that was sent has its receipt, or its error.</summary>
    public Task Posting { get; set; } = Task.CompletedTask;

    /// <summary>Whether there are turns before the first one shown.</summary>
    public bool HasEarlier => _earlier is not null;

    /// <summary>Earlier turns are on their way.</summary>
    public bool ReadingEarlier { get; private set; }

    /// <summary>The answer under way, or the one that waits next; null where none does.</summary>
    public Turn? Running => _turns.Find(turn => turn is { Answer: not null, Ended: false });

    /// <summary>The turn whose answer may be made again: the last one, unless something comes after it or is under way.</summary>
    public Turn? Last => _turns is [.., { Answer: not null } last] && last.Number is not null ? last : null;

    /// <summary>A new message of the user's.</summary>
    public Turn Add(string message)
    {
        var turn = new Turn(message, markdown);
        _turns.Add(turn);
        return turn;
    }

    public Turn? Find(string jobId) => _turns.Find(turn => turn.Answer?.JobId == jobId);

    public Turn? Find(int number) => _turns.FindLast(turn => turn.Number == number);

    /// <summary>
    /// Reads the newest turns and puts those in that are not here yet: at the beginning, after a lost connection,
    /// and when another tab has posted.
    /// </summary>
    /// <returns>The answers that have not ended.</returns>
    public async Task<IReadOnlyList<Answer>> ReadNewestAsync()
    {
        var page = await client.ReadMessagesAsync(Id!);
        // More was said elsewhere than a page holds: what is here would stand before a hole.
        var stored = _turns.Where(turn => turn.Answer is not null).ToList();
        if (page.NextCursor is not null && !page.Items.Any(message => TurnOf(message) is not null))
            _turns.RemoveAll(stored.Contains);
        if (!_turns.Exists(turn => turn.Answer is not null))
            _earlier = page.NextCursor;
        return Merge(page);
    }

    /// <summary>Reads the turns before the first one shown; nothing where that is under way.</summary>
    public async Task ReadEarlierAsync()
    {
        if (ReadingEarlier || _earlier is not { } cursor)
            return;
        ReadingEarlier = true;
        try
        {
            var page = await client.ReadMessagesAsync(Id!, cursor);
            // Where the newest were read anew meanwhile, this page does not join them.
            if (_earlier != cursor)
                return;
            _earlier = page.NextCursor;
            Merge(page);
        }
        finally
        {
            ReadingEarlier = false;
        }
    }

    /// <summary>Brings the turns into the order of their numbers: a message may have gone before those that wait.</summary>
    public void Arrange()
    {
        for (var i = 1; i < _turns.Count; i++)
        {
            if (Place(_turns[i - 1]) <= Place(_turns[i]))
                continue;
            var arranged = _turns.OrderBy(Place).ToList();
            _turns.Clear();
            _turns.AddRange(arranged);
            return;
        }
    }

    // Messages that wait come behind the numbered turns, and those without a receipt behind them.
    private static int Place(Turn turn) => turn.Number ?? (turn.Answer is null ? int.MaxValue : int.MaxValue - 1);

    private Turn? TurnOf(MessageView message) =>
        Find(message.JobId) ?? (message.Turn is { } number ? Find(number) : null);

    private List<Answer> Merge(Page<MessageView> page)
    {
        var unfinished = new List<Answer>();
        var found = new List<Turn>();
        foreach (var messages in page.Items.Reverse().GroupBy(message => message.Turn?.ToString() ?? message.JobId))
        {
            var asked = messages.FirstOrDefault(message => message.Role == MessageRole.User);
            var answered = messages.FirstOrDefault(message => message.Role == MessageRole.Assistant);
            var turn = TurnOf(answered ?? asked!);
            if (turn is null)
            {
                turn = new Turn(asked?.Content, markdown);
                found.Add(turn);
            }
            else if (asked is not null)
            {
                turn.Ask(asked.Content);
            }

            // Where a page ends between an answer and its message, the one that came first stays.
            if (answered is not null || turn.Answer is null)
            {
                var answer = AnswerOf(answered ?? asked!);
                if (IsNews(turn, answer))
                    turn.Show(answer, answered?.Versions ?? 0);
            }

            if (!turn.Ended)
                unfinished.Add(turn.Answer!);
        }

        _turns.InsertRange(0, found);
        Arrange();
        return unfinished;
    }

    private static bool IsNews(Turn turn, Answer answer) => turn.Answer switch
    {
        null => true,
        var shown when shown.JobId == answer.JobId && turn.Ended => answer.GoesOnFrom(shown),
        // Where its job is tried again since, a failure on the page is an old one.
        var shown when shown.JobId == answer.JobId => answer.State.Status.IsEnd() && answer.Position.Attempt >= shown.Position.Attempt,
        // A version that ended without text has handed its place back; one that is made is not on an older page yet.
        var shown => !(answer.State.Version < turn.Versions) || (turn.Ended && shown.Text.Length == 0),
    };

    private Answer AnswerOf(MessageView message) => message.Role == MessageRole.Assistant
        ? new Answer(Id!, message)
        // No answer is stored (yet): the question knows how its job stands.
        : new Answer(Id!, message with { Role = MessageRole.Assistant, Content = "", Attempt = null });
}

/// <summary>Whether a conversation can be shown.</summary>
internal enum Presence
{
    Here,

    /// <summary>It is being read for the first time.</summary>
    Opening,

    /// <summary>There is none, or it is somebody else's.</summary>
    Missing,

    /// <summary>It was deleted while it was shown.</summary>
    Deleted,
}
