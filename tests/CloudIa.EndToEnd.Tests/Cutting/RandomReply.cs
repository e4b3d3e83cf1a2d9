using CloudIa.EndToEnd.Tests.Servers;

namespace CloudIa.EndToEnd.Tests.Cutting;

/// <summary>Answers of any text and pace, some of which break and are begun again.</summary>
internal static class RandomReply
{
    // What counts as one, two and more UTF-16 units, what joins to its neighbour, and what looks like a frame of its own.
    private static readonly string[] Parts =
    [
        "word ", "and ", "another ", "ação ", "e\u0301 ", "n\u0303", "🚀", "👩‍👩‍👧 ", "𝄞", "日本語 ", "\n", "\r\n", "\n\n",
        "data: no\n\n", "event: end\n", "\"quoted\\\" ", "\t", "\u2028", "<b>&amp;</b> ", "{\"event\":\"message_delta\"} ", "\u0000", "\u200d", "🇧🇷",
    ];

    /// <param name="random">This call's own.</param>
    /// <param name="mark">Begins the text: no two calls say the same.</param>
    /// <param name="mayBreak">Whether it may end before its end.</param>
    public static ModelReply Draw(Random random, string mark, bool mayBreak)
    {
        var count = random.Next(4) == 0 ? random.Next(200, 900) : random.Next(1, 120);
        var text = mark + " " + string.Concat(Enumerable.Range(0, count).Select(_ => Parts[random.Next(Parts.Length)]));
        var pieces = InPieces(text, Math.Max(random.Next(2, 40), text.Length / 40), random).ToList();

        // From an answer that is there at once to one of about a second.
        var pace = random.Next(3) == 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(random.Next(1, 25));
        if (pace * pieces.Count > TimeSpan.FromMilliseconds(900)) pace = TimeSpan.FromMilliseconds(Math.Max(1, 900.0 / pieces.Count));
        var ending = mayBreak
            ? (ReplyEnding)random.Next((int)ReplyEnding.Truncated, (int)ReplyEnding.ErrorInStream + 1)
            : ReplyEnding.Whole;
        return new ModelReply { Pieces = pieces, Pace = pace, Ending = ending };
    }

    /// <summary>Whole characters, as models send them; not whole graphemes.</summary>
    private static IEnumerable<string> InPieces(string text, int longest, Random random)
    {
        for (var from = 0; from < text.Length;)
        {
            var to = Math.Min(text.Length, from + random.Next(1, longest));
            if (to < text.Length && char.IsLowSurrogate(text[to])) to++;
            yield return text[from..to];
            from = to;
        }
    }
}
