namespace CloudIa.Core.Intake;

/// <summary>What is accepted (DESIGN.md section 9).</summary>
public sealed class IntakeOptions
{
    /// <summary>
    /// What the texts of one job may have together: escaped to ASCII each UTF-16 character takes up to 6 bytes, and
    /// 42,000 of them leave 10 KB of the queue's 256 KiB to the names that stand beside them.
    /// </summary>
    private const int MaxTextCharacters = 42_000;

    /// <summary>The longest message, in UTF-16 characters.</summary>
    public int MaxMessageCharacters { get; set; } = 32_000;

    /// <summary>The longest system prompt of a conversation, in UTF-16 characters.</summary>
    public int MaxSystemPromptCharacters { get; set; } = 8_000;

    /// <summary>What is wrong with these numbers, a line each.</summary>
    public IEnumerable<string> Errors()
    {
        if (MaxMessageCharacters is < 1 or > 40_000)
        {
            yield return $"Intake:MaxMessageCharacters is {MaxMessageCharacters}; it must be between 1 and 40000.";
        }

        if (MaxSystemPromptCharacters is < 1 or > 40_000)
        {
            yield return $"Intake:MaxSystemPromptCharacters is {MaxSystemPromptCharacters}; it must be between 1 and 40000.";
        }

        if (MaxMessageCharacters <= 40_000 && MaxSystemPromptCharacters <= 40_000 && MaxMessageCharacters + MaxSystemPromptCharacters > MaxTextCharacters)
        {
            yield return $"Intake:MaxMessageCharacters ({MaxMessageCharacters}) and Intake:MaxSystemPromptCharacters ({MaxSystemPromptCharacters}) must together be at most {MaxTextCharacters}: one job may carry both.";
        }
    }
}

/// <summary>How much one owner may ask for.</summary>
public sealed class QuotaOptions
{
    /// <summary>Requests a minute of one owner; as many may come at once after a pause.</summary>
    public int RequestsPerMinute { get; set; } = 120;

    /// <summary>Jobs of one owner that were accepted and have not ended: waiting, deferred or running.</summary>
    public int JobsInFlight { get; set; } = 20;

    /// <summary>What a refused job is told to wait: an answer takes seconds, and of 20 that run one ends about every second.</summary>
    public static TimeSpan PlaceRetryAfter { get; } = TimeSpan.FromSeconds(2);

    /// <summary>What is wrong with these numbers, a line each.</summary>
    public IEnumerable<string> Errors()
    {
        if (RequestsPerMinute is < 1 or > 100_000_000)
        {
            yield return $"Quota:RequestsPerMinute is {RequestsPerMinute}; it must be between 1 and 100000000.";
        }

        if (JobsInFlight is < 1 or > 100_000_000)
        {
            yield return $"Quota:JobsInFlight is {JobsInFlight}; it must be between 1 and 100000000.";
        }
    }
}
