using CloudIa.Aws.Secrets;

namespace CloudIa.Settings;

/// <summary>Settings that are secrets may name one that Parameter Store keeps, "ssm:/cloudia/openai-key", instead of holding it.</summary>
internal sealed class SecretSettings
{
    private const string Prefix = "ssm:";

    private readonly Dictionary<string, StoredSecret> stored = [];

    /// <summary>Reads all that are named.</summary>
    /// <param name="values">The settings' values, of which some name a parameter.</param>
    /// <param name="loggers">Where it is said that the store is away, later on.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SettingsException">Some cannot be read; all of these are said.</exception>
    public static async Task<SecretSettings> ReadAsync(IEnumerable<string?> values, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellation)
    {
        var settings = new SecretSettings();
        var named = values.OfType<string>().Where(value => value.StartsWith(Prefix, StringComparison.Ordinal)).Distinct().ToList();
        if (named.Count == 0)
        {
            return settings;
        }

        var store = new ParameterStore(ParameterStore.Connect(), time, loggers.CreateLogger<ParameterStore>());
        var errors = new List<string>();
        foreach (var name in named)
        {
            try
            {
                settings.stored[name] = await store.OpenAsync(name[Prefix.Length..], cancellation);
            }
            catch (ParameterUnavailableException error)
            {
                errors.Add(error.Message);
            }
        }

        return errors.Count == 0 ? settings : throw new SettingsException(errors);
    }

    /// <summary>The secret that a value names; null for a value that is one itself.</summary>
    public StoredSecret? Find(string value) => stored.GetValueOrDefault(value);

    /// <summary>What a value means.</summary>
    public string? Plain(string? value) => value is null ? null : Find(value)?.Value ?? value;
}
