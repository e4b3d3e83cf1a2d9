using System.Globalization;
using CloudIa.Client;

namespace CloudIa.Chat;

/// <summary>
/// The session that owns the terminal's conversations, remembered between runs: one file a server in the
/// user's configuration folder, readable by that user alone.
/// </summary>
internal static class TerminalSession
{
    private const string TokenVariable = "CLOUDIA_TOKEN";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Gives the client a token that the service accepts.</summary>
    /// <exception cref="CloudIaException">The service cannot be reached, or refuses the token of the environment.</exception>
    public static async Task EnterAsync(CloudIaClient client, Uri server, CancellationToken cancel)
    {
        var given = Environment.GetEnvironmentVariable(TokenVariable);
        var file = FileOf(server);
        client.Token = string.IsNullOrEmpty(given) ? Read(file) : given;
        if (client.Token is not null)
        {
            try
            {
                await client.ListConversationsAsync(limit: 1, cancel: cancel);
                return;
            }
            catch (CloudIaException error) when (error.NeedsSession && string.IsNullOrEmpty(given))
            {
                await Console.Error.WriteLineAsync("The remembered session has ended; a new one begins.");
                client.Token = null;
            }
        }

        var session = await client.CreateSessionAsync(cancel);
        await RememberAsync(file, session.Token);
    }

    /// <summary>Carries the session on to a later end, and remembers its new token unless the environment gave the old one.</summary>
    public static async Task<string> RenewAsync(CloudIaClient client, Uri server, CancellationToken cancel)
    {
        var session = await client.CreateSessionAsync(cancel);
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(TokenVariable)))
            await RememberAsync(FileOf(server), session.Token);
        return session.Token;
    }

    private static string FileOf(Uri server) => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify),
        "cloudia",
        "sessions",
        string.Create(CultureInfo.InvariantCulture, $"{server.Scheme}_{server.IdnHost.Replace(':', '_')}_{server.Port}"));

    private static string? Read(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim() is { Length: > 0 } token ? token : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static async Task RememberAsync(string file, string token)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = OwnerOnly;

            // A new file, moved into place: the mode of an old one would stay as it was.
            var fresh = $"{file}.{Environment.ProcessId}";
            await using (var writer = new StreamWriter(fresh, options))
                await writer.WriteAsync(token);
            File.Move(fresh, file, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"The session cannot be remembered: {error.Message}");
        }
    }
}
