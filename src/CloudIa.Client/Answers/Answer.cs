using CloudIa.Protocol;

namespace CloudIa.Client.Answers;

/// <summary>
/// One job as a client sees it: the answer's text, where the job stands, and why. Events go in through
/// <see cref="Apply"/> in any order and any number of times. Safe to read while another thread applies.
/// </summary>
public sealed class Answer
{
    // What the server says when it does not know the position we named.
    private const string PositionUnknown = "position_unknown";

    private readonly Lock _lock = new();
    private readonly AnswerText _text;
    private AnswerState _state;

    // The attempt after which the job was given up; null where it was not, or nobody said.
    private int? _failedAt;

    /// <summary>An answer of which nothing is held yet.</summary>
    public Answer(string jobId, string conversationId)
    {
        JobId = jobId;
        ConversationId = conversationId;
        _text = new AnswerText();
        _state = new AnswerState(JobStatus.Queued);
    }

    /// <summary>An answer as the history shows it: ended, or so far.</summary>
    /// <param name="conversationId">The conversation that was read.</param>
    /// <param name="message">Its assistant message.</param>
    public Answer(string conversationId, MessageView message)
    {
        ArgumentNullException.ThrowIfNull(message);
        JobId = message.JobId;
        ConversationId = conversationId;
        // Without the attempt the text has no position, so a running answer is fetched from its start.
        _text = message.Attempt is { } attempt || message.Status.IsEnd()
            ? new AnswerText(message.Attempt ?? 0, message.Content)
            : new AnswerText();
        _failedAt = message.Status == JobStatus.Failed ? message.Attempt : null;
        _state = new AnswerState(message.Status)
        {
            Turn = message.Turn,
            Version = message.Version,
            Model = message.Model,
            Error = message.Error,
            Metadata = MetadataOf(message),
        };
    }

    /// <summary>The job that answers.</summary>
    public string JobId { get; }

    /// <summary>The conversation it belongs to.</summary>
    public string ConversationId { get; }

    /// <summary>Everything but the text, as of one moment.</summary>
    public AnswerState State
    {
        get
        {
            lock (_lock)
                return _state;
        }
    }

    /// <summary>The text held: a prefix of the newest attempt's, and the stored text once completed.</summary>
    public string Text
    {
        get
        {
            lock (_lock)
                return _text.ToString();
        }
    }

    /// <summary>Where the text ends.</summary>
    public Position Position
    {
        get
        {
            lock (_lock)
                return _text.Position;
        }
    }

    /// <summary>The text and where it ends, as of one moment.</summary>
    public (Position Position, string Text) Held
    {
        get
        {
            lock (_lock)
                return (_text.Position, _text.ToString());
        }
    }

    /// <summary>Takes an event in.</summary>
    /// <returns>
    /// What it changed; Ignored for events of other jobs and for all events after the end. An answer that failed goes on
    /// with an event of a higher attempt: somebody had its job tried again.
    /// </returns>
    public FoldOutcome Apply(ServerEvent happened)
    {
        lock (_lock)
        {
            if (JobIdOf(happened) != JobId || (_state.Status.IsEnd() && !(AttemptOf(happened) > FailedAt)))
                return FoldOutcome.Ignored;

            return happened switch
            {
                Accepted => FoldOutcome.Ignored,
                MessageStarted started => Begin(started),
                MessageDelta delta => Grow(delta),
                MessageRestarted restarted => Restart(restarted),
                MessageCompleted ended => End(JobStatus.Completed, ended.Turn, ended.Attempt, ended.Content, ended.Metadata),
                MessageStopped ended => End(JobStatus.Cancelled, ended.Turn, ended.Attempt, ended.Content, ended.Metadata),
                ErrorEvent error => Fail(error),
                _ => FoldOutcome.Ignored,
            };
        }
    }

    /// <summary>Whether this is what has become of an answer that had failed: the same job, in a higher attempt.</summary>
    public bool GoesOnFrom(Answer failed)
    {
        ArgumentNullException.ThrowIfNull(failed);
        return failed.JobId == JobId && Position.Attempt > failed.LastAttempt;
    }

    /// <summary>The job an event is about; null where it is about none.</summary>
    public static string? JobIdOf(ServerEvent happened) => happened switch
    {
        JobEvent of => of.JobId,
        ErrorEvent error => error.JobId,
        _ => null,
    };

    private int? FailedAt => _state.Status == JobStatus.Failed ? _failedAt : null;

    private int? LastAttempt
    {
        get
        {
            lock (_lock)
                return FailedAt;
        }
    }

    private static int? AttemptOf(ServerEvent happened) => happened switch
    {
        MessageStarted started => started.Attempt,
        MessageDelta delta => delta.Attempt,
        MessageRestarted restarted => restarted.Attempt,
        MessageCompleted completed => completed.Attempt,
        MessageStopped stopped => stopped.Attempt,
        ErrorEvent error => error.Attempt,
        _ => null,
    };

    private static AnswerMetadata? MetadataOf(MessageView message) =>
        message is { Model: { } model, Usage: { } usage, DurationMs: { } took, FinishReason: { } reason }
            ? new AnswerMetadata
            {
                Model = model,
                Tokens = usage.InputTokens + usage.OutputTokens,
                InputTokens = usage.InputTokens,
                OutputTokens = usage.OutputTokens,
                Cost = usage.Cost,
                Attempts = message.Attempt ?? 1,
                DurationMs = took,
                FinishReason = reason,
            }
            : null;

    private FoldOutcome Begin(MessageStarted started)
    {
        if (started.Attempt < _text.Attempt)
            return FoldOutcome.Ignored;

        _state = _state with
        {
            Status = JobStatus.Running,
            Turn = started.Turn,
            Version = started.Version,
            Model = started.Model,
            Error = null,
            RetryAt = null,
        };
        var hadText = _text.Position.Offset > 0;
        return _text.Restart(started.Attempt) == FoldOutcome.Replaced && hadText ? FoldOutcome.Replaced : FoldOutcome.Noted;
    }

    private FoldOutcome Grow(MessageDelta delta)
    {
        var outcome = _text.Place(delta.Attempt, delta.Offset, delta.Delta);
        if (outcome != FoldOutcome.Ignored)
            _state = _state with { Status = JobStatus.Running, Error = null, RetryAt = null };
        return outcome;
    }

    private FoldOutcome Restart(MessageRestarted restarted)
    {
        // Also an attempt older than ours: the service answers our own resume, so its word is the newer one.
        var outcome = restarted.Reason == PositionUnknown
            ? _text.Replace(restarted.Attempt, "")
            : _text.Restart(restarted.Attempt);
        if (outcome == FoldOutcome.Replaced)
            _state = _state with { Status = JobStatus.Running, Error = null, RetryAt = null };
        return outcome;
    }

    private FoldOutcome End(JobStatus status, int turn, int attempt, string? content, AnswerMetadata? metadata)
    {
        _text.End(attempt, content);
        _state = new AnswerState(status) { Turn = turn, Version = _state.Version, Model = metadata?.Model ?? _state.Model, Metadata = metadata };
        return FoldOutcome.Ended;
    }

    private FoldOutcome Fail(ErrorEvent error)
    {
        _failedAt = error.Final ? error.Attempt : null;
        _state = _state with
        {
            Status = error.Final ? JobStatus.Failed : JobStatus.Deferred,
            Error = new JobError(error.Code, error.Message),
            RetryAt = error.RetryAt,
        };
        return error.Final ? FoldOutcome.Ended : FoldOutcome.Noted;
    }
}
