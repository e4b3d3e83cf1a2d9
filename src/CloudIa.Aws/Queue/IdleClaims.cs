using System.Globalization;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using Microsoft.Extensions.Logging;

namespace CloudIa.Aws.Queue;

/// <summary>
/// Who may post into a conversation that must be idle: an item a conversation that names the last job which asked so.
/// A claim stands until its job has ended in the history, or is unknown there for longer than its commit takes.
/// </summary>
internal sealed partial class IdleClaims(IAmazonDynamoDB dynamo, IConversationStore store, AwsOptions options, TimeProvider time, ILogger logger)
{
    /// <summary>A job that the history does not know after this was never committed, or will be known when it begins.</summary>
    private static readonly TimeSpan CommitTakes = TimeSpan.FromSeconds(30);

    /// <summary>What is left behind may vanish.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    /// <summary>False where the conversation is not idle: another job claims it, or has no end yet.</summary>
    public async Task<bool> TakeAsync(JobMessage job, CancellationToken cancellation)
    {
        try
        {
            if (!await PutAsync(job, null, cancellation) && !await ReplaceAsync(job, cancellation))
            {
                return false;
            }

            if (await IsOnlyAsync(job, cancellation))
            {
                return true;
            }

            await DropAsync(job);
            return false;
        }
        catch (HistoryUnavailableException error)
        {
            throw new QueueUnavailableException(error.Message, full: false, error);
        }
    }

    /// <summary>Takes a claim back whose job is not committed. Where that fails it stands for as long as a commit takes.</summary>
    public async Task DropAsync(JobMessage job)
    {
        var delete = new DeleteItemRequest
        {
            TableName = options.Table,
            Key = Key(job.Conversation),
            ConditionExpression = "jobId = :job",
            ExpressionAttributeValues = new() { [":job"] = new(job.JobId) },
        };
        try
        {
            await IfAsync(token => dynamo.DeleteItemAsync(delete, token), CancellationToken.None);
        }
        catch (QueueUnavailableException error)
        {
            LogNotDropped(error, job.JobId);
        }
    }

    /// <summary>Looked at after the claim, so that of two that ask at once neither overlooks the other.</summary>
    private async Task<bool> IsOnlyAsync(JobMessage job, CancellationToken cancellation)
    {
        try
        {
            var unfinished = await store.ReadUnfinishedAsync(job.Conversation, 2, cancellation);
            return unfinished.All(turn => turn.JobId == job.JobId);
        }
        catch
        {
            await DropAsync(job);
            throw;
        }
    }

    private async Task<bool> ReplaceAsync(JobMessage job, CancellationToken cancellation) =>
        await ReadAsync(job.Conversation, cancellation) is not { } old
            ? await PutAsync(job, null, cancellation)
            : old.JobId == job.JobId || (await IsOverAsync(old, job.Owner, cancellation) && await PutAsync(job, old, cancellation));

    private async Task<bool> IsOverAsync(Claim claim, string owner, CancellationToken cancellation) =>
        await store.FindAsync(new JobKey(owner, claim.JobId), cancellation) is { } turn
            ? turn.End is not null
            : time.GetUtcNow() - claim.At > CommitTakes;

    /// <summary>Writes the claim where there is none, or exactly the one that was seen.</summary>
    private Task<bool> PutAsync(JobMessage job, Claim? seen, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var item = Key(job.Conversation);
        item["jobId"] = new(job.JobId);
        item["claimedAt"] = Number(now.ToUnixTimeMilliseconds());
        item[DynamoTable.ExpiresAt] = Number((now + Kept).ToUnixTimeSeconds());
        var put = new PutItemRequest(options.Table, item) { ConditionExpression = "attribute_not_exists(pk)" };
        if (seen is not null)
        {
            put.ConditionExpression = "jobId = :job AND claimedAt = :at";
            put.ExpressionAttributeValues = new() { [":job"] = new(seen.JobId), [":at"] = Number(seen.At.ToUnixTimeMilliseconds()) };
        }

        return IfAsync(token => dynamo.PutItemAsync(put, token), cancellation);
    }

    private async Task<Claim?> ReadAsync(ConversationKey conversation, CancellationToken cancellation)
    {
        var found = await QueueCall.WithinAsync(
            options.TableMilliseconds,
            token => dynamo.GetItemAsync(new GetItemRequest(options.Table, Key(conversation), consistentRead: true), token),
            cancellation);
        return found.Item is { Count: > 0 } item
            ? new Claim(item["jobId"].S, DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(item["claimedAt"].N, CultureInfo.InvariantCulture)))
            : null;
    }

    private Task<bool> IfAsync<T>(Func<CancellationToken, Task<T>> write, CancellationToken cancellation) =>
        QueueCall.WithinAsync(
            options.TableMilliseconds,
            async token =>
            {
                try
                {
                    await write(token);
                    return true;
                }
                catch (ConditionalCheckFailedException)
                {
                    return false;
                }
            },
            cancellation);

    private static Dictionary<string, AttributeValue> Key(ConversationKey conversation) => new()
    {
        [DynamoTable.PartitionKey] = new($"IDLE#{SqsMessage.GroupOf(conversation)}"),
        [DynamoTable.SortKey] = new("CLAIM"),
    };

    private static AttributeValue Number(long value) => new() { N = value.ToString(CultureInfo.InvariantCulture) };

    [LoggerMessage(Level = LogLevel.Warning, Message = "The claim of job {JobId}, which was not committed, could not be taken back; its conversation is busy for half a minute.")]
    private partial void LogNotDropped(Exception error, string jobId);

    private sealed record Claim(string JobId, DateTimeOffset At);
}
