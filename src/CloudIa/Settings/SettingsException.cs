namespace CloudIa.Settings;

/// <summary>The configuration cannot be used.</summary>
internal sealed class SettingsException(IReadOnlyList<string> errors) : Exception(string.Join(Environment.NewLine, errors))
{
    public IReadOnlyList<string> Errors { get; } = errors;

    /// <summary>All that is wrong, a line each, to whoever started the program.</summary>
    public async Task SayAsync()
    {
        await Console.Error.WriteLineAsync("The configuration has errors:");
        foreach (var line in Errors)
        {
            await Console.Error.WriteLineAsync($"  {line}");
        }
    }
}
