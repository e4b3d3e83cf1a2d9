using System.Text.Json.Nodes;

namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>Anthropic's messages.</summary>
internal sealed class AnthropicWire : ModelWire
{
    public override string Path => "/v1/messages";

    public override string Opening =>
        Event("message_start", """{"type":"message_start","message":{"id":"msg_faulty","type":"message","role":"assistant","model":"tested-model","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":7,"output_tokens":1}}}""")
        + Event("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""")
        + Event("ping", """{"type":"ping"}""");

    public override string Closing =>
        Event("content_block_stop", """{"type":"content_block_stop","index":0}""")
        + Event("message_delta", """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":7}}""")
        + Event("message_stop", """{"type":"message_stop"}""");

    public override string Overloaded => Event("error", ErrorBody);

    public override string ErrorBody => """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""";

    public override string Piece(string text)
    {
        var delta = new JsonObject
        {
            ["type"] = "content_block_delta",
            ["index"] = 0,
            ["delta"] = new JsonObject { ["type"] = "text_delta", ["text"] = text },
        };
        return Event("content_block_delta", delta.ToJsonString(ModelJson.Plain));
    }

    public override string System(JsonNode body) => Text(body["system"]);

    public override IReadOnlyList<PromptMessage> Prompt(JsonNode body) =>
        [.. body["messages"]!.AsArray().OfType<JsonNode>().Select(Message)];

    private static string Event(string name, string data) => $"event: {name}\ndata: {data}\n\n";
}
