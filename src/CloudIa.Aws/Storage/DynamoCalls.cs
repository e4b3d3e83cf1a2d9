using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using CloudIa.Core.History;

namespace CloudIa.Aws.Storage;

/// <summary>
/// The calls of the one table. Reads are consistent. What the engine throws becomes <see cref="HistoryUnavailableException"/>;
/// a condition that does not hold is an answer.
/// </summary>
/// <param name="client">The engine's client, which has its own limit for each try of a call.</param>
/// <param name="table">The table's name.</param>
/// <param name="limit">What a call may take, with all of its tries.</param>
/// <param name="time">What says the time.</param>
internal sealed class DynamoCalls(IAmazonDynamoDB client, string table, TimeSpan limit, TimeProvider time)
{
    private const int MostKeysOfARead = 100;
    private const int MostItemsOfAWrite = 25;

    public ConsumedUnits Units { get; } = new();

    public async Task<Item?> GetAsync(ItemKey key, CancellationToken cancellation)
    {
        var request = new GetItemRequest { TableName = table, Key = key.ToItem(), ConsistentRead = true, ReturnConsumedCapacity = ReturnConsumedCapacity.TOTAL };
        var response = await CallAsync(limited => client.GetItemAsync(request, limited), cancellation);
        Units.CountRead(response.ConsumedCapacity);
        return response.Item is { Count: > 0 } item ? item : null;
    }

    /// <summary>Those that are there, by key.</summary>
    public async Task<IReadOnlyDictionary<ItemKey, Item>> GetAllAsync(IEnumerable<ItemKey> keys, CancellationToken cancellation)
    {
        var found = new Dictionary<ItemKey, Item>();
        foreach (var some in keys.Distinct().Chunk(MostKeysOfARead))
        {
            var wanted = new KeysAndAttributes { ConsistentRead = true, Keys = [.. some.Select(key => key.ToItem())] };
            for (var tries = 1; wanted is { Keys.Count: > 0 }; tries++)
            {
                var request = new BatchGetItemRequest { RequestItems = new() { [table] = wanted }, ReturnConsumedCapacity = ReturnConsumedCapacity.TOTAL };
                var response = await CallAsync(limited => client.BatchGetItemAsync(request, limited), cancellation);
                Units.CountRead([.. response.ConsumedCapacity ?? []]);
                var items = response.Responses?.GetValueOrDefault(table) ?? [];
                foreach (var item in items)
                {
                    found[ItemKey.Of(item)] = item;
                }

                wanted = response.UnprocessedKeys?.GetValueOrDefault(table);
                await PauseAsync(wanted is { Keys.Count: > 0 } && items.Count == 0 ? tries : 0, cancellation);
            }
        }

        return found;
    }

    /// <summary>The items of a partition whose sort key lies between two, both included, in that order or against it.</summary>
    /// <param name="range">The partition, and the two.</param>
    /// <param name="pageSize">How many are asked for at a time.</param>
    /// <param name="backward">Whether the last comes first.</param>
    /// <param name="attributes">What is wanted of each; null: all.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public async IAsyncEnumerable<Item> QueryAsync(
        (string Partition, string From, string To) range,
        int pageSize,
        bool backward,
        string[]? attributes,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var request = new QueryRequest
        {
            TableName = table,
            KeyConditionExpression = "#pk = :pk AND #sk BETWEEN :from AND :to",
            ExpressionAttributeNames = new() { ["#pk"] = DynamoTable.PartitionKey, ["#sk"] = DynamoTable.SortKey },
            ExpressionAttributeValues = new()
            {
                [":pk"] = Field.Of(range.Partition),
                [":from"] = Field.Of(range.From),
                [":to"] = Field.Of(range.To),
            },
            ConsistentRead = true,
            ScanIndexForward = !backward,
            Limit = Math.Clamp(pageSize, 1, 1000),
            ReturnConsumedCapacity = ReturnConsumedCapacity.TOTAL,
        };
        if (attributes is not null)
        {
            for (var i = 0; i < attributes.Length; i++)
            {
                request.ExpressionAttributeNames[$"#a{i}"] = attributes[i];
            }

            request.ProjectionExpression = string.Join(", ", attributes.Select((_, i) => $"#a{i}"));
        }

