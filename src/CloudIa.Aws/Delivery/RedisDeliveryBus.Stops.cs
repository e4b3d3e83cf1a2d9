using System.Collections.Concurrent;
using System.Globalization;
using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;

namespace CloudIa.Aws.Delivery;

/// <summary>
/// This part: stops. They are rare, so every node hears each of them and says whether it took it; no job costs a
/// subscription of its own, and a listener hears from the moment that it is there.
/// </summary>
public sealed partial class RedisDeliveryBus
{
    private readonly ConcurrentDictionary<JobKey, Func<bool>> stops = new();
    private readonly ConcurrentDictionary<int, StopAsk> asks = new();
    private readonly Listening stopsChannel;
    private readonly Listening nodeChannel;
    private int lastAsk;

    public IDisposable OnStop(JobKey job, Func<bool> stop)
    {
        stops[job] = stop;
        return new Handle(() => stops.TryRemove(KeyValuePair.Create(job, stop)));
    }

    public async ValueTask<StopSignal> SignalStopAsync(JobKey job, CancellationToken cancellation)
    {
        if (Stop(job))
        {
            return StopSignal.Taken;
        }

        var ask = new StopAsk();
        var number = Interlocked.Increment(ref lastAsk);
        asks[number] = ask;
        var unsettled = link.Unsettled;
        try
        {
            var word = string.Create(CultureInfo.InvariantCulture, $"s{node}{number} {job.JobId.Length} {job.JobId}{job.Owner}");
            var (answered, nodes) = await link.TryAsync(redis => redis.PublishAsync(BusNames.Stops, word));
            if (!answered)
            {
                return StopSignal.Unknown;
            }

            ask.Expect((int)nodes);
            return await ask.Taken.WaitAsync(link.Patience, time, cancellation) ? StopSignal.Taken : Nobody();
        }
        catch (TimeoutException)
        {
            // A node that was frozen, or is gone: its worker is fenced off.
            return Nobody();
        }
        finally
        {
            asks.TryRemove(number, out _);
        }

        // A node that has found Redis later than this one does not hear yet.
        StopSignal Nobody() => unsettled || link.Unsettled ? StopSignal.Unknown : StopSignal.Unheard;
    }

    private bool Stop(JobKey job) => stops.TryGetValue(job, out var stop) && stop();

    /// <summary>Some node asks. This one has looked already where it was itself.</summary>
    private void HearStop(string word)
    {
        if (word.Length <= BusWord.NodeLength + 1 || word[0] != 's')
        {
            return;
        }

        var asker = word.Substring(1, BusWord.NodeLength);
        var parts = word[(BusWord.NodeLength + 1)..].Split(' ', 3);
        if (parts.Length != 3
            || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            || length > parts[2].Length)
        {
            return;
        }

        if (asker == node)
        {
            Reply(number, taken: false);
            return;
        }

        var taken = Stop(new JobKey(parts[2][length..], parts[2][..length]));
        link.Say(BusNames.Node(asker), string.Create(CultureInfo.InvariantCulture, $"r{node}{number} {(taken ? 1 : 0)}"));
    }

    private void HearReply(string word)
    {
        if (BusWord.TryRead(word, node, out var kind, out var rest) && kind == 'r' && BusWord.TryReadGrew(rest, out var number, out var taken))
        {
            Reply(number, taken == "1");
        }
    }

    private void Reply(int number, bool taken)
    {
        if (asks.TryGetValue(number, out var ask))
        {
            ask.Reply(taken);
        }
    }

    /// <summary>One wish, and what the nodes say of it.</summary>
    private sealed class StopAsk
    {
        private readonly TaskCompletionSource<bool> taken = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int open;

        /// <summary>Whether one of them took it, once one did, or all did not.</summary>
        public Task<bool> Taken => taken.Task;

        /// <summary>So many nodes were asked; some may have replied before this is known.</summary>
        public void Expect(int nodes)
        {
            if (Interlocked.Add(ref open, nodes) <= 0)
            {
                taken.TrySetResult(false);
            }
        }

        public void Reply(bool yes)
        {
            if (yes)
            {
                taken.TrySetResult(true);
            }
            else if (Interlocked.Decrement(ref open) == 0)
            {
                taken.TrySetResult(false);
            }
        }
    }

    private sealed class Handle(Action release) : IDisposable
    {
        public void Dispose() => release();
    }
}
