using System.Collections.Concurrent;
using System.Collections.Immutable;
using CloudIa.Protocol;

namespace CloudIa.Core.Delivery;

/// <summary>The feeds of this process, by owner. Safe for many at once; what one caller announces, each feed hears in its order.</summary>
public sealed class OwnerFeeds
{
    private readonly ConcurrentDictionary<string, ImmutableArray<OwnerFeed>> feeds = new();
    private readonly Action<OwnerFeed> leave;

    public OwnerFeeds() => leave = Leave;

    /// <summary>Whether an owner has any.</summary>
    public bool Any(string owner) => feeds.ContainsKey(owner);

    public OwnerFeed Follow(string owner, string? onlyJobId)
    {
        var feed = new OwnerFeed(owner, onlyJobId, leave);
        feeds.AddOrUpdate(owner, static (_, feed) => [feed], static (_, all, feed) => all.Add(feed), feed);
        return feed;
    }

    public void Announce(string owner, ServerEvent announced)
    {
        var jobId = JobOf(announced);
        foreach (var feed in Of(owner))
        {
            feed.Announce(jobId, announced);
        }
    }

    public void Grew(string owner, string jobId)
    {
        foreach (var feed in Of(owner))
        {
            feed.Grew(jobId);
        }
    }

    public void Ended(string owner, string jobId)
    {
        foreach (var feed in Of(owner))
        {
            feed.Ended(jobId);
        }
    }

    /// <summary>Words to an owner may have been lost.</summary>
    public void Look(string owner)
    {
        foreach (var feed in Of(owner))
        {
            feed.Look();
        }
    }

    /// <summary>The job that an event is about; null where it is about none.</summary>
    public static string? JobOf(ServerEvent announced) => announced switch
    {
        JobEvent job => job.JobId,
        ErrorEvent error => error.JobId,
        _ => null,
    };

    private ImmutableArray<OwnerFeed> Of(string owner) => feeds.TryGetValue(owner, out var all) ? all : [];

    private void Leave(OwnerFeed feed)
    {
        while (feeds.TryGetValue(feed.Owner, out var all))
        {
            var rest = all.Remove(feed);
            var done = rest.IsEmpty
                ? feeds.TryRemove(KeyValuePair.Create(feed.Owner, all))
                : feeds.TryUpdate(feed.Owner, rest, all);
            if (done)
            {
                return;
            }
        }
    }
}
