using CloudIa.Client;
using CloudIa.Client.Answers;
using CloudIa.Protocol;
using CloudIa.Web.Markdown;

namespace CloudIa.Web.Chat;

/// <summary>One message of the user's and its answer, or its answers, as the page shows them.</summary>
public sealed class Turn(string? message, SafeMarkdown markdown)
{
    private readonly StreamedMarkdown _current = new(markdown);
    private readonly StreamedMarkdown _earlier = new(markdown);
    private int _versions;
    private int? _number;

    /// <summary>The same at every try to send this message, so that none of them counts twice.</summary>
    public string Key { get; } = CloudIaClient.NewKey();

    /// <summary>What is sent under <see cref="Key"/>: the same at every try, whatever was chosen on the page since.</summary>
    public ChatRequest? Request { get; private set; }

    /// <summary>Null where a page of the history ended between the answer and its message.</summary>
    public string? Message { get; private set; } = message;

    /// <summary>The answer that is made, or that the conversation goes on from; null until the service has the message.</summary>
    public Answer? Answer { get; private set; }

    /// <summary>The answer on the page: the current one, or an earlier version.</summary>
    public Answer? Shown { get; private set; }

    /// <summary>The text of <see cref="Shown"/>.</summary>
    public StreamedMarkdown Text => IsCurrent ? _current : _earlier;

    public bool IsCurrent => ReferenceEquals(Shown, Answer);

    /// <summary>The turn's number in its conversation; null while the message waits.</summary>
    public int? Number => Answer?.State.Turn ?? _number;

    /// <summary>How many answers the turn has.</summary>
    public int Versions => Math.Max(_versions, Answer?.State.Version ?? 1);

    /// <summary>Which of them is on the page, from 1.</summary>
    public int Version => Shown?.State.Version ?? Versions;

    /// <summary>Why the message could not be sent; null while that is tried, and once it was.</summary>
    public string? SendError { get; private set; }

    /// <summary>On its way, and without a receipt.</summary>
    public bool IsSending => Answer is null && SendError is null;

    public bool Ended => Answer?.State.Status.IsEnd() ?? false;

    /// <summary>The turn's looks have changed.</summary>
    public event Action? Changed;

    public void Sending(ChatRequest request)
    {
        Request = request;
        SendError = null;
        Changed?.Invoke();
    }

    public void NotSent(string error)
    {
        SendError = error;
        Changed?.Invoke();
    }

    /// <summary>The message, where only its answer was known.</summary>
    public void Ask(string asked)
    {
        if (Message is not null)
            return;
        Message = asked;
        Changed?.Invoke();
    }

    /// <summary>Shows an answer: the turn's first, what has become of it, or the one that takes its place.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="versions">How many answers the turn has, where that is known.</param>
    public void Show(Answer answer, int versions = 0)
    {
        var another = answer.JobId != Answer?.JobId;
        // An end stays, but for a failure whose job is tried again: an event that comes late would begin it anew.
        if (!another && Ended && !answer.State.Status.IsEnd() && !answer.GoesOnFrom(Answer!))
            return;

        _number = Number;
        // That there is one more is known before it says which it is.
        var unnumbered = another && Answer is not null && answer.State.Version is null;
        _versions = Math.Max(versions, unnumbered ? Versions + 1 : Versions);
        if (another || IsCurrent)
            Shown = answer;
        Answer = answer;
        _current.Show(answer.Text, answer.State.Status.IsEnd());
        Changed?.Invoke();
    }

    /// <summary>Shows an earlier version; null: the current one again.</summary>
    public void ShowEarlier(Answer? earlier)
    {
        Shown = earlier ?? Answer;
        if (earlier is not null)
            _earlier.Show(earlier.Text, whole: true);
        Changed?.Invoke();
    }
}
