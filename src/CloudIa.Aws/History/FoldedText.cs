using System.Globalization;
using System.Text;
using CloudIa.Core.Conversations;

namespace CloudIa.Aws.History;

/// <summary>
/// Words without case and diacritics, as a search compares them. The program runs without the tables of a culture, so those
/// of the Latin letters are here.
/// </summary>
internal static class FoldedText
{
    private static readonly Dictionary<char, char> Letters = Table(
        "aàáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặ", "bḃḅḇ", "cçćĉċčḉ", "dďḋḍḏḑḓ", "eèéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ", "fḟ", "gĝğġģǧǵḡ", "hĥȟḣḥḧḩḫẖ",
        "iìíîïĩīĭįǐȉȋḭḯỉị", "jĵǰ", "kķǩḱḳḵ", "lĺļľḷḹḻḽ", "mḿṁṃ", "nñńņňǹṅṇṉṋ", "oòóôõöōŏőơǒǫǭȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợ", "pṕṗ",
        "rŕŗřȑȓṙṛṝṟ", "sśŝşšșṡṣṥṧṩ", "tţťțṫṭṯṱẗ", "uùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự", "vṽṿ", "wŵẁẃẅẇẉẘ", "xẋẍ", "yýÿŷȳẏẙỳỵỷỹ", "zźżžẑẓẕ");

    /// <summary>The words of a text that is searched for; of the last its beginning is enough.</summary>
    public static IReadOnlyList<string> WordsOf(string text) => [.. SearchWords.Of(text).Select(Fold).Where(word => word.Length > 0)];

    private static string Fold(string word)
    {
        var folded = new StringBuilder(word.Length);
        foreach (var rune in word.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark)
            {
                continue;
            }

            var lower = Rune.ToLowerInvariant(rune);
            if (lower.IsBmp && Letters.TryGetValue((char)lower.Value, out var letter))
            {
                folded.Append(letter);
            }
            else
            {
                folded.Append(lower.ToString());
            }
        }

        return folded.ToString();
    }

    private static Dictionary<char, char> Table(params string[] letters) =>
        letters.SelectMany(of => of[1..].Select(with => (with, of[0]))).ToDictionary();

    /// <summary>The words of a search that were not seen yet in what was looked at.</summary>
    public sealed class Search(IReadOnlyList<string> words)
    {
        private readonly HashSet<string> whole = [.. words.SkipLast(1)];
        private string? begun = words[^1];

        public bool IsDone => whole.Count == 0 && begun is null;

        public void Look(string text)
        {
            if (IsDone)
            {
                return;
            }

            foreach (var word in SearchWords.Of(text).Select(Fold))
            {
                whole.Remove(word);
                if (begun is not null && word.StartsWith(begun, StringComparison.Ordinal))
                {
                    begun = null;
                }
            }
        }
    }
}
