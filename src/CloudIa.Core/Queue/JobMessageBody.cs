using System.Text.Json;
using CloudIa.Core.Conversations;

namespace CloudIa.Core.Queue;

/// <summary>A job message as it lies in a queue.</summary>
public static class JobMessageBody
{
    public static byte[] Format(JobMessage job) => JsonSerializer.SerializeToUtf8Bytes(job, JobMessageJson.Default.JobMessage);

    /// <summary>Null for a body that no version of this program wrote.</summary>
    public static JobMessage? Parse(ReadOnlySpan<byte> body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, JobMessageJson.Default.JobMessage);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What can be made out of a body that cannot be read, so that its owner is told and finds the message again.</summary>
    /// <param name="body">The body.</param>
    /// <param name="job">The job's name, as the engine keeps it beside the body.</param>
    /// <param name="conversationId">Likewise.</param>
    /// <param name="at">When the engine took it.</param>
    public static JobMessage Salvage(ReadOnlyMemory<byte> body, JobKey job, string conversationId, DateTimeOffset at)
    {
        using var json = Json(body);
        JsonElement? fields = json?.RootElement is { ValueKind: JsonValueKind.Object } root ? root : null;
        return new JobMessage
        {
            JobId = job.JobId,
            Owner = job.Owner,
            ConversationId = conversationId,
            SessionId = Text(fields, "sessionId"),
            Message = Text(fields, "message"),
            Turn = Number(fields, "turn"),
            Fingerprint = Text(fields, "fingerprint"),
            AcceptedAt = at,
            TraceId = Text(fields, "traceId"),
            Unreadable = true,
        };
    }

    private static JsonDocument? Json(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonDocument.Parse(body);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Text(JsonElement? fields, string name)
    {
        try
        {
            return fields?.TryGetProperty(name, out var value) == true && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
        }
        catch (InvalidOperationException)
        {
            // Not UTF-8, or half of a surrogate pair.
            return "";
        }
    }

    private static int? Number(JsonElement? fields, string name) =>
        fields?.TryGetProperty(name, out var value) == true && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;
}
