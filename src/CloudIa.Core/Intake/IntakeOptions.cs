namespace CloudIa.Core.Intake;

/// <summary>What is accepted (DESIGN.md section 9).</summary>
public sealed class IntakeOptions
{
    /// <summary>The longest message, in UTF-16 characters.</summary>
    public int MaxMessageCharacters { get; set; } = 32_000;

    /// <summary>What is wrong with these numbers, a line each.</summary>
    public IEnumerable<string> Errors()
    {
        // 40,000 characters escaped to ASCII (6 bytes each) still fit the queue's 256 KiB.
        if (MaxMessageCharacters is < 1 or > 40_000)
        {
            yield return $"Intake:MaxMessageCharacters is {MaxMessageCharacters}; it must be between 1 and 40000.";
        }
    }
}

/// <summary>How much one owner may ask for.</summary>
public sealed class QuotaOptions
{
    /// <summary>Requests a minute of one owner; as many may come at once after a pause.</summary>
    public int RequestsPerMinute { get; set; } = 120;

    /// <summary>What is wrong with these numbers, a line each.</summary>
    public IEnumerable<string> Errors()
    {
        if (RequestsPerMinute is < 1 or > 100_000_000)
        {
            yield return $"Quota:RequestsPerMinute is {RequestsPerMinute}; it must be between 1 and 100000000.";
        }
    }
}
