using System.CommandLine;
using System.Text;
using CloudIa.Chat;
using CloudIa.Client;
using CloudIa.Embedded.Storage;
using CloudIa.Protocol;
using CloudIa.Serve;

namespace CloudIa.DeadLetters;

/// <summary>Finds the admin token, calls the service with it, and says its refusals.</summary>
/// <param name="server">Which service.</param>
/// <param name="data">Whose data folder holds the token.</param>
internal sealed class AdminDoor(Option<string> server, Option<string?> data)
{
    private const string TokenVariable = "CLOUDIA_ADMIN_TOKEN";

    // One try: whoever stands before a terminal rather sees the error than waits.
    private static readonly ClientOptions Once = new() { Tries = 1, TryTimeout = TimeSpan.FromMinutes(1) };

    /// <summary>Runs a command against the service; its exit code.</summary>
    public async Task<int> EnterAsync(ParseResult parsed, Func<AdminClient, Task<int>> command)
    {
        var address = ServerAddress.Of(parsed, server);
        if (TokenFor(address, parsed.GetValue(data)) is not { } token)
        {
            await Console.Error.WriteLineAsync(
                address.IsLoopback
                    ? $"There is no admin token: set {TokenVariable} to the one that the service printed at its start, or say where its data folder is with --data."
                    : $"There is no admin token: set {TokenVariable}. A token from a data folder is sent to this machine alone.");
            return ExitCode.Failed;
        }

        using var http = new HttpClient { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            return await command(new AdminClient(http, token, Once));
        }
        catch (CloudIaException error)
        {
            await Console.Error.WriteLineAsync(error.Code switch
            {
                ErrorCode.TokenInvalid => $"{address} does not accept this admin token.",
                CloudIaException.NotUnderstood => $"{address} does not answer as cloud-ia does: {error.Message}",
                _ => $"{address}: {TerminalText.Clean(error.Message)}",
            });
            return ExitCode.Failed;
        }
    }

    private static string? TokenFor(Uri address, string? folder)
    {
        // A file's line may end in what no header takes.
        if (Environment.GetEnvironmentVariable(TokenVariable)?.Trim() is { Length: > 0 } given)
            return given;

        // What is on this machine's disk is for this machine's service.
        return address.IsLoopback && EmbeddedDatabase.ReadSecret(folder ?? Environment.GetEnvironmentVariable("CLOUDIA__DATA") ?? "./data", Backends.AdminSecret) is { } kept
            ? Encoding.ASCII.GetString(kept)
            : null;
    }
}
