using System.CommandLine;
using CloudIa.Embedded.Storage;
using CloudIa.Settings;
using Microsoft.Data.Sqlite;

namespace CloudIa.Serve;

/// <summary><c>cloudia serve</c>: runs the service until it is told to stop.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var port = new Option<int?>("--port") { Description = "The port to listen on (3000)." };
        var data = new Option<string?>("--data") { Description = "The data folder (./data)." };
        var role = new Option<string?>("--role") { Description = "all, gateway or worker (all)." };
        var command = new Command("serve", "Run the service: API, web app and workers.") { port, data, role };
        command.SetAction((parsed, cancellation) => RunAsync(
            new Dictionary<string, string?>
            {
                [$"{CloudiaSettings.Section}:{nameof(CloudiaSettings.Port)}"] = parsed.GetValue(port)?.ToString(System.Globalization.CultureInfo.InvariantCulture),
                [$"{CloudiaSettings.Section}:{nameof(CloudiaSettings.Data)}"] = parsed.GetValue(data),
                [$"{CloudiaSettings.Section}:{nameof(CloudiaSettings.Role)}"] = parsed.GetValue(role),
            },
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(Dictionary<string, string?> options, CancellationToken cancellation)
    {
        if (FunctionHost.RuntimeAddress is { } runtime)
        {
            return await FunctionHost.RunAsync(runtime, options, cancellation);
        }

        try
        {
            await using var app = await ServiceHost.BuildAsync(options, cancellation);
            await ServiceHost.RunAsync(app, cancellation);
            return ExitCode.Done;
        }
        catch (SettingsException error)
        {
            await error.SayAsync();
            return ExitCode.Usage;
        }
        catch (Exception error) when (error is DataFolderInUseException or NewerDatabaseException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return ExitCode.Failed;
        }
        catch (SqliteException error)
        {
            await Console.Error.WriteLineAsync($"The database in the data folder cannot be used: {error.Message}");
            return ExitCode.Failed;
        }
    }
}
