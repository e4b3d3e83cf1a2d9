using Amazon.SQS.Model;
using CloudIa.Core.Queue;

namespace CloudIa.Aws.Queue;

/// <summary>
/// What this process has leased, and what it parked. A lease whose time is over by this clock is lost, whatever the engine
/// would still say to its receipt.
/// </summary>
internal sealed class HeldLeases(TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, HeldMessage> held = [];
    private readonly Dictionary<string, (string Receipt, DateTimeOffset Until)> parked = [];

    public void Add(IEnumerable<HeldMessage> messages)
    {
        lock (gate)
        {
            Forget_NeedsLock();
            foreach (var message in messages)
            {
                held[message.Receipt] = message;
                parked.Remove(message.Group);
            }
        }
    }

    /// <summary>Null where the lease was lost, or has ended.</summary>
    public HeldMessage? Find(string receipt)
    {
        lock (gate)
        {
            return held.TryGetValue(receipt, out var message) && message.Until > time.GetUtcNow() ? message : null;
        }
    }

    public void Extend(HeldMessage message, DateTimeOffset until)
    {
        lock (gate)
        {
            if (held.ContainsKey(message.Receipt))
            {
                held[message.Receipt] = message with { Until = until };
            }
        }
    }

    /// <summary>Ends a lease. False where somebody else did.</summary>
    public bool End(string receipt)
    {
        lock (gate)
        {
            return held.Remove(receipt);
        }
    }

    /// <summary>Remembers the receipt of a message that waits for a delay, with which that can be ended.</summary>
    public void Park(HeldMessage message, DateTimeOffset until)
    {
        lock (gate)
        {
            parked[message.Group] = (message.Receipt, until);
        }
    }

    /// <summary>The receipt of the group's parked message, once; null where this process parked none.</summary>
    public string? Unpark(string group)
    {
        lock (gate)
        {
            return parked.Remove(group, out var message) && message.Until > time.GetUtcNow() ? message.Receipt : null;
        }
    }

    private void Forget_NeedsLock()
    {
        var now = time.GetUtcNow();
        foreach (var (receipt, message) in held)
        {
            if (message.Until <= now)
            {
                held.Remove(receipt);
            }
        }

        foreach (var (group, message) in parked)
        {
            if (message.Until <= now)
            {
                parked.Remove(group);
            }
        }
    }
}

/// <summary>A received message.</summary>
/// <param name="Message">As the engine gave it.</param>
/// <param name="Job">What is in it.</param>
/// <param name="Until">When its lease ends.</param>
internal sealed record HeldMessage(Message Message, JobMessage Job, DateTimeOffset Until)
{
    public string Receipt => Message.ReceiptHandle;

    public string Group { get; } = SqsMessage.GroupOf(Message);
}
