using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CloudIa.Protocol;

/// <summary>The JSON of every record on the wire: camelCase, nulls left out, made at build time.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    NumberHandling = JsonNumberHandling.Strict,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowOutOfOrderMetadataProperties = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ChatRequest))]
[JsonSerializable(typeof(MessageRequest))]
[JsonSerializable(typeof(ClientFrame))]
[JsonSerializable(typeof(RegenerateRequest))]
[JsonSerializable(typeof(ForkRequest))]
[JsonSerializable(typeof(ConversationChanges))]
[JsonSerializable(typeof(ChatAccepted))]
[JsonSerializable(typeof(JobView))]
[JsonSerializable(typeof(Page<MessageView>), TypeInfoPropertyName = "MessagePage")]
[JsonSerializable(typeof(Page<ConversationView>), TypeInfoPropertyName = "ConversationPage")]
[JsonSerializable(typeof(ConversationView))]
[JsonSerializable(typeof(ConversationExport))]
[JsonSerializable(typeof(ExportedTurn))]
[JsonSerializable(typeof(SessionView))]
[JsonSerializable(typeof(TicketView))]
[JsonSerializable(typeof(ModelsView))]
[JsonSerializable(typeof(HealthView))]
[JsonSerializable(typeof(QueueView))]
[JsonSerializable(typeof(Page<DeadLetterView>), TypeInfoPropertyName = "DeadLetterPage")]
[JsonSerializable(typeof(DeadLetterView))]
[JsonSerializable(typeof(RedriveView))]
[JsonSerializable(typeof(DeadLetterBatch))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(ServerEvent))]
public sealed partial class ProtocolJson : JsonSerializerContext
{
    /// <summary>
    /// For writing: text stands as itself in UTF-8, where <see cref="Default"/> would escape every "é" and quote.
    /// Its readers are JSON parsers, never HTML.
    /// </summary>
    public static ProtocolJson Wire => field ??= new(new JsonSerializerOptions(Default.Options)
    {
        // Made at its first use: the order of static initialisers over partial files is not defined.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