        do
        {
            var response = await CallAsync(limited => client.QueryAsync(request, limited), cancellation);
            Units.CountRead(response.ConsumedCapacity);
            foreach (var item in response.Items ?? [])
            {
                yield return item;
            }

            request.ExclusiveStartKey = response.LastEvaluatedKey;
        }
        while (request.ExclusiveStartKey is { Count: > 0 });
    }

    /// <summary>
    /// The item as it is after the write; for a removal as it was before (empty where there was none). Null where the
    /// condition does not hold.
    /// </summary>
    public async Task<Item?> WriteAsync(DynamoWrite write, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await CallAsync(limited => SendAsync(write, limited), cancellation);
            }
            catch (ConditionalCheckFailedException)
            {
                return null;
            }
            catch (TransactionConflictException)
            {
                await PauseAsync(tries, cancellation);
            }
        }
    }

    /// <summary>All of the writes, or none: false where a condition does not hold, or another writer is at one of them.</summary>
    public async Task<bool> WriteTogetherAsync(IEnumerable<DynamoWrite> writes, CancellationToken cancellation)
    {
        var request = new TransactWriteItemsRequest
        {
            TransactItems = [.. writes.Select(write => write.ToPart(table))],
            ReturnConsumedCapacity = ReturnConsumedCapacity.TOTAL,
        };
        try
        {
            var response = await CallAsync(limited => client.TransactWriteItemsAsync(request, limited), cancellation);
            Units.CountWritten([.. response.ConsumedCapacity ?? []]);
            return true;
        }
        catch (TransactionCanceledException)
        {
            return false;
        }
    }

    /// <summary>Writes whole items and removes others, without conditions, in no order; what the engine leaves is sent again.</summary>
    public async Task WriteAllAsync(IEnumerable<Item> put, IEnumerable<ItemKey> remove, CancellationToken cancellation)
    {
        var requests = put.Select(item => new WriteRequest(new PutRequest(item)))
            .Concat(remove.Distinct().Select(key => new WriteRequest(new DeleteRequest(key.ToItem()))));
        foreach (var some in requests.Chunk(MostItemsOfAWrite))
        {
            List<WriteRequest>? left = [.. some];
            for (var tries = 1; left is { Count: > 0 }; tries++)
            {
                var request = new BatchWriteItemRequest { RequestItems = new() { [table] = left }, ReturnConsumedCapacity = ReturnConsumedCapacity.TOTAL };
                var response = await CallAsync(limited => client.BatchWriteItemAsync(request, limited), cancellation);
                Units.CountWritten([.. response.ConsumedCapacity ?? []]);
                left = response.UnprocessedItems?.GetValueOrDefault(table);
                if (left is { Count: > 0 })
                {
                    await PauseAsync(tries, cancellation);
                }
            }
        }
    }

    /// <summary>Waits a little, longer the more often it was tried, so that those who contend do not meet again.</summary>
    public Task PauseAsync(int tries, CancellationToken cancellation) => tries <= 0
        ? Task.CompletedTask
        : Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(1, Math.Min(10 * tries, 100))), time, cancellation);

    private async Task<Item?> SendAsync(DynamoWrite write, CancellationToken cancellation)
    {
        if (write.IsPut)
        {
            var put = await client.PutItemAsync(write.ToPut(table), cancellation);
            Units.CountWritten(put.ConsumedCapacity);
            return [];
        }

        if (write.IsRemoval)
        {
            var removed = await client.DeleteItemAsync(write.ToRemoval(table), cancellation);
            Units.CountWritten(removed.ConsumedCapacity);
            return removed.Attributes ?? [];
        }

        var updated = await client.UpdateItemAsync(write.ToUpdate(table), cancellation);
        Units.CountWritten(updated.ConsumedCapacity);
        return updated.Attributes ?? [];
    }

    private async Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellation)
    {
        using var limited = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limited.Token, cancellation);
        try
        {
            return await call(either.Token);
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw new HistoryUnavailableException("the table did not answer in time", error);
        }
        catch (Exception error) when (error is AmazonServiceException or AmazonClientException or HttpRequestException or IOException or TimeoutException
            && error is not (ConditionalCheckFailedException or TransactionConflictException or TransactionCanceledException))
        {
            throw new HistoryUnavailableException(error.Message, error);
        }
    }
}
