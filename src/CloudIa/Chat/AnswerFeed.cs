using System.Collections.Concurrent;
using System.Threading.Channels;
using CloudIa.Client;
using CloudIa.Client.Answers;
using CloudIa.Client.Live;
using CloudIa.Protocol;

namespace CloudIa.Chat;

/// <summary>Runs the live connection, and wakes whoever watches an answer when there may be something new.</summary>
internal sealed class AnswerFeed(LiveConnection live)
{
    // One sign is enough, however much has changed: the watcher looks at the answer itself.
    private readonly Channel<bool> _signs = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    // What the reader saw fail, by job, and what has become of it since.
    private readonly ConcurrentDictionary<string, Answer> _failed = new();

    /// <summary>How the connection stands.</summary>
    public ConnectionState Connection => live.State;

    /// <summary>Returns when cancelled; an error reaches the watcher.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            await foreach (var notice in live.RunAsync(cancel))
            {
                if (notice is AnswerChanged { Answer: var answer } && _failed.TryGetValue(answer.JobId, out var failed) && answer.GoesOnFrom(failed))
                    _failed[answer.JobId] = answer;
                _signs.Writer.TryWrite(true);
            }

            _signs.Writer.TryComplete();
        }
        catch (Exception error) when (error is CloudIaException or OperationCanceledException)
        {
            _signs.Writer.TryComplete(error);
        }
    }

    public Answer Follow(Answer answer) => live.Follow(answer);

    /// <summary>Keeps an eye on an answer that failed: its job may be tried again.</summary>
    public void Remember(Answer failed) => _failed[failed.JobId] = failed;

    /// <summary>One that goes on; null where none does.</summary>
    public Answer? FindGoingOn() => _failed.Values.FirstOrDefault(answer => answer.State.Status != JobStatus.Failed);

    /// <summary>It is shown, so it is looked after no longer.</summary>
    public void Forget(Answer goingOn) => _failed.TryRemove(goingOn.JobId, out _);

    /// <summary>Waits until an answer or the connection may have changed.</summary>
    public async Task WaitAsync(CancellationToken cancel) => await _signs.Reader.ReadAsync(cancel);
}
