using System.Collections.Concurrent;
using CloudIa.Protocol;
using StackExchange.Redis;

namespace CloudIa.Aws.Delivery;

/// <summary>
/// This part: words that other nodes could not be told while Redis was away, and that their clients could not find out by
/// themselves, because they never heard of the job. They are told when it is back.
/// </summary>
public sealed partial class RedisDeliveryBus
{
    /// <summary>Characters of such words: what an outage of minutes makes on one node. Beyond it the oldest are forgotten; clients find those when they ask.</summary>
    private const int MostUnsaid = 4 * 1024 * 1024;

    private readonly ConcurrentQueue<(RedisChannel Channel, string Word)> unsaid = new();
    private int unsaidLength;

    private void KeepUnsaid(string owner, ServerEvent published)
    {
        if (published is Accepted)
        {
            KeepUnsaid(owner, BusWord.Announced(node, published));
        }
    }

    private void KeepUnsaid(string owner, string word)
    {
        unsaid.Enqueue((BusNames.Owner(owner), word));
        var length = Interlocked.Add(ref unsaidLength, word.Length);
        while (length > MostUnsaid && unsaid.TryDequeue(out var oldest))
        {
            length = Interlocked.Add(ref unsaidLength, -oldest.Word.Length);
        }
    }

    /// <summary>Once the other nodes listen again, too.</summary>
    private void SayUnsaid()
    {
        while (!link.Unsettled && unsaid.TryDequeue(out var next))
        {
            Interlocked.Add(ref unsaidLength, -next.Word.Length);
            link.Say(next.Channel, next.Word);
        }
    }
}
