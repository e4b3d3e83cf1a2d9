namespace CloudIa.Core.Health;

/// <summary>What a look at one part of an installation found.</summary>
/// <param name="Part">What was looked at, in a word or two.</param>
/// <param name="Text">What was found.</param>
/// <param name="Advice">What to do about it; null: nothing, all is well.</param>
public sealed record Finding(string Part, string Text, string? Advice = null)
{
    public bool Well => Advice is null;
}
