using CloudIa.Client.Answers;
using CloudIa.Protocol;

namespace CloudIa.Client.Live;

/// <summary>Something that a live connection has to tell.</summary>
public abstract record LiveNotice;

/// <summary>The connection's state has changed.</summary>
/// <param name="State">The new state.</param>
/// <param name="RetryIn">With Waiting: the pause before the next try.</param>
public sealed record ConnectionChanged(ConnectionState State, TimeSpan? RetryIn = null) : LiveNotice;

/// <summary>An answer has changed. It may have changed further by the time this is read.</summary>
/// <param name="Answer">
/// The answer, events folded in. An answer that ended is followed no longer: of one that failed and goes on this is another
/// (<see cref="Answers.Answer.GoesOnFrom"/>).
/// </param>
/// <param name="Outcome">What the event did; never Ignored or Gap.</param>
/// <param name="Event">The event.</param>
public sealed record AnswerChanged(Answer Answer, FoldOutcome Outcome, ServerEvent Event) : LiveNotice;

/// <summary>Any other event: another tab's message was accepted, a conversation changed, a frame was refused.</summary>
/// <param name="Event">The event.</param>
public sealed record ServiceSaid(ServerEvent Event) : LiveNotice;
