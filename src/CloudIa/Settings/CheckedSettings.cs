namespace CloudIa.Settings;

/// <summary>The settings of a command that needs no service: appsettings.json, the environment and what the command line says.</summary>
internal static class CheckedSettings
{
    public static IConfiguration Load(IReadOnlyDictionary<string, string?> options) => new ConfigurationBuilder()
        .SetBasePath(AppContext.BaseDirectory)
        .AddJsonFile("appsettings.json", optional: true)
        .AddEnvironmentVariables()
        .AddInMemoryCollection(options.Where(option => option.Value is not null))
        .Build();

    public static CloudiaSettings From(IConfiguration configuration) =>
        configuration.GetSection(CloudiaSettings.Section).Get<CloudiaSettings>() ?? new CloudiaSettings();

    /// <summary>Runs a command with settings that hold; else says what is wrong with them.</summary>
    public static async Task<int> WithAsync(IReadOnlyDictionary<string, string?> options, Func<CloudiaSettings, Task<int>> command)
    {
        try
        {
            var settings = From(Load(options));
            return settings.Errors() is { Count: > 0 } errors ? throw new SettingsException(errors) : await command(settings);
        }
        catch (SettingsException error)
        {
            await error.SayAsync();
            return ExitCode.Usage;
        }
    }
}
