using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;

namespace CloudIa.Aws.Storage;

/// <summary>The one table: a text key in two parts, and a time after which an item may vanish. docs/ARCHITECTURE.md says who keeps what under which key.</summary>
public static class DynamoTable
{
    public const string PartitionKey = "pk";

    public const string SortKey = "sk";

    /// <summary>Seconds since 1970 after which DynamoDB deletes the item, some time.</summary>
    public const string ExpiresAt = "expiresAt";

    /// <summary>Makes the table where there is none, and waits until it can be used. False where it was there.</summary>
    public static async Task<bool> CreateAsync(IAmazonDynamoDB client, string name, TimeProvider time, CancellationToken cancellation)
    {
        var made = await TryCreateAsync(client, name, cancellation);
        while ((await client.DescribeTableAsync(name, cancellation)).Table.TableStatus != TableStatus.ACTIVE)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellation);
        }

        if ((await client.DescribeTimeToLiveAsync(name, cancellation)).TimeToLiveDescription?.TimeToLiveStatus == TimeToLiveStatus.DISABLED)
        {
            await client.UpdateTimeToLiveAsync(
                new UpdateTimeToLiveRequest { TableName = name, TimeToLiveSpecification = new TimeToLiveSpecification { AttributeName = ExpiresAt, Enabled = true } },
                cancellation);
        }

        return made;
    }

    private static async Task<bool> TryCreateAsync(IAmazonDynamoDB client, string name, CancellationToken cancellation)
    {
        try
        {
            await client.CreateTableAsync(
                new CreateTableRequest
                {
                    TableName = name,
                    BillingMode = BillingMode.PAY_PER_REQUEST,
                    AttributeDefinitions = [new AttributeDefinition(PartitionKey, ScalarAttributeType.S), new AttributeDefinition(SortKey, ScalarAttributeType.S)],
                    KeySchema = [new KeySchemaElement(PartitionKey, KeyType.HASH), new KeySchemaElement(SortKey, KeyType.RANGE)],
                },
                cancellation);
            return true;
        }
        catch (ResourceInUseException)
        {
            return false;
        }
    }
}
