using System.Text.Json.Serialization;
using CloudIa.Core.Conversations;

namespace CloudIa.Core.Queue;

/// <summary>What lies in the queue: all that a worker needs, also where the history knows nothing of it yet.</summary>
public sealed record JobMessage
{
    public required string JobId { get; init; }

    public required string Owner { get; init; }

    public required string SessionId { get; init; }

    public required string ConversationId { get; init; }

    /// <summary>The user's text.</summary>
    public required string Message { get; init; }

    /// <summary>The model asked for; null: the service's first.</summary>
    public string? Model { get; init; }

    /// <summary>Of the message that begins a conversation: what the model is told first in it; null: the service's own prompt.</summary>
    public string? SystemPrompt { get; init; }

    /// <summary>For a regeneration: the turn whose message is answered again. Null: the message is a turn of its own.</summary>
    public int? Turn { get; init; }

    public required string Fingerprint { get; init; }

    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>How often it was put back from the dead letters; more often than the history knows: it begins anew.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Redrives { get; init; }

    /// <summary>When that was last done; null: never. From then on it may wait for a provider as long as a new one.</summary>
    public DateTimeOffset? RedrivenAt { get; init; }

    /// <summary>W3C trace id, 32 hex characters.</summary>
    public required string TraceId { get; init; }

    /// <summary>
    /// Its body cannot be read: this is what the engine knows besides, and what could be made out. It is not answered;
    /// its owner is told, and it goes to the dead letters.
    /// </summary>
    [JsonIgnore]
    public bool Unreadable { get; init; }

    [JsonIgnore]
    public JobKey Key => new(Owner, JobId);

    [JsonIgnore]
    public ConversationKey Conversation => new(Owner, ConversationId);
}

/// <summary>A job message's JSON: escaped to ASCII, so that it is fit for every queue's body.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(JobMessage))]
public sealed partial class JobMessageJson : JsonSerializerContext;
