using System.Text.Json.Serialization;
using CloudIa.Core.Delivery;

namespace CloudIa.Aws.Delivery;

/// <summary>What the bus keeps in Redis as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EventHead))]
[JsonSerializable(typeof(LiveConnection))]
internal sealed partial class BusJson : JsonSerializerContext;
