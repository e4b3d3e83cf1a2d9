using CloudIa.Client.Live;
using CloudIa.Protocol;

namespace CloudIa.Chat;

/// <summary>
/// One message from standard input, its answer to standard output as plain text. The text is written when it
/// is whole: what is in a pipe cannot be taken back when an answer begins again.
/// </summary>
internal static class PipedChat
{
    public static async Task<int> RunAsync(Talk talk, CancellationToken cancel)
    {
        var message = (await Console.In.ReadToEndAsync(cancel)).Trim();
        if (message.Length == 0)
        {
            await Console.Error.WriteLineAsync("There is no message on standard input.");
            return ExitCode.Usage;
        }

        var answer = await talk.SendAsync(message, cancel);
        var said = ConnectionState.Connected;
        string? waits = null;
        await talk.WatchAsync(answer, (connection, _) =>
        {
            if (connection == ConnectionState.Waiting && said != connection)
                Console.Error.WriteLine("Connection lost; reconnecting. The answer is not lost.");
            if (connection != ConnectionState.Connecting)
                said = connection;

            var state = answer.State;
            if (state.Status == JobStatus.Deferred && state.Error?.Message != waits)
                Console.Error.WriteLine($"The answer has to wait: {waits = state.Error?.Message}");
        }, cancel);

        var end = answer.State;
        if (answer.Text.Length > 0)
            await Console.Out.WriteLineAsync(Console.IsOutputRedirected ? answer.Text : TerminalText.Clean(answer.Text));
        if (end.Status == JobStatus.Failed)
            await Console.Error.WriteLineAsync($"The message could not be answered: {end.Error?.Message} ({end.Error?.Code})");
        return end.Status switch
        {
            JobStatus.Completed => ExitCode.Done,
            JobStatus.Cancelled => Interrupt.ExitCode,
            _ => ExitCode.Failed,
        };
    }
}
