using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Amazon.SQS.Model;
using CloudIa.Core.Conversations;
using CloudIa.Core.Queue;

namespace CloudIa.Aws.Queue;

/// <summary>A job as an SQS message: its JSON as the body, its names and its trace beside it.</summary>
internal static class SqsMessage
{
    /// <summary>Bytes of a message, its attributes included (DESIGN.md section 9).</summary>
    public const int MaxBytes = 256 * 1024;

    private const string JobId = "jobId";
    private const string Owner = "owner";
    private const string ConversationId = "conversationId";
    private const string TraceParent = "traceparent";

    /// <summary>The group of a conversation: its name alone would be another owner's, too.</summary>
    public static string GroupOf(ConversationKey conversation) => Hash($"{conversation.Owner}\n{conversation.ConversationId}");

    /// <summary>
    /// The engine's own mark of the same message, for five minutes. A redrive is another; so is another body under the same
    /// key, as the engine does not say which of two it took: the history does (step 4).
    /// </summary>
    public static string MarkOf(JobMessage job) =>
        string.Create(CultureInfo.InvariantCulture, $"{Hash($"{job.Owner}\n{job.JobId}\n{job.Fingerprint}")}-{job.Redrives}");

    public static SendMessageBatchRequestEntry Format(JobMessage job)
    {
        var entry = new SendMessageBatchRequestEntry
        {
            MessageBody = Encoding.ASCII.GetString(JobMessageBody.Format(job)),
            MessageGroupId = GroupOf(job.Conversation),
            MessageDeduplicationId = MarkOf(job),
            MessageAttributes = [],
        };
        Add(entry, JobId, Uri.EscapeDataString(job.JobId));
        Add(entry, Owner, Uri.EscapeDataString(job.Owner));
        Add(entry, ConversationId, Uri.EscapeDataString(job.ConversationId));
        Add(entry, TraceParent, TraceParentOf(job));
        return SizeOf(entry) <= MaxBytes
            ? entry
            : throw new QueueUnavailableException($"the job's message has {SizeOf(entry)} bytes; the queue takes {MaxBytes}", full: false, inner: null);
    }

    /// <summary>As the engine counts them.</summary>
    public static int SizeOf(SendMessageBatchRequestEntry entry) =>
        Encoding.UTF8.GetByteCount(entry.MessageBody)
        + entry.MessageAttributes.Sum(one => one.Key.Length + one.Value.DataType.Length + Encoding.UTF8.GetByteCount(one.Value.StringValue));

    /// <summary>The job, or what can be made out of it.</summary>
    public static JobMessage Read(Message message)
    {
        var body = Encoding.UTF8.GetBytes(message.Body ?? "");
        return JobMessageBody.Parse(body)
            ?? JobMessageBody.Salvage(body, new JobKey(Text(message, Owner), Text(message, JobId)), Text(message, ConversationId), SentAt(message));
    }

    public static string GroupOf(Message message) => message.Attributes?.GetValueOrDefault("MessageGroupId") ?? message.MessageId;

    /// <summary>Nobody can be told of it, so nobody need work on it.</summary>
    public static bool IsNobodys(JobMessage job) => job is { Unreadable: true } and ({ JobId: "" } or { Owner: "" } or { ConversationId: "" });

    public static DateTimeOffset SentAt(Message message) =>
        long.TryParse(message.Attributes?.GetValueOrDefault("SentTimestamp"), NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            ? DateTimeOffset.FromUnixTimeMilliseconds(at)
            : DateTimeOffset.UnixEpoch;

    /// <summary>How often the engine has given it; 0 where it does not say.</summary>
    public static int ReceivesOf(Message message) =>
        int.TryParse(message.Attributes?.GetValueOrDefault("ApproximateReceiveCount"), NumberStyles.None, CultureInfo.InvariantCulture, out var receives) ? receives : 0;

    /// <summary>43 characters that every engine takes in a name.</summary>
    public static string Hash(string names) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(names)));

    /// <summary>W3C: the trace of the request, and the step of it that sends this.</summary>
    private static string TraceParentOf(JobMessage job) =>
        Activity.Current is { IdFormat: ActivityIdFormat.W3C } step && step.TraceId.ToHexString() == job.TraceId ? step.Id!
        : job.TraceId.Length == 32 ? $"00-{job.TraceId}-{ActivitySpanId.CreateRandom().ToHexString()}-00"
        : "";

    private static void Add(SendMessageBatchRequestEntry entry, string name, string value)
    {
        // An attribute without a text is refused.
        if (value.Length > 0)
        {
            entry.MessageAttributes.Add(name, new MessageAttributeValue { DataType = "String", StringValue = value });
        }
    }

    private static string Text(Message message, string name) =>
        message.MessageAttributes?.GetValueOrDefault(name)?.StringValue is { } text ? Uri.UnescapeDataString(text) : "";
}
