using System.CommandLine;

namespace CloudIa;

/// <summary>The option that says which service a command talks to.</summary>
internal static class ServerAddress
{
    private const string Default = "http://localhost:3000";

    public static Option<string> Option()
    {
        var server = new Option<string>("--server")
        {
            Description = "The service's address.",
            DefaultValueFactory = _ => Default,
        };
        server.Validators.Add(result =>
        {
            if (Root(result.GetValueOrDefault<string>()) is null)
                result.AddError("--server needs an address that begins with http:// or https://.");
        });
        return server;
    }

    /// <summary>The service's root, ending in a slash.</summary>
    public static Uri Of(ParseResult parsed, Option<string> server) => Root(parsed.GetValue(server))!;

    // With its closing slash, so that paths are put behind it.
    private static Uri? Root(string? address) =>
        Uri.TryCreate(address?.TrimEnd('/') + "/", UriKind.Absolute, out var root)
            && root.Scheme is "http" or "https"
            ? root
            : null;
}
