using System.CommandLine;
using CloudIa.Aws;
using CloudIa.Aws.Setup;
using CloudIa.Core.Health;
using CloudIa.Core.Model;
using CloudIa.Models;
using CloudIa.Settings;
using Microsoft.Extensions.Logging.Abstractions;

namespace CloudIa.Setup;

/// <summary><c>cloudia doctor</c>: looks at the configuration, each engine and each model; one line each, with what to do. It changes nothing.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "The data folder (./data)." };
        var command = new Command("doctor", "Check the configuration, each engine and each model; say what to do about what is wrong.") { data };
        command.SetAction((parsed, cancellation) => RunAsync(
            new Dictionary<string, string?> { [$"{CloudiaSettings.Section}:{nameof(CloudiaSettings.Data)}"] = parsed.GetValue(data) },
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(Dictionary<string, string?> options, CancellationToken cancellation)
    {
        var well = true;
        await foreach (var finding in LookAsync(options, cancellation))
        {
            cancellation.ThrowIfCancellationRequested();
            well &= finding.Well;
            Console.WriteLine(finding.Well ? $"ok    {finding.Part}: {finding.Text}" : $"FAIL  {finding.Part}: {finding.Text} -> {finding.Advice}");
        }

        return well ? ExitCode.Done : ExitCode.Failed;
    }

    private static async IAsyncEnumerable<Finding> LookAsync(
        Dictionary<string, string?> options, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var configuration = CheckedSettings.Load(options);
        var settings = CheckedSettings.From(configuration);
        var models = settings.Models.Count > 0 ? settings.Models.AsReadOnly() : await new ModelDiscovery(configuration).FindAsync(cancellation);
        var (secrets, unread) = await ReadAsync(settings, models, cancellation);
        foreach (var error in unread)
        {
            yield return new Finding("parameter store", error, "put it there as a SecureString, or set the value itself");
        }

        if (secrets is not null)
        {
            settings.Reveal(secrets);
        }

        var errors = settings.Errors();
        foreach (var error in errors)
        {
            yield return new Finding("configuration", error, "correct it (docs/DEPLOYMENT.md lists the settings)");
        }

        if (errors.Count > 0)
        {
            yield break;
        }

        yield return new Finding("configuration", $"backend {settings.Backend}, role {settings.Role}");
        if (settings.OnAws && secrets is not null)
        {
            using var engines = new AwsEngines(settings.Aws, settings.Redis);
            await foreach (var finding in new AwsCheckup(engines, TimeProvider.System).LookAsync())
            {
                yield return finding;
            }
        }
        else if (!settings.OnAws)
        {
            yield return DataFolderCheckup.Look(settings.Data);
        }

        foreach (var model in models)
        {
            yield return await ModelCheckup.LookAsync(model, secrets?.Plain(model.ApiKey) ?? "", cancellation);
        }
    }

    private static async Task<(SecretSettings? Secrets, IReadOnlyList<string> Errors)> ReadAsync(
        CloudiaSettings settings, IEnumerable<ModelOptions> models, CancellationToken cancellation)
    {
        try
        {
            return (await SecretSettings.ReadAsync(settings.Secrets(models), NullLoggerFactory.Instance, TimeProvider.System, cancellation), []);
        }
        catch (SettingsException error)
        {
            return (null, error.Errors);
        }
    }
}
