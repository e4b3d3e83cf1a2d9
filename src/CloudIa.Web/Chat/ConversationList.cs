using CloudIa.Client;
using CloudIa.Protocol;

namespace CloudIa.Web.Chat;

/// <summary>The side panel's list, the newest message first, as far back as was read.</summary>
internal sealed class ConversationList(CloudIaClient client)
{
    private readonly List<ConversationView> _items = [];
    private string? _more;
    private int _asked;

    public IReadOnlyList<ConversationView> Items => _items;

    public bool HasMore => _more is not null;

    /// <summary>Whether the list was read at all: an empty one is then empty.</summary>
    public bool Read { get; private set; }

    /// <summary>The next page is on its way.</summary>
    public bool ReadingMore { get; private set; }

    /// <summary>The words that the listed conversations hold; "": all are listed.</summary>
    public string Query { get; private set; } = "";

    /// <summary>Lists the conversations that hold all of the words; "": all. The last call counts, whichever is answered last.</summary>
    public Task SearchAsync(string words)
    {
        Query = words.Trim();
        return ReadAsync(keepOlder: false);
    }

    /// <summary>Reads the newest page; what was read of older ones stays.</summary>
    public Task RefreshAsync() => ReadAsync(keepOlder: true);

    /// <summary>Reads the next page; nothing where that is under way.</summary>
    public async Task ReadMoreAsync()
    {
        if (ReadingMore || _more is not { } cursor)
            return;
        ReadingMore = true;
        var asked = _asked;
        try
        {
            var page = await client.ListConversationsAsync(Words, cursor);
            if (asked != _asked)
                return;
            _more = page.NextCursor;
            var known = _items.Select(item => item.ConversationId).ToHashSet(StringComparer.Ordinal);
            _items.AddRange(page.Items.Where(item => !known.Contains(item.ConversationId)));
        }
        finally
        {
            ReadingMore = false;
        }
    }

    public ConversationView? Find(string? conversationId) => _items.Find(item => item.ConversationId == conversationId);

    /// <summary>Shows another title; false where the conversation is not listed.</summary>
    public bool Rename(string conversationId, string title)
    {
        var at = _items.FindIndex(item => item.ConversationId == conversationId);
        if (at >= 0)
            _items[at] = _items[at] with { Title = title };
        return at >= 0;
    }

    public void Remove(string conversationId) => _items.RemoveAll(item => item.ConversationId == conversationId);

    /// <summary>A message was accepted: its conversation is the newest. False where it is not listed.</summary>
    public bool Lift(string conversationId)
    {
        if (Find(conversationId) is not { } item)
            return false;
        // What was searched for stays where it was found.
        if (Query.Length == 0)
        {
            _items.Remove(item);
            _items.Insert(0, item);
        }

        return true;
    }

    private string? Words => Query.Length == 0 ? null : Query;

    private async Task ReadAsync(bool keepOlder)
    {
        var asked = ++_asked;
        var page = await client.ListConversationsAsync(Words);
        if (asked != _asked)
            return;
        var fresh = page.Items.Select(item => item.ConversationId).ToHashSet(StringComparer.Ordinal);
        // One that stood on the first page and is on it no more was deleted, or has moved to the second.
        var older = keepOlder && _items.Count > page.Items.Count && page.NextCursor is not null
            ? _items.Where(item => !fresh.Contains(item.ConversationId)).ToArray()
            : [];
        _items.Clear();
        _items.AddRange(page.Items);
        _items.AddRange(older);
        Read = true;
        if (older.Length == 0)
            _more = page.NextCursor;
    }
}
