using System.IO.Pipelines;
using System.Text.Json;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Export;

/// <summary>A <see cref="ConversationExport"/>, written part by part.</summary>
internal sealed class JsonExport(PipeWriter body) : ExportWriter
{
    private readonly Utf8JsonWriter json = new(body, new JsonWriterOptions { Encoder = ProtocolJson.Wire.Options.Encoder });

    public override void Begin(ConversationView conversation, DateTimeOffset at)
    {
        json.WriteStartObject();
        json.WritePropertyName("conversation");
        JsonSerializer.Serialize(json, conversation, ProtocolJson.Wire.ConversationView);
        json.WriteString("exportedAt", at);
        json.WriteStartArray("turns");
    }

    public override void Write(ExportedTurn turn) => JsonSerializer.Serialize(json, turn, ProtocolJson.Wire.ExportedTurn);

    public override void End()
    {
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public override async ValueTask FlushAsync(CancellationToken cancellation)
    {
        json.Flush();
        await body.FlushAsync(cancellation);
    }

    public override ValueTask DisposeAsync()
    {
        // Not disposed: that would send what an export that broke off has written of itself.
        json.Reset();
        return base.DisposeAsync();
    }
}
