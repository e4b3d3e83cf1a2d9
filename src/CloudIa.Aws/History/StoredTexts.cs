using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;

namespace CloudIa.Aws.History;

/// <summary>Writes long texts in parts, and puts them together again.</summary>
internal sealed class StoredTexts(DynamoCalls calls)
{
    private const string Text = "text";

    /// <summary>Parts in one call: together they stay far below what a call may bring.</summary>
    private const int PartsAtOnce = 8;

    /// <summary>Writes the parts of a text that has some.</summary>
    public async Task WriteAsync(ConversationKey conversation, StoredText text, CancellationToken cancellation)
    {
        foreach (var some in Items(conversation, text).Chunk(PartsAtOnce))
        {
            await calls.WriteAllAsync(some, [], cancellation);
        }
    }

    public static IEnumerable<Item> Items(ConversationKey conversation, StoredText text) =>
        text.Content.Select((part, i) => HistoryKeys.Part(conversation, text.PartsName!, i).ToItem().With(Text, part));

    public Task RemoveAsync(ConversationKey conversation, StoredText text, CancellationToken cancellation) =>
        text.Parts == 0 ? Task.CompletedTask : calls.WriteAllAsync([], Keys(conversation, text), cancellation);

    public async Task<string> ReadAsync(ConversationKey conversation, StoredText text, CancellationToken cancellation) =>
        text.Inline ?? (await ReadAllAsync(conversation, [text], cancellation))(text);

    /// <summary>Reads the parts of all of the texts at once; what comes back gives the text of each.</summary>
    public async Task<Func<StoredText, string>> ReadAllAsync(ConversationKey conversation, IEnumerable<StoredText> texts, CancellationToken cancellation)
    {
        var keys = texts.SelectMany(text => Keys(conversation, text)).ToList();
        var parts = keys.Count == 0 ? null : await calls.GetAllAsync(keys, cancellation);
        return text => text.Inline
            ?? string.Concat(Keys(conversation, text).Select(key => parts!.TryGetValue(key, out var part) ? part.Text(Text) : null));
    }

    private static IEnumerable<ItemKey> Keys(ConversationKey conversation, StoredText text) =>
        Enumerable.Range(0, text.Parts).Select(i => HistoryKeys.Part(conversation, text.PartsName!, i));
}
