using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>One message of a prompt, as a model's server read it.</summary>
internal sealed record PromptMessage(string Role, string Content);

/// <summary>
/// aimock: a server that others keep, which speaks OpenAI's and Anthropic's wire protocols and keeps a journal
/// of what it was asked.
/// </summary>
internal sealed class AimockServer : IAsyncDisposable
{
    private readonly ChildProcess _child;
    private readonly DirectoryInfo _folder;
    private readonly HttpClient _http;

    private AimockServer(ChildProcess child, DirectoryInfo folder, Uri address)
    {
        _child = child;
        _folder = folder;
        Address = address;
        _http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };
    }

    public Uri Address { get; }

    /// <summary>Answers a message that contains a pair's first text with its second, a few characters at a time.</summary>
    public static async Task<AimockServer> Start(params (string Asked, string Answered)[] pairs)
    {
        var script = ToolFolder.File("@copilotkit", "aimock", "dist", "cli.js");

        var folder = Directory.CreateTempSubdirectory("cloudia-aimock-");
        var fixtures = Path.Combine(folder.FullName, "fixtures.json");
        await File.WriteAllTextAsync(fixtures, Fixtures(pairs), TestContext.Current.CancellationToken);
        var port = FreePorts.Next();
        var child = ChildProcess.Start(
            "aimock",
            "node",
            [
                script, "--host", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture),
                "--fixtures", fixtures, "--chunk-size", "4", "--latency", "100",
            ],
            []);
        var server = new AimockServer(child, folder, new Uri($"http://127.0.0.1:{port}"));
        await Patience.Until(server.Journal, "aimock to answer", child.Tail);
        return server;
    }

    /// <summary>The prompts it was sent, in order, whatever it answered; without the system prompt.</summary>
    public async Task<IReadOnlyList<IReadOnlyList<PromptMessage>>> Prompts()
    {
        var journal = await Journal(TestContext.Current.CancellationToken)
            ?? throw new InvalidOperationException("aimock is gone. " + _child.Tail());
        return
        [
            .. journal.Select(entry => entry!["body"]?["messages"]?.AsArray())
                .OfType<JsonArray>()
                .Select(messages => (IReadOnlyList<PromptMessage>)
                [
                    .. messages.Select(message => new PromptMessage((string)message!["role"]!, Text(message["content"]!)))
                        .Where(message => message.Role is not ("system" or "developer")),
                ]),
        ];
    }

    public ValueTask DisposeAsync()
    {
        _child.Dispose();
        _http.Dispose();
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task<JsonArray?> Journal(CancellationToken cancel)
    {
        try
        {
            return JsonNode.Parse(await _http.GetStringAsync(new Uri("/__aimock/journal", UriKind.Relative), cancel))!.AsArray();
        }
        catch (Exception notYet) when (notYet is HttpRequestException || (notYet is TaskCanceledException && !cancel.IsCancellationRequested))
        {
            return null;
        }
    }

    // Both wires allow a message's content to be one text or a list of parts.
    private static string Text(JsonNode content) => content.GetValueKind() == JsonValueKind.String
        ? (string)content!
        : string.Concat(content.AsArray().Select(part => (string?)part!["text"]));

    private static string Fixtures((string Asked, string Answered)[] pairs) => new JsonObject
    {
        ["fixtures"] = new JsonArray(
        [
            .. pairs.Select(pair => new JsonObject
            {
                ["match"] = new JsonObject { ["userMessage"] = pair.Asked },
                ["response"] = new JsonObject { ["content"] = pair.Answered },
            }),
        ]),
    }.ToJsonString();
}
