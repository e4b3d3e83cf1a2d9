using System.Text.Json;

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
}
