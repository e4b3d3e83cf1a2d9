using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using CloudIa.Protocol;

namespace CloudIa.Core.Conversations;

/// <summary>Makes the names of jobs, conversations, sessions and connections: 32 characters, 128 bits.</summary>
public static class Identifiers
{
    /// <summary>The length of every identifier made here.</summary>
    public const int Length = 32;

    /// <summary>The longest name that anybody is asked for, in characters: a longer one names nothing, and no store need take it.</summary>
    public const int MaxLength = 64;

    private const int Bytes = 16;

    /// <summary>The 48 bits of a version 7 UUID that are its time.</summary>
    private const int TimeLength = 12;

    /// <summary>A job that no key names. Ordered by time, so that stores append rather than scatter.</summary>
    public static string NewJob(DateTimeOffset now) => Guid.CreateVersion7(now).ToString("N");

    /// <summary>The job of an owner's idempotency key: the same for as long as both are.</summary>
    public static string JobOf(string owner, string idempotencyKey) => Derive("job", owner, idempotencyKey);

    /// <summary>The conversation that a job begins where its message names none. It keeps the job's place in time.</summary>
    public static string ConversationOf(JobKey job) =>
        string.Concat(job.JobId.AsSpan(0, TimeLength), Derive("conversation", job.Owner, job.JobId).AsSpan(TimeLength));

    /// <summary>A conversation that no message begins.</summary>
    public static string NewConversation(DateTimeOffset now) => NewJob(now);

    /// <summary>An unguessable name: 128 random bits.</summary>
    public static string NewSecret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>
    /// Marks what a request's body means, so that a key used again with another body is seen. What is left out is
    /// the same as its default.
    /// </summary>
    public static string Fingerprint(string message, string? conversationId, string? model, string? systemPrompt = null, WhenBusy? whenBusy = null)
    {
        // Both texts may hold any character, so the length of the first tells where the second begins.
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{conversationId}\n{model}\n{whenBusy ?? WhenBusy.Enqueue}\n{systemPrompt?.Length}\n{systemPrompt}{message}"), hash);
        return Base64Url.EncodeToString(hash[..Bytes]);
    }

    private static string Derive(string kind, string owner, string name)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{kind}\n{owner}\n{name}"), hash);
        return Convert.ToHexStringLower(hash[..Bytes]);
    }
}
