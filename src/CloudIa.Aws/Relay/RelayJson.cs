using System.Text.Json.Serialization;
using CloudIa.Core.Delivery.Relay;

namespace CloudIa.Aws.Relay;

/// <summary>What the register holds.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(RelayedConnection))]
[JsonSerializable(typeof(RelayAsk))]
internal sealed partial class RelayJson : JsonSerializerContext;
