using Amazon.DynamoDBv2.Model;

namespace CloudIa.Aws.Storage;

/// <summary>The read and write units that the engine has charged.</summary>
internal sealed class ConsumedUnits
{
    private readonly Lock gate = new();
    private double read;
    private double written;

    /// <summary>All so far.</summary>
    public (double Read, double Written) Sum
    {
        get
        {
            lock (gate)
            {
                return (read, written);
            }
        }
    }

    public void CountRead(params ReadOnlySpan<ConsumedCapacity?> charged) => Count(charged, ref read);

    public void CountWritten(params ReadOnlySpan<ConsumedCapacity?> charged) => Count(charged, ref written);

    private void Count(ReadOnlySpan<ConsumedCapacity?> charged, ref double sum)
    {
        lock (gate)
        {
            foreach (var one in charged)
            {
                sum += one?.CapacityUnits ?? 0;
            }
        }
    }
}
