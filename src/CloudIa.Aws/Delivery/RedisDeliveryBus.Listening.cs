using System.Collections.Concurrent;
using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Protocol;

namespace CloudIa.Aws.Delivery;

/// <summary>This part: feeds, and the channels of their owners. A channel is kept a little longer than its last feed, for a client that comes back.</summary>
public sealed partial class RedisDeliveryBus
{
    private readonly ConcurrentDictionary<string, Listening> owners = new();
    private readonly SemaphoreSlim wake = new(0);
    private HashSet<string> quiet = [];

    /// <summary>Owners whose channels are open; for tests that count.</summary>
    internal int OwnersHeard => owners.Count;

    public async ValueTask<OwnerFeed> FollowAsync(string owner, string? onlyJobId, CancellationToken cancellation)
    {
        var feed = feeds.Follow(owner, onlyJobId);
        try
        {
            Listening channel;
            do
            {
                channel = owners.GetOrAdd(owner, static (owner, bus) => new Listening(bus.link, BusNames.Owner(owner), word => bus.Hear(owner, word)), this);
                await channel.OpenAsync(cancellation);
            }
            while (channel.Closed);

            return feed;
        }
        catch
        {
            feed.Dispose();
            throw;
        }
    }

    private void Hear(string owner, string word)
    {
        if (!BusWord.TryRead(word, node, out var kind, out var rest))
        {
            return;
        }

        switch (kind)
        {
            case 'g' when BusWord.TryReadGrew(rest, out var attempt, out var jobId):
                HeardOf(new JobKey(owner, jobId), attempt);
                feeds.Grew(owner, jobId);
                break;
            case 'x':
                feeds.Ended(owner, rest.ToString());
                break;
            case 'e' when BusWord.ReadAnnounced(rest) is { } announced:
                if (announced is MessageStarted started)
                {
                    HeardOf(new JobKey(owner, started.JobId), started.Attempt);
                }

                feeds.Announce(owner, announced);
                break;
        }
    }

    private void HeardOf(JobKey job, int attempt)
    {
        ReadAnew(job);
        if (answers.TryGetValue(job, out var answer))
        {
            answer.Heard(attempt);
        }
    }

    private async Task KeepListeningAsync(bool back)
    {
        var now = new HashSet<string>();
        foreach (var (owner, channel) in owners)
        {
            if (!feeds.Any(owner))
            {
                now.Add(owner);
                if (quiet.Contains(owner) && await channel.CloseAsync(() => feeds.Any(owner)))
                {
                    owners.TryRemove(KeyValuePair.Create(owner, channel));
                }
            }
            else if (await channel.OpenAsync(closing.Token) || back)
            {
                feeds.Look(owner);
            }
        }

        quiet = now;
        await ListenToNodesAsync();
    }

    private async Task ListenToNodesAsync()
    {
        await stopsChannel.OpenAsync(closing.Token);
        await nodeChannel.OpenAsync(closing.Token);
    }

    // The channels close with the connection: an owner at a time would be long.
    private void Close()
    {
        stopsChannel.Dispose();
        nodeChannel.Dispose();
        wake.Dispose();
    }
}
