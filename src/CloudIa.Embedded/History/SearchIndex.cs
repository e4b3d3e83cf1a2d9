using System.Security.Cryptography;
using System.Text;
using CloudIa.Core.Conversations;
using CloudIa.Embedded.Storage;

namespace CloudIa.Embedded.History;

/// <summary>
/// The words of messages, answers and given titles. The index keeps words only, each text's owner as a word among them,
/// so that a search reads one owner's entries. (A title that nobody gave is made of its conversation's first message, and
/// is found as that.)
/// <para>It is written by the transaction that ends a turn, with the message and the answer at once: a write to it costs
/// as much as the rest of a commit, and the begin stands between a user and the first word of an answer.</para>
/// <para>A text's place in the index tells what it is: n is the row n of turns, and −n the title of the row n of titles.</para>
/// </summary>
internal static class SearchIndex
{
    private const string Add = "INSERT INTO texts (rowid, owner, text) VALUES ($1, $2, $3)";

    /// <summary>Makes a turn that has ended searchable; a later version of its answer without the message, which is there.</summary>
    public static void AddTurn(Statements write, string owner, long row, int version, string message, string content) =>
        write.Execute(Add, row, Word(owner), version == 1 ? $"{message}\n{content}" : content);

    /// <summary>Takes a turn's message and answer out.</summary>
    public static void RemoveTurn(Statements write, long row) => write.Execute("DELETE FROM texts WHERE rowid = $1", row);

    /// <summary>Makes all turns of a conversation searchable at once, which have one version each and have ended.</summary>
    public static void AddConversation(Statements write, ConversationKey conversation) => write.Execute(
        """
        INSERT INTO texts (rowid, owner, text)
        SELECT id, $3, message || char(10) || content FROM turns WHERE conversation_id = $1 AND owner = $2 AND current = 1
        """,
        conversation.ConversationId, conversation.Owner, Word(conversation.Owner));

    /// <summary>Makes a title searchable in the place of the one before.</summary>
    public static void SetTitle(Statements write, ConversationKey conversation, string title)
    {
        var row = (long)write.Bind(
            "INSERT INTO titles (conversation_id, owner) VALUES ($1, $2) ON CONFLICT DO UPDATE SET owner = owner RETURNING id",
            conversation.ConversationId, conversation.Owner).ExecuteScalar()!;
        write.Execute("DELETE FROM texts WHERE rowid = $1", -row);
        write.Execute(Add, -row, Word(conversation.Owner), title);
    }

    /// <summary>Takes all of a conversation out. Its turns are still there.</summary>
    public static void Remove(Statements write, ConversationKey conversation)
    {
        write.Execute(
            """
            DELETE FROM texts WHERE rowid IN (
                SELECT id FROM turns WHERE conversation_id = $1 AND owner = $2 AND current = 1
                UNION ALL SELECT id FROM turns WHERE conversation_id = $1 AND owner = $2 AND current = 0
                UNION ALL SELECT -id FROM titles WHERE conversation_id = $1 AND owner = $2)
            """,
            conversation.ConversationId, conversation.Owner);
        write.Execute("DELETE FROM titles WHERE conversation_id = $1 AND owner = $2", conversation.ConversationId, conversation.Owner);
    }

    /// <summary>An owner's conversations that hold all of the words, the last one perhaps only begun.</summary>
    public static IReadOnlySet<string> Find(Statements read, string owner, IReadOnlyList<string> words)
    {
        HashSet<string>? found = null;
        for (var i = words.Count - 1; i >= 0 && found is not { Count: 0 }; i--)
        {
            var holders = Holders(read, owner, words[i], prefix: i == words.Count - 1);
            if (found is null)
            {
                found = holders;
            }
            else
            {
                found.IntersectWith(holders);
            }
        }

        return found ?? [];
    }

    private static HashSet<string> Holders(Statements read, string owner, string word, bool prefix)
    {
        // A word is letters and digits; in quotes not even AND is an operator.
        using var row = read.Bind(
            """
            SELECT DISTINCT CASE WHEN rowid < 0 THEN (SELECT conversation_id FROM titles WHERE id = -texts.rowid)
                ELSE (SELECT conversation_id FROM turns WHERE id = texts.rowid) END
            FROM texts WHERE texts MATCH $1
            """,
            $"owner : \"{Word(owner)}\" AND text : \"{word}\"{(prefix ? " *" : "")}").ExecuteReader();
        var holders = new HashSet<string>();
        while (row.Read())
        {
            if (row.GetText(0) is { } conversation)
            {
                holders.Add(conversation);
            }
        }

        return holders;
    }

    /// <summary>An owner as one word, whatever characters the name has.</summary>
    private static string Word(string owner)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(owner), hash);
        return Convert.ToHexStringLower(hash[..16]);
    }
}
