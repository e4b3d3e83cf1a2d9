using System.Globalization;
using System.Text;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.Queue;

namespace CloudIa.Aws.Queue;

/// <summary>
/// The dead letters in the table: one partition, a letter's id as its sort key. SQS's own dead-letter queue would forget
/// them after 14 days, and can neither be paged nor be asked for one of them.
/// </summary>
internal sealed class LetterTable(IAmazonDynamoDB dynamo, AwsOptions options, TimeProvider time)
{
    private const string Partition = "DEAD-LETTERS";
    private const string Unclaimed = "(attribute_not_exists(claimedAt) OR claimedAt < :stale)";

    /// <summary>Bytes of a letter's body: an item has 400 KB, its names included, and a job's message at most 256 KB.</summary>
    private const int MaxBody = 300 * 1024;

    /// <summary>After which a redrive that did not end may be taken over.</summary>
    private static readonly TimeSpan ClaimHolds = TimeSpan.FromSeconds(30);

    /// <summary>As long as a message that was a letter once may come again: SQS keeps none longer than 14 days.</summary>
    private static readonly TimeSpan MarkHolds = TimeSpan.FromDays(15);

    private long lastTicks;

    /// <summary>Writes a letter, once for each mark.</summary>
    public Task WriteAsync(JobMessage job, string body, string reason, string mark, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var letter = Key(NewId(now, mark));
        letter["body"] = new(Cut(body));
        letter["reason"] = new(reason);
        letter["deadAt"] = Number(now.ToUnixTimeMilliseconds());
        letter["jobId"] = new(job.JobId);
        letter["owner"] = new(job.Owner);
        letter["conversationId"] = new(job.ConversationId);
        letter["acceptedAt"] = Number(job.AcceptedAt.ToUnixTimeMilliseconds());
        var written = new Dictionary<string, AttributeValue>
        {
            [DynamoTable.PartitionKey] = new($"DEAD-LETTER#{mark}"),
            [DynamoTable.SortKey] = new("WRITTEN"),
            [DynamoTable.ExpiresAt] = Number((now + MarkHolds).ToUnixTimeSeconds()),
        };
        var write = new TransactWriteItemsRequest
        {
            TransactItems =
            [
                new() { Put = new Put { TableName = options.Table, Item = written, ConditionExpression = "attribute_not_exists(pk)" } },
                new() { Put = new Put { TableName = options.Table, Item = letter } },
            ],
        };
        return CallAsync(
            async token =>
            {
                try
                {
                    await dynamo.TransactWriteItemsAsync(write, token);
                }
                catch (TransactionCanceledException error) when (error.CancellationReasons is [{ Code: "ConditionalCheckFailed" }, ..])
                {
                    // Written by whoever died before the message was deleted.
                }

                return true;
            },
            cancellation);
    }

    public async Task<IReadOnlyList<DeadLetter>> ListAsync(string? afterId, int limit, CancellationToken cancellation)
    {
        var letters = new List<DeadLetter>();
        if (afterId is not null && !IsId(afterId))
        {
            return letters;
        }

        var query = Query();
        if (afterId is not null)
        {
            query.ExclusiveStartKey = Key(afterId);
        }

        do
        {
            query.Limit = limit - letters.Count;
            var page = await CallAsync(token => dynamo.QueryAsync(query, token), cancellation);
            letters.AddRange((page.Items ?? []).Select(Read));
            query.ExclusiveStartKey = page.LastEvaluatedKey;
        }
        while (letters.Count < limit && query.ExclusiveStartKey is { Count: > 0 });

        return letters;
    }

    public async Task<DeadLetter?> FindAsync(string id, CancellationToken cancellation)
    {
        if (!IsId(id))
        {
            return null;
        }

        var found = await CallAsync(token => dynamo.GetItemAsync(new GetItemRequest(options.Table, Key(id), consistentRead: true), token), cancellation);
        return found.Item is { Count: > 0 } item ? Read(item) : null;
    }

    public async Task<long> CountAsync(CancellationToken cancellation)
    {
        var query = Query();
        query.Select = Select.COUNT;
        var count = 0L;
        do
        {
            var page = await CallAsync(token => dynamo.QueryAsync(query, token), cancellation);
            count += page.Count ?? 0;
            query.ExclusiveStartKey = page.LastEvaluatedKey;
        }
        while (query.ExclusiveStartKey is { Count: > 0 });

        return count;
    }

