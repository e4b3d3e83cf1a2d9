using CloudIa.Client;
using CloudIa.Protocol;

namespace CloudIa.Web.Chat;

/// <summary>The side panel's list, newest first, as far back as was read.</summary>
internal sealed class ConversationList(CloudIaClient client)
{
    private readonly List<ConversationView> _items = [];
    private string? _more;

    public IReadOnlyList<ConversationView> Items => _items;

    public bool HasMore => _more is not null;

    /// <summary>Reads the newest page; what was read of older ones stays.</summary>
    public async Task RefreshAsync()
    {
        var page = await client.ListConversationsAsync();
        var fresh = page.Items.Select(item => item.ConversationId).ToHashSet(StringComparer.Ordinal);
        // One that stood on the first page and is on it no more was deleted, or has moved to the second.
        var older = _items.Count > page.Items.Count && page.NextCursor is not null
            ? _items.Where(item => !fresh.Contains(item.ConversationId)).ToArray()
            : [];
        _items.Clear();
        _items.AddRange(page.Items);
        _items.AddRange(older);
        if (older.Length == 0)
            _more = page.NextCursor;
    }

    public async Task ReadMoreAsync()
    {
        if (_more is not { } cursor)
            return;
        var page = await client.ListConversationsAsync(cursor: cursor);
        _more = page.NextCursor;
        var known = _items.Select(item => item.ConversationId).ToHashSet(StringComparer.Ordinal);
        _items.AddRange(page.Items.Where(item => !known.Contains(item.ConversationId)));
    }
}
