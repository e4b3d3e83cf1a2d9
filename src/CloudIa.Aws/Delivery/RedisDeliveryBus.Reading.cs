using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text.Json;
using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Protocol;
using StackExchange.Redis;

namespace CloudIa.Aws.Delivery;

/// <summary>This part: reads of other nodes' answers. Those of an owner's many feeds, which stand at the same place, are one call.</summary>
public sealed partial class RedisDeliveryBus
{
    private readonly ConcurrentDictionary<JobKey, SharedRead> reads = new();

    private async ValueTask<(bool Answered, AnswerSlice? Held)> ReadHeldAsync(JobKey job, Position from, int limit)
    {
        // Shared before it is sent: what grows after a word took it out is read by another.
        var own = new SharedRead(from, limit);
        var shared = reads.GetOrAdd(job, own);
        if (shared == own)
        {
            try
            {
                own.Result = await CallAsync(job, from, limit);
            }
            finally
            {
                reads.TryRemove(KeyValuePair.Create(job, own));
                own.Complete();
            }

            return own.Result;
        }

        if (shared.From == from && shared.Limit == limit)
        {
            await shared.Completed;
            return shared.Result;
        }

        return await CallAsync(job, from, limit);
    }

    /// <summary>The answer grew: a read that is under way may have come before.</summary>
    private void ReadAnew(JobKey job) => reads.TryRemove(job, out _);

    private async ValueTask<(bool Answered, AnswerSlice? Held)> CallAsync(JobKey job, Position from, int limit)
    {
        var (answered, read) = await link.TryAsync(redis => redis.ScriptEvaluateAsync(
            AnswerScripts.Read, BusNames.Answer(job), [from.Attempt, from.Offset, limit]));
        return (answered, answered && !read!.IsNull ? SliceOf((RedisValue[])read!) : null);
    }

    private static AnswerSlice SliceOf(RedisValue[] held)
    {
        var head = JsonSerializer.Deserialize((string)held[1]!, BusJson.Default.EventHead);
        var bytes = (ReadOnlyMemory<byte>)held[3];
        var text = MemoryMarshal.Cast<byte, char>(bytes.Span);
        var more = (int)held[4] == 1;
        if (more && char.IsHighSurrogate(text[^1]))
        {
            text = text[..^1];
        }

        return new AnswerSlice(head, new Position((int)held[0], (int)held[2]), text.ToString(), more);
    }

    private sealed class SharedRead(Position from, int limit)
    {
        private readonly TaskCompletionSource completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Position From => from;

        public int Limit => limit;

        public Task Completed => completed.Task;

        /// <summary>What was read, once it is completed; nothing, where the call broke.</summary>
        public (bool Answered, AnswerSlice? Held) Result { get; set; }

        public void Complete() => completed.SetResult();
    }
}
