using System.Text;

namespace CloudIa.Core.Model;

/// <summary>
/// The room of a window, in tokens. Most prompts are far smaller than their window, so a text costs its UTF-8
/// length at first (no byte-level vocabulary needs more tokens than bytes), and is counted only when that no longer fits.
/// </summary>
internal sealed class TokenBudget(int size, Func<string, int> count)
{
    /// <summary>What a message costs beside its text: OpenAI's cookbook counts 3 and a role.</summary>
    private const int PerMessage = 4;

    private readonly List<string> taken = [];
    private long used;
    private bool counted;

    /// <summary>Takes room for these messages together. False where there is not enough; then nothing is taken.</summary>
    public bool TryTake(params ReadOnlySpan<string> messages)
    {
        var cost = Cost(messages);
        if (used + cost > size && !counted)
        {
            counted = true;
            used = taken.Sum(text => (long)Cost(text));
            cost = Cost(messages);
        }

        if (used + cost > size)
        {
            return false;
        }

        used += cost;
        taken.AddRange(messages);
        return true;
    }

    private long Cost(params ReadOnlySpan<string> messages)
    {
        var cost = 0L;
        foreach (var text in messages)
        {
            cost += PerMessage + (counted ? count(text) : Encoding.UTF8.GetByteCount(text));
        }

        return cost;
    }
}
