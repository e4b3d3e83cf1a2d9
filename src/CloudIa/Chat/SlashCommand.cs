namespace CloudIa.Chat;

/// <summary>A line of the terminal that is for the chat itself: <c>/name argument</c>.</summary>
/// <param name="Name">In small letters, without the slash.</param>
/// <param name="Argument">What stands behind it; "" where nothing does.</param>
internal readonly record struct SlashCommand(string Name, string Argument)
{
    /// <summary>Every command, what follows it, and what it does; as <c>/help</c> and <c>--help</c> have it.</summary>
    public static IReadOnlyList<(string Name, string Arguments, string Does)> All { get; } =
    [
        ("list", "[WORDS]", "list the conversations, or those that hold the words"),
        ("open", "N", "go on in conversation N of the last list"),
        ("new", "", "begin a new conversation"),
        ("rename", "TITLE", "give this conversation another title"),
        ("delete", "", "delete this conversation, after a question"),
        ("export", "FILE", "write this conversation to FILE.md or FILE.json"),
        ("regenerate", "", "have the last message answered again"),
        ("edit", "[N]", "say message N (or the last) differently, in a new conversation"),
        ("system", "[TEXT]", "show or set the system prompt of this conversation; - resets it"),
        ("stop", "", "stop the answer that runs here; Ctrl-C does it while you watch"),
        ("help", "", "show this"),
        ("exit", "", "leave; so does Ctrl-D"),
    ];

    /// <summary>Null for a message; one that begins with a slash is sent where a space stands before it.</summary>
    public static SlashCommand? Parse(string line)
    {
        if (!line.StartsWith('/'))
            return null;
        var space = line.AsSpan().IndexOfAny(' ', '\t');
        var name = space < 0 ? line[1..] : line[1..space];
        return new SlashCommand(name.ToLowerInvariant(), space < 0 ? "" : line[space..].Trim());
    }
}
