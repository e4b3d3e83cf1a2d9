using CloudIa.EndToEnd.Tests.ManyMachines;
using CloudIa.EndToEnd.Tests.Servers;

namespace CloudIa.EndToEnd.Tests.Functions;

/// <summary>An installation of its own on the assembly's engines, and a worker with the demo model where one is wanted.</summary>
internal sealed class FunctionInstallation : IAsyncDisposable
{
    private FunctionInstallation(Dictionary<string, string> settings) => Settings = settings;

    /// <summary>Of a function: the whole environment that it needs.</summary>
    public Dictionary<string, string> Settings { get; }

    /// <summary>Who answers; null: nobody.</summary>
    public CloudiaProcess? Worker { get; private set; }

    public static async Task<FunctionInstallation> StartAsync(Engines engines, bool worker)
    {
        var settings = AwsCluster.Installation(
            (await engines.SqsAsync()).Address, (await engines.DynamoAsync()).Address, (await engines.RedisAsync()).Endpoint);

        // What the first process makes would else cost each invocation a call.
        settings["CLOUDIA__GATEWAY__SIGNINGKEY"] = Convert.ToBase64String(Guid.NewGuid().ToByteArray().Concat(Guid.NewGuid().ToByteArray()).ToArray());
        foreach (var (key, value) in new CloudiaSettings().Environment())
        {
            if (value is not null) settings[key] = value;
        }

        var installation = new FunctionInstallation(settings);
        try
        {
            using (var init = Repository.Run(["init", "aws"], new CloudiaSettings { More = settings }))
            {
                Assert.True(await init.Exit() == 0, init.Tail());
            }

            if (worker)
            {
                installation.Worker = await CloudiaProcess.Start(new CloudiaSettings { More = new Dictionary<string, string>(settings) { ["CLOUDIA__ROLE"] = "worker" } });
            }

            return installation;
        }
        catch
        {
            await installation.DisposeAsync();
            throw;
        }
    }

    public string Tail() => Worker?.Tail() ?? "";

    public ValueTask DisposeAsync() => Worker?.DisposeAsync() ?? ValueTask.CompletedTask;
}
