using System.CommandLine;
using CloudIa.Aws;
using CloudIa.Aws.Setup;
using CloudIa.Settings;

namespace CloudIa.Setup;

/// <summary><c>cloudia init aws</c>: makes what the AWS backend needs where it is missing. Repeated it changes nothing.</summary>
internal static class InitCommand
{
    public static Command Create()
    {
        var aws = new Command("aws", "Make the queue, its dead-letter queue and the table, where they are missing: for development and test accounts.");
        aws.SetAction((_, cancellation) => CheckedSettings.WithAsync(new Dictionary<string, string?>(), settings => RunAsync(settings, cancellation)));
        return new Command("init", "Make what a backend needs.") { aws };
    }

    private static async Task<int> RunAsync(CloudiaSettings settings, CancellationToken cancellation)
    {
        using var engines = new AwsEngines(settings.Aws, settings.Redis);
        try
        {
            await foreach (var made in AwsSetup.RunAsync(engines, settings.Queue, TimeProvider.System, cancellation))
            {
                Console.WriteLine(made);
            }

            return ExitCode.Done;
        }
        catch (EngineRefusedException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return ExitCode.Failed;
        }
    }
}
