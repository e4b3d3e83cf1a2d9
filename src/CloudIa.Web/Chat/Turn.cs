using CloudIa.Client;
using CloudIa.Client.Answers;
using CloudIa.Protocol;
using CloudIa.Web.Markdown;

namespace CloudIa.Web.Chat;

/// <summary>One message of the user's and its answer, as the page shows them.</summary>
public sealed class Turn(string message, SafeMarkdown markdown)
{
    /// <summary>The same at every try to send this message, so that none of them counts twice.</summary>
    public string Key { get; } = CloudIaClient.NewKey();

    public string Message { get; } = message;

    /// <summary>Null until the service has the message.</summary>
    public Answer? Answer { get; private set; }

    /// <summary>Why the message could not be sent; null while that is tried, and once it was.</summary>
    public string? SendError { get; private set; }

    public StreamedMarkdown Text { get; } = new(markdown);

    public bool Ended => Answer?.State.Status.IsEnd() ?? false;

    /// <summary>The turn's looks have changed.</summary>
    public event Action? Changed;

    public void Sending()
    {
        SendError = null;
        Changed?.Invoke();
    }

    public void NotSent(string error)
    {
        SendError = error;
        Changed?.Invoke();
    }

    /// <summary>Shows an answer: the turn's first, or what has become of it.</summary>
    public void Show(Answer answer)
    {
        // An end stays: an event that comes late would begin its job anew.
        if (Ended && !answer.State.Status.IsEnd())
            return;

        Answer = answer;
        Text.Show(answer.Text, answer.State.Status.IsEnd());
        Changed?.Invoke();
    }
}
