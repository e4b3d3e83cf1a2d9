using System.Threading.Channels;
using CloudIa.Client;
using CloudIa.Client.Answers;
using CloudIa.Client.Live;

namespace CloudIa.Chat;

/// <summary>Runs the live connection, and wakes whoever watches an answer when there may be something new.</summary>
internal sealed class AnswerFeed(LiveConnection live)
{
    // One sign is enough, however much has changed: the watcher looks at the answer itself.
    private readonly Channel<bool> _signs = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>How the connection stands.</summary>
    public ConnectionState Connection => live.State;

    /// <summary>Returns when cancelled; an error reaches the watcher.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            await foreach (var _ in live.RunAsync(cancel))
                _signs.Writer.TryWrite(true);
            _signs.Writer.TryComplete();
        }
        catch (Exception error) when (error is CloudIaException or OperationCanceledException)
        {
            _signs.Writer.TryComplete(error);
        }
    }

    public Answer Follow(Answer answer) => live.Follow(answer);

    /// <summary>Waits until an answer or the connection may have changed.</summary>
    public async Task WaitAsync(CancellationToken cancel) => await _signs.Reader.ReadAsync(cancel);
}
