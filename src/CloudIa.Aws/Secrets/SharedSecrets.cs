using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using CloudIa.Aws.Storage;

namespace CloudIa.Aws.Secrets;

/// <summary>Secrets of the installation that nobody gave it: made by the first process that needs one, and kept in the table for all.</summary>
public sealed class SharedSecrets(IAmazonDynamoDB client, string table)
{
    private const string Partition = "SECRETS";

    private const string Value = "value";

    /// <summary>The secret of a name: the one that is there, else the given one from now on.</summary>
    public async Task<byte[]> KeepAsync(string name, Func<byte[]> make, CancellationToken cancellation)
    {
        Dictionary<string, AttributeValue> key = new()
        {
            [DynamoTable.PartitionKey] = new AttributeValue(Partition),
            [DynamoTable.SortKey] = new AttributeValue(name),
        };
        if (await FindAsync(key, cancellation) is { } found)
        {
            return found;
        }

        try
        {
            var made = make();
            await client.PutItemAsync(
                new PutItemRequest
                {
                    TableName = table,
                    Item = new Dictionary<string, AttributeValue>(key) { [Value] = new() { B = new MemoryStream(made) } },
                    ConditionExpression = $"attribute_not_exists({DynamoTable.PartitionKey})",
                },
                cancellation);
            return made;
        }
        catch (ConditionalCheckFailedException)
        {
            // Another process was faster.
            return await FindAsync(key, cancellation) ?? throw new InvalidOperationException($"The secret '{name}' was in the table and is not.");
        }
    }

    private async Task<byte[]?> FindAsync(Dictionary<string, AttributeValue> key, CancellationToken cancellation)
    {
        var found = await client.GetItemAsync(new GetItemRequest { TableName = table, Key = key, ConsistentRead = true }, cancellation);
        return found.Item is { } item && item.TryGetValue(Value, out var value) ? value.B.ToArray() : null;
    }
}
