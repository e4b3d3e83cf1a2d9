using System.Text.Json.Nodes;

namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>OpenAI's chat completions.</summary>
internal sealed class OpenAiWire : ModelWire
{
    public override string Path => "/v1/chat/completions";

    public override string Opening => "";

    public override string Closing => $"{Chunk([], "stop")}data: [DONE]\n\n";

    public override string Overloaded =>
        """data: {"error":{"message":"overloaded in the middle","type":"server_error","code":"overloaded"}}""" + "\n\n";

    public override string ErrorBody => """{"error":{"message":"asked to fail","type":"server_error"}}""";

    public override string Piece(string text) => Chunk(new JsonObject { ["content"] = text }, null);

    public override string System(JsonNode body) => string.Concat(
        Messages(body).Where(IsSystem).Select(message => Text(message["content"])));

    public override IReadOnlyList<PromptMessage> Prompt(JsonNode body) =>
        [.. Messages(body).Where(message => !IsSystem(message)).Select(Message)];

    private static IEnumerable<JsonNode> Messages(JsonNode body) => body["messages"]!.AsArray().OfType<JsonNode>();

    private static bool IsSystem(JsonNode message) => (string)message["role"]! is "system" or "developer";

    private static string Chunk(JsonObject delta, string? finishReason)
    {
        var chunk = new JsonObject
        {
            ["id"] = "chatcmpl-faulty",
            ["object"] = "chat.completion.chunk",
            ["created"] = 1_700_000_000,
            ["model"] = "tested-model",
            ["choices"] = new JsonArray(new JsonObject
            {
                ["index"] = 0,
                ["delta"] = delta,
                ["finish_reason"] = finishReason,
            }),
        };
        return $"data: {chunk.ToJsonString(ModelJson.Plain)}\n\n";
    }
}
