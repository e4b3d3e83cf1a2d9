using Amazon.SQS.Model;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using Microsoft.Extensions.Logging;

namespace CloudIa.Aws.Queue;

/// <summary>
/// How messages come: one long poll at a time, for all who wait. It is not cut off when they go, because the engine may
/// have leased messages to it by then; what comes for nobody is given back at once.
/// </summary>
public sealed partial class SqsJobQueue
{
    /// <summary>Messages in one receive, as the engine has it.</summary>
    private const int MaxMessages = 10;

    private readonly Lock gate = new();
    private readonly List<Receiver> receivers = [];
    private readonly CancellationTokenSource closing = new();
    private Task polling = Task.CompletedTask;
    private bool polls;
    private bool closed;

    public async Task<IReadOnlyList<JobLease>> ReceiveAsync(int max, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var receiver = new Receiver(max);
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closed, this);
            receivers.Add(receiver);
            if (!polls)
            {
                polls = true;
                polling = Task.Run(PollAsync, CancellationToken.None);
            }
        }

        await using var leaving = cancellation.Register(() => Leave(receiver, cancellation));
        return await receiver.Task;
    }

    private void Leave(Receiver receiver, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (receivers.Remove(receiver))
            {
                receiver.TrySetCanceled(cancellation);
            }
        }
    }

    private async Task PollAsync()
    {
        while (Wanted() is > 0 and var wanted)
        {
            try
            {
                await SweepIfDueAsync();
                await HandOutAsync(await ReceiveAsync(wanted));
            }
#pragma warning disable CA1031 // Whatever it was, those who wait are told, and the next one to wait polls again.
            catch (Exception error)
#pragma warning restore CA1031
            {
                Fail(error);
            }
        }
    }

    private async Task<IReadOnlyList<Message>> ReceiveAsync(int wanted)
    {
        lock (gate)
        {
            if (receivers.Count == 0)
            {
                // They went during the sweep.
                return [];
            }
        }

        return await channel.ReceiveAsync(Math.Min(MaxMessages, wanted), queueOptions.LeaseSeconds, options.PollSeconds, CancellationToken.None);
    }

    /// <summary>How many messages there are takers for; where there are none, the poll is over.</summary>
    private int Wanted()
    {
        lock (gate)
        {
            polls = receivers.Count > 0;
            return receivers.Sum(receiver => Math.Min(MaxMessages, receiver.Max));
        }
    }

    private void Fail(Exception error)
    {
        lock (gate)
        {
            receivers.ForEach(receiver => receiver.TrySetException(error));
            receivers.Clear();
        }
    }

    /// <summary>
    /// The first message of each group goes to who waits. The later ones go back at once: their group is blocked by the
    /// first, so they come again after it and in their order.
    /// </summary>
    private async Task HandOutAsync(IReadOnlyList<Message> messages)
    {
        var until = time.GetUtcNow() + queueOptions.Lease;
        var first = new List<HeldMessage>();
        var back = new List<string>();
        var groups = new HashSet<string>();
        foreach (var message in messages)
        {
            var one = new HeldMessage(message, SqsMessage.Read(message), until);
            if (!groups.Add(one.Group))
            {
                back.Add(one.Receipt);
            }
            else if (SqsMessage.IsNobodys(one.Job))
            {
                await BuryUnreadableAsync(one);
            }
            else
            {
                first.Add(one);
            }
        }

        back.AddRange(Give(first).Select(one => one.Receipt));
        await GiveBackAsync(back);
    }

    private async Task BuryUnreadableAsync(HeldMessage message)
    {
        try
        {
            await WriteAsync(message, ErrorCode.MessageUnreadable, CancellationToken.None);
            await channel.DeleteAsync(message.Receipt, CancellationToken.None);
        }
        catch (QueueUnavailableException error)
        {
            LogNotBuried(error, message.Message.MessageId);
        }
    }

    /// <summary>Gives each receiver what it asked for, as far as it goes; what is over.</summary>
    private List<HeldMessage> Give(List<HeldMessage> messages)
    {
        lock (gate)
        {
            var given = 0;
            while (receivers.Count > 0 && given < messages.Count)
            {
                var share = messages.Skip(given).Take(receivers[0].Max).ToList();
                given += share.Count;
                held.Add(share);
                receivers[0].TrySetResult([.. share.Select(one => new JobLease(one.Job, one.Receipt))]);
                receivers.RemoveAt(0);
            }

            return messages[given..];
        }
    }

    /// <summary>Done before the next poll, which might else find their groups still blocked.</summary>
    private async Task GiveBackAsync(List<string> receipts)
    {
        try
        {
            await Task.WhenAll(receipts.Select(receipt => channel.ChangeAsync(receipt, 0, CancellationToken.None)));
        }
        catch (QueueUnavailableException error)
        {
            LogNotGivenBack(error, receipts.Count);
        }
    }

    /// <summary>
    /// Waits for the last long poll, so that no message is leased to a process that has gone: what this one gives back at its
    /// end, its own poll is often the first to get. One that the engine does not answer lasts as long as a call may take.
    /// </summary>
    private async Task CloseAsync()
    {
        lock (gate)
        {
            if (closed)
            {
                return;
            }

            closed = true;
        }

        Fail(new OperationCanceledException("The queue was closed."));
        await closing.CancelAsync();
        await polling;
        closing.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} messages could not be given back; they come again when their leases run out.")]
    private partial void LogNotGivenBack(Exception error, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Message {MessageId}, which cannot be read, could not be put to the dead letters; it comes again.")]
    private partial void LogNotBuried(Exception error, string messageId);

    private sealed class Receiver(int max) : TaskCompletionSource<IReadOnlyList<JobLease>>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public int Max => max;
    }
}
