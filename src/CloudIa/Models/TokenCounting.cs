using Microsoft.ML.Tokenizers;

namespace CloudIa.Models;

/// <summary>
/// Counts tokens with OpenAI's o200k vocabulary: exact for OpenAI's newer models, within some percent for others.
/// Its table is loaded at the first count, which most conversations never need.
/// </summary>
internal static class TokenCounting
{
    private static readonly Lazy<Tokenizer> Vocabulary = new(() => TiktokenTokenizer.CreateForEncoding("o200k_base"));

    public static int Count(string text) => Vocabulary.Value.CountTokens(text);
}