    /// <summary>The right to redrive a letter, for a while. False where it is gone, or another's.</summary>
    public Task<bool> ClaimAsync(string id, CancellationToken cancellation) =>
        IfAsync(
            token => dynamo.UpdateItemAsync(
                new UpdateItemRequest
                {
                    TableName = options.Table,
                    Key = Key(id),
                    UpdateExpression = "SET claimedAt = :now",
                    ConditionExpression = $"attribute_exists(pk) AND {Unclaimed}",
                    ExpressionAttributeValues = new() { [":now"] = Number(time.GetUtcNow().ToUnixTimeMilliseconds()), [":stale"] = Stale() },
                },
                token),
            cancellation);

    public Task DisclaimAsync(string id) =>
        IfAsync(
            token => dynamo.UpdateItemAsync(
                new UpdateItemRequest { TableName = options.Table, Key = Key(id), UpdateExpression = "REMOVE claimedAt", ConditionExpression = "attribute_exists(pk)" },
                token),
            CancellationToken.None);

    /// <summary>Throws a letter away that nobody redrives. False where there is none.</summary>
    public async Task<bool> DiscardAsync(string id, CancellationToken cancellation) =>
        IsId(id)
        && await IfAsync(
            token => dynamo.DeleteItemAsync(
                new DeleteItemRequest
                {
                    TableName = options.Table,
                    Key = Key(id),
                    ConditionExpression = $"attribute_exists(pk) AND {Unclaimed}",
                    ExpressionAttributeValues = new() { [":stale"] = Stale() },
                },
                token),
            cancellation);

    /// <summary>Takes a redriven letter away.</summary>
    public Task RemoveAsync(string id) =>
        CallAsync(token => dynamo.DeleteItemAsync(options.Table, Key(id), token), CancellationToken.None);

    private QueryRequest Query() => new(options.Table)
    {
        KeyConditionExpression = "pk = :letters",
        ExpressionAttributeValues = new() { [":letters"] = new(Partition) },
        ConsistentRead = true,
    };

    private AttributeValue Stale() => Number((time.GetUtcNow() - ClaimHolds).ToUnixTimeMilliseconds());

    /// <summary>Ordered by time, also within one tick of a clock that stands still.</summary>
    private string NewId(DateTimeOffset now, string mark)
    {
        long last, ticks;
        do
        {
            last = Interlocked.Read(ref lastTicks);
            ticks = Math.Max(last + 1, now.UtcTicks);
        }
        while (Interlocked.CompareExchange(ref lastTicks, ticks, last) != last);

        return $"{ticks:x16}-{Convert.ToHexStringLower(Encoding.ASCII.GetBytes(mark))[..8]}";
    }

    /// <summary>Whether an id is of the form of those made here.</summary>
    private static bool IsId(string id) =>
        id.Length == 25 && id[16] == '-' && id.Remove(16, 1).All(char.IsAsciiHexDigitLower);

    /// <summary>A body that is no job's may be more than an item holds: its beginning tells whose it is.</summary>
    private static string Cut(string body) =>
        Encoding.UTF8.GetByteCount(body) <= MaxBody ? body : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(body), 0, MaxBody);

    private static DeadLetter Read(Dictionary<string, AttributeValue> item)
    {
        var body = Encoding.UTF8.GetBytes(item["body"].S);
        var job = JobMessageBody.Parse(body)
            ?? JobMessageBody.Salvage(body, new JobKey(item["owner"].S, item["jobId"].S), item["conversationId"].S, Time(item["acceptedAt"]));
        return new DeadLetter(item[DynamoTable.SortKey].S, job, item["reason"].S, Time(item["deadAt"]))
        {
            Body = job.Unreadable ? body : default(ReadOnlyMemory<byte>),
        };
    }

    private async Task<bool> IfAsync<T>(Func<CancellationToken, Task<T>> write, CancellationToken cancellation) =>
        await CallAsync(
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

    private Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellation) =>
        QueueCall.WithinAsync(options.TableMilliseconds, call, cancellation);

    private static Dictionary<string, AttributeValue> Key(string id) => new()
    {
        [DynamoTable.PartitionKey] = new(Partition),
        [DynamoTable.SortKey] = new(id),
    };

    private static AttributeValue Number(long value) => new() { N = value.ToString(CultureInfo.InvariantCulture) };

    private static DateTimeOffset Time(AttributeValue value) => DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(value.N, CultureInfo.InvariantCulture));
}
