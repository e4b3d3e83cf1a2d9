using CloudIa.Aws.Storage;
using StackExchange.Redis;

namespace CloudIa.Aws.Delivery;

/// <summary>
/// One channel that a node listens to. Its words are heard one after the other. Once Redis has taken the subscription
/// the client renews it by itself; until then it is asked for again and again.
/// </summary>
internal sealed class Listening(RedisLink link, RedisChannel channel, Action<string> hear) : IDisposable
{
    private readonly SemaphoreSlim gate = new(1);
    private ChannelMessageQueue? queue;

    /// <summary>It was closed: another one is to be made.</summary>
    public bool Closed { get; private set; }

    /// <summary>Returns once Redis has the subscription, or is found to be away. True where it has it by this call.</summary>
    public async ValueTask<bool> OpenAsync(CancellationToken cancellation)
    {
        await gate.WaitAsync(cancellation);
        try
        {
            if (queue is not null || Closed)
            {
                return false;
            }

            var (answered, opened) = await link.TryAsync(_ => link.Subscriber.SubscribeAsync(channel));
            if (answered)
            {
                queue = opened;
                queue!.OnMessage(word => hear((string)word.Message!));
            }
            else
            {
                // The client may have it all the same, and would collect words that nobody reads.
                Forget();
            }

            return answered;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Gives the channel up, if nobody needs it then.</summary>
    public async ValueTask<bool> CloseAsync(Func<bool> needed)
    {
        await gate.WaitAsync();
        try
        {
            if (Closed || needed())
            {
                return false;
            }

            Closed = true;
            if (queue is not null)
            {
                Forget();
            }

            return true;
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose() => gate.Dispose();

    /// <summary>With Redis away, too: the client would subscribe again once it is back. The channel is nobody else's on this link.</summary>
    private void Forget()
    {
        try
        {
            link.Subscriber.Unsubscribe(channel, flags: CommandFlags.FireAndForget);
        }
#pragma warning disable CA1031 // Whatever the client has against it.
        catch (Exception)
#pragma warning restore CA1031
        {
            // It has let go of the channel before it asks Redis.
        }
    }
}
