using System.Globalization;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;

namespace CloudIa.Aws.Queue;

/// <summary>
/// Who may post into a conversation that must be idle: an item a conversation that names the last job which asked so.
/// A claim stands until its job has ended in the history, or is unknown there for longer than its commit takes.
/// </summary>
internal sealed class IdleClaims(IAmazonDynamoDB dynamo, IConversationStore store, AwsOptions options, TimeProvider time)
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

            // Looked at after the claim, so that of two that ask at once neither overlooks the other.
            var others = await store.ReadUnfinishedAsync(job.Conversation, 2, cancellation);
            if (others.All(turn => turn.JobId == job.JobId))
            {
                return true;
            }

            await DropAsync(job, cancellation);
            return false;
        }
        catch (HistoryUnavailableException error)
        {
            throw new QueueUnavailableException(error.Message, full: false, error);
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

    private Task<bool> DropAsync(JobMessage job, CancellationToken cancellation) =>
        IfAsync(
            token => dynamo.DeleteItemAsync(
                new DeleteItemRequest
                {
                    TableName = options.Table,
                    Key = Key(job.Conversation),
                    ConditionExpression = "jobId = :job",
                    ExpressionAttributeValues = new() { [":job"] = new(job.JobId) },
                },
                token),
            cancellation);

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

    private sealed record Claim(string JobId, DateTimeOffset At);
}
