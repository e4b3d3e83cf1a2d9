using System.Globalization;
using System.Text.Json;

namespace CloudIa.TestEngines;

/// <summary>Architect's sandbox, which speaks Parameter Store's protocol. Its parameters are those it is started with.</summary>
public sealed class ParameterStoreServer : EngineServer
{
    /// <summary>By the last part of a parameter's name.</summary>
    public Dictionary<string, string> Secrets { get; } = [];

    /// <summary>Where the SDK's calls go.</summary>
    public Uri Endpoint => new(Address, "/_arc/ssm");

    protected override string Name => "Architect's sandbox";

    /// <summary>A parameter's name.</summary>
    public static string NameOf(string secret) => $"/CloudiaTesting/secrets/{secret}";

    protected override ChildProcess Launch() => ChildProcess.Start(
        Name,
        "node",
        [ToolFolder.File("..", "parameter-store", "run.js")],
        [
            new("ARC_ENV", "testing"),
            new("ARC_INTERNAL_PORT", Port.ToString(CultureInfo.InvariantCulture)),
            new("SECRETS", JsonSerializer.Serialize(Secrets)),

            // Else it asks the machine's cloud for some.
            new("AWS_ACCESS_KEY_ID", "anybody"),
            new("AWS_SECRET_ACCESS_KEY", "anything"),
        ]);
}
