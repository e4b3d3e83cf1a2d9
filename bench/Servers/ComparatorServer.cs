using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace CloudIa.Bench.Servers;

/// <summary>
/// Starts one of this program's comparators in its own process, under the runtime settings (collector, tiering) of the
/// server it is compared with.
/// </summary>
internal static class ComparatorServer
{
    /// <param name="variables">Of its environment.</param>
    public static async Task<ServerProcess> StartReadyAsync(
        string name, string? ours, CancellationToken cancellation, params IReadOnlyList<(string Name, string Value)> variables)
    {
        var folder = Workspace.NewDataFolder(name);
        var port = ServerProcess.FreePort();
        var bench = Path.Combine(AppContext.BaseDirectory, "CloudIa.Bench.dll");
        var start = new ProcessStartInfo("dotnet",
        [
            "exec", "--runtimeconfig", WriteRuntimeConfig(folder, ours), bench,
            "comparator", name, "--port", port.ToString(CultureInfo.InvariantCulture), "--data", folder,
        ]);
        foreach (var (variable, value) in variables)
            start.Environment[variable] = value;
        var server = ServerProcess.Start(start, port, folder);
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

    // The bench's frameworks with our server's settings. A native binary has no such file beside it: the bench's own
    // settings stand then, which are those of the SDK with the small collector.
    private static string WriteRuntimeConfig(string folder, string? ours)
    {
        var own = Read(Path.Combine(AppContext.BaseDirectory, "CloudIa.Bench.runtimeconfig.json"));
        var theirs = ours is null ? null : Path.ChangeExtension(ours, ".runtimeconfig.json");
        if (theirs is not null && File.Exists(theirs))
            own["runtimeOptions"]!["configProperties"] = Read(theirs)["runtimeOptions"]?["configProperties"]?.DeepClone();

        var path = Path.Combine(folder, "comparator.runtimeconfig.json");
        File.WriteAllText(path, own.ToJsonString());
        return path;
    }

    private static JsonNode Read(string path) => JsonNode.Parse(File.ReadAllText(path))!;
}
