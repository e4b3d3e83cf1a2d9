using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Protocol;
using StackExchange.Redis;

namespace CloudIa.Aws.History;

/// <summary>
/// A conversation's newest turns that have ended, kept in Redis for a while, so that the prompt of its next turn costs the
/// table one small read whatever the window holds.
/// <para>What is kept names the revision of the conversation that it was true at, and each reader compares it with the
/// conversation's item as it is now: so nothing that is kept has to be taken back, and Redis may forget, or keep, what it
/// likes. An ended turn changes by a new revision only: a place that is taken (a new turn's, or a new version's), or a
/// redrive.</para>
/// </summary>
/// <param name="link">The way to Redis.</param>
/// <param name="life">How long turns are kept after the last that was added.</param>
public sealed class MessageCache(RedisLink link, TimeSpan life)
{
    /// <summary>Turns that are kept of a conversation: as many as a prompt has at most, unless it is told otherwise.</summary>
    private const int MostTurns = 200;

    /// <summary>UTF-8 bytes of a turn that is kept, as JSON: with all of them a conversation stays below 3.2 MB.</summary>
    private const int LongestTurn = 16 * 1024;

    /// <summary>Texts as they are: nobody takes this for a part of a page.</summary>
    private static readonly HistoryJson Json = new(new JsonSerializerOptions(HistoryJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    private readonly int seconds = (int)life.TotalSeconds;

    /// <summary>What is kept of a conversation's turns up to one, newest first. Null where nothing is, or Redis is away.</summary>
    internal async Task<KeptTurns?> FindAsync(ConversationKey conversation, int to, int limit)
    {
        var (_, found) = await link.TryAsync(redis => redis.ScriptEvaluateAsync(MessageCacheScripts.Read, Keys(conversation), [to, limit]));
        if (found is null or { IsNull: true })
        {
            return null;
        }

        try
        {
            var values = (RedisValue[])found!;
            return new KeptTurns(
                (long)values[0], (int)values[1], (int)values[2], [.. values[3..].Select(turn => JsonSerializer.Deserialize((ReadOnlySpan<byte>)(byte[])turn!, Json.Turn)!)]);
        }
        catch (Exception error) when (error is JsonException or InvalidCastException)
        {
            // Whoever wrote that, the table has it too.
            return null;
        }
    }

    /// <summary>Keeps a page of a conversation's newest turns, or of those just before the ones that are kept. Nobody waits for it.</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="item">What was read of it before the page.</param>
    /// <param name="kept">What is kept, where it is true at that.</param>
    /// <param name="page">The page, newest first.</param>
    internal void Keep(ConversationKey conversation, ConversationItem item, KeptTurns? kept, IReadOnlyList<Turn> page)
    {
        var turns = new List<RedisValue>();
        var newest = page.FirstOrDefault(turn => turn.End is not null)?.Number ?? 0;
        foreach (var turn in page.SkipWhile(turn => turn.End is null).Take(MostTurns))
        {
            // A number that is missing was taken a moment ago, and its turn is not written yet.
            if (turn.Number != newest - turns.Count || MayChange(turn, item) || JsonOf(turn) is not { } json)
            {
                break;
            }

            turns.Add(json);
        }

        if (turns.Count > 0 && newest >= item.LastTurn - 1)
        {
            Send(MessageCacheScripts.Keep, conversation, [seconds, item.Rev, item.LastTurn, newest, .. turns]);
        }
        else if (turns.Count > 0 && kept is not null)
        {
            Send(MessageCacheScripts.Extend, conversation, [seconds, kept.Revision, kept.Turns, kept.Last, newest, MostTurns, .. turns]);
        }
    }

    /// <summary>Adds a conversation's newest turn, which has just ended, to those before it. Nobody waits for it.</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="revision">That of the conversation since the turn took its place.</param>
    /// <param name="turn">The turn.</param>
    internal void Add(ConversationKey conversation, long revision, Turn turn)
    {
        if (JsonOf(turn) is { } json)
        {
            Send(MessageCacheScripts.Add, conversation, [seconds, revision, turn.Number!.Value, json, MostTurns]);
        }
    }

    /// <summary>The owner wants nothing of it to be left.</summary>
    internal async Task ForgetAsync(ConversationKey conversation) => await link.TryAsync(redis => redis.KeyDeleteAsync(Keys(conversation)));

    /// <summary>
    /// Whether a turn is not at its end, or may look as if it were: the conversation and the turn change together where a
    /// version begins, or a failure is forgotten, but are not seen together.
    /// </summary>
    private static bool MayChange(Turn turn, ConversationItem item) => turn.End is not { } end
        || (end.Status == JobStatus.Failed && item.Open.ContainsKey(turn.JobId))
        || item.Open.Values.Any(open => open.Place.Turn == turn.Number && open.Place.Version > turn.Versions);

    private void Send(string script, ConversationKey conversation, RedisValue[] arguments) =>
        link.Send(redis => redis.ScriptEvaluate(script, Keys(conversation), arguments, CommandFlags.FireAndForget));

    private static RedisValue? JsonOf(Turn turn) =>
        JsonSerializer.SerializeToUtf8Bytes(turn, Json.Turn) is { Length: <= LongestTurn } json ? json : null;

    /// <summary>
    /// An owner's length stands before it, so that no two owners' names meet; braces keep both keys in one slot. The 1 is the
    /// form of what is kept.
    /// </summary>
    private static RedisKey[] Keys(ConversationKey conversation)
    {
        var name = string.Create(
            CultureInfo.InvariantCulture, $"cloudia:messages:1:{{{conversation.Owner.Length}:{conversation.Owner}:{conversation.ConversationId}}}");
        return [name, name + ":turns"];
    }
}

/// <summary>Turns that are kept.</summary>
/// <param name="Revision">The conversation's, at which they were true.</param>
/// <param name="Turns">How many turns the conversation had then.</param>
/// <param name="Last">The newest that is kept.</param>
/// <param name="Page">Those that were asked for, newest first.</param>
internal sealed record KeptTurns(long Revision, int Turns, int Last, IReadOnlyList<Turn> Page)
{
    /// <summary>
    /// Whether they are still true. Since they were one more turn may have taken its place, and nothing else: it was the one
    /// change if the conversation has one revision and one turn more.
    /// </summary>
    public bool IsTrueAt(ConversationItem conversation) => (conversation.Rev - Revision) is 0 or 1 && conversation.LastTurn - Turns == conversation.Rev - Revision;

    /// <summary>The turns up to one, where all that were asked for are there.</summary>
    public IReadOnlyList<Turn>? Whole(ConversationItem conversation, int to, int limit)
    {
        var newest = Math.Min(to, conversation.LastTurn);
        return Last >= newest && Page.Count > 0 && Page[0].Number == newest && (Page.Count == limit || Page[^1].Number == 1) ? Page : null;
    }
}

/// <summary>What the history keeps in Redis as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Turn))]
internal sealed partial class HistoryJson : JsonSerializerContext;
