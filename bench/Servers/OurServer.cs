using System.Diagnostics;
using System.Globalization;

namespace CloudIa.Bench.Servers;

/// <summary>Starts <c>cloudia serve</c> with one model and limits wide enough that load from one machine is not refused.</summary>
internal static class OurServer
{
    public static async Task<ServerProcess> StartReadyAsync(
        string program, int workers, CancellationToken cancellation, Uri? model = null, params IReadOnlyList<(string Name, string Value)> more)
    {
        var server = Start(program, workers, Workspace.NewDataFolder("ours"), keepFolder: false, model, more);
        try
        {
            await server.WaitUntilReadyAsync(cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <param name="model">An OpenAI-compatible endpoint; null: the built-in demo model.</param>
    /// <param name="more">Settings besides, as variables of the environment.</param>
    public static ServerProcess Start(
        string program, int workers, string folder, bool keepFolder, Uri? model = null, params IReadOnlyList<(string Name, string Value)> more)
    {
        var port = ServerProcess.FreePort();
        string[] serve = ["serve", "--port", port.ToString(CultureInfo.InvariantCulture), "--data", folder];
        var start = program.EndsWith(".dll", StringComparison.Ordinal)
            ? new ProcessStartInfo("dotnet", [program, .. serve])
            : new ProcessStartInfo(program, serve);

        var settings = start.Environment;
        foreach (var inherited in settings.Keys.Where(IsOurs).ToList())
            settings.Remove(inherited);
        settings["CLOUDIA__WORK__CONCURRENCY"] = workers.ToString(CultureInfo.InvariantCulture);
        settings["CLOUDIA__QUOTA__REQUESTSPERMINUTE"] = "100000000";
        settings["CLOUDIA__QUOTA__JOBSINFLIGHT"] = "100000000";
        settings["CLOUDIA__GATEWAY__MAXCONNECTIONSPEROWNER"] = "100000";
        settings["CLOUDIA__MODELS__0__NAME"] = model is null ? "demo" : "fake";
        settings["CLOUDIA__MODELS__0__PROVIDER"] = model is null ? "demo" : "openai";
        if (model is not null)
        {
            settings["CLOUDIA__MODELS__0__MODEL"] = "fake";
            settings["CLOUDIA__MODELS__0__ENDPOINT"] = model.ToString();
            settings["CLOUDIA__MODELS__0__APIKEY"] = "none";
        }

        foreach (var (name, value) in more)
            settings[name] = value;
        return ServerProcess.Start(start, port, keepFolder ? null : folder);
    }

    // What the developer's shell says about the service must not reach a measured one.
    private static bool IsOurs(string name) =>
        name.StartsWith("CLOUDIA__", StringComparison.OrdinalIgnoreCase)
        || name is "OPENAI_API_KEY" or "OPENAI_BASE_URL" or "ANTHROPIC_API_KEY";
}
