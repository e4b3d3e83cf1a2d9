using System.Globalization;
using System.Text;
using Amazon.SQS;
using Amazon.SQS.Model;
using CloudIa.Core.Queue;

namespace CloudIa.Aws.Queue;

/// <summary>The calls of one queue, in batches where many come at once.</summary>
internal sealed class SqsChannel
{
    private readonly IAmazonSQS sqs;
    private readonly string name;
    private readonly AwsOptions options;
    private readonly Batches<SendMessageBatchRequestEntry> sends;
    private readonly Batches<string> deletes;
    private readonly Batches<(string Receipt, int Seconds)> changes;
    private volatile string? url;

    public SqsChannel(IAmazonSQS sqs, string name, AwsOptions options)
    {
        this.sqs = sqs;
        this.name = name;
        this.options = options;
        sends = new(SendAsync, SqsMessage.SizeOf);
        deletes = new(DeleteAsync, Encoding.UTF8.GetByteCount);
        changes = new(ChangeAsync, change => Encoding.UTF8.GetByteCount(change.Receipt));
    }

    public Task SendAsync(SendMessageBatchRequestEntry message, CancellationToken cancellation) => sends.AddAsync(message, cancellation);

    /// <summary>False where the receipt is no longer good for it.</summary>
    public Task<bool> DeleteAsync(string receipt, CancellationToken cancellation) => deletes.AddAsync(receipt, cancellation);

    /// <summary>Hides a received message for so many seconds from now. False where the receipt is no longer good for it.</summary>
    public Task<bool> ChangeAsync(string receipt, int seconds, CancellationToken cancellation) => changes.AddAsync((receipt, seconds), cancellation);

    /// <summary>Up to ten messages, several of a group among them; none where none came within the wait.</summary>
    public async Task<IReadOnlyList<Message>> ReceiveAsync(int max, int leaseSeconds, int waitSeconds, CancellationToken cancellation)
    {
        var response = await CallAsync(
            (queue, token) => sqs.ReceiveMessageAsync(
                new ReceiveMessageRequest
                {
                    QueueUrl = queue,
                    MaxNumberOfMessages = max,
                    VisibilityTimeout = leaseSeconds,
                    WaitTimeSeconds = waitSeconds,
                    MessageAttributeNames = ["All"],
                    MessageSystemAttributeNames = ["MessageGroupId", "SentTimestamp", "ApproximateReceiveCount"],

                    // A retry by the client gets what the answer that was lost had taken.
                    ReceiveRequestAttemptId = Guid.NewGuid().ToString("N"),
                },
                token),
            cancellation,
            options.QueueMilliseconds + (waitSeconds * 1000));
        return response.Messages ?? [];
    }

    /// <summary>Messages that were not deleted, received ones included; about.</summary>
    public async Task<long> CountAsync(CancellationToken cancellation)
    {
        string[] counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"];
        var response = await CallAsync((queue, token) => sqs.GetQueueAttributesAsync(queue, [.. counts], token), cancellation);
        return counts.Sum(count => long.Parse(response.Attributes.GetValueOrDefault(count, "0"), CultureInfo.InvariantCulture));
    }

    private async Task SendAsync(IReadOnlyList<BatchEntry<SendMessageBatchRequestEntry>> batch)
    {
        var entries = batch.Select((entry, i) =>
        {
            entry.Value.Id = Id(i);
            return entry.Value;
        });
        var response = await CallAsync((queue, token) => sqs.SendMessageBatchAsync(queue, [.. entries], token), CancellationToken.None);
        Answer(batch, response.Successful?.Select(done => done.Id), response.Failed, _ => false);
    }

    private async Task DeleteAsync(IReadOnlyList<BatchEntry<string>> batch)
    {
        var entries = batch.Select((entry, i) => new DeleteMessageBatchRequestEntry(Id(i), entry.Value));
        var response = await CallAsync((queue, token) => sqs.DeleteMessageBatchAsync(queue, [.. entries], token), CancellationToken.None);
        Answer(batch, response.Successful?.Select(done => done.Id), response.Failed, IsLost);
    }

    private async Task ChangeAsync(IReadOnlyList<BatchEntry<(string Receipt, int Seconds)>> batch)
    {
        var entries = batch.Select((entry, i) => new ChangeMessageVisibilityBatchRequestEntry(Id(i), entry.Value.Receipt) { VisibilityTimeout = entry.Value.Seconds });
        var response = await CallAsync((queue, token) => sqs.ChangeMessageVisibilityBatchAsync(queue, [.. entries], token), CancellationToken.None);
        Answer(batch, response.Successful?.Select(done => done.Id), response.Failed, IsLost);
    }

    private Task<T> CallAsync<T>(Func<string, CancellationToken, Task<T>> call, CancellationToken cancellation, int? milliseconds = null) =>
        QueueCall.WithinAsync(
            milliseconds ?? options.QueueMilliseconds,
            async token => await call(url ??= (await sqs.GetQueueUrlAsync(name, token)).QueueUrl, token),
            cancellation);

    private static void Answer<T>(IReadOnlyList<BatchEntry<T>> batch, IEnumerable<string>? done, List<BatchResultErrorEntry>? failed, Func<BatchResultErrorEntry, bool> isLost)
    {
        foreach (var id in done ?? [])
        {
            batch[Index(id)].Answer(true);
        }

        foreach (var one in failed ?? [])
        {
            if (isLost(one))
            {
                batch[Index(one.Id)].Answer(false);
            }
            else
            {
                batch[Index(one.Id)].Fail(new QueueUnavailableException($"{one.Code}: {one.Message}", full: false, inner: null));
            }
        }
    }

    /// <summary>The engine's words for a receipt that ran out, or whose message was received again or is gone.</summary>
    private static bool IsLost(BatchResultErrorEntry error) =>
        error.Code.Contains("ReceiptHandleIsInvalid", StringComparison.Ordinal)
        || error.Code.Contains("MessageNotInflight", StringComparison.Ordinal)
        || error.Code.Contains("InvalidParameterValue", StringComparison.Ordinal);

    private static string Id(int index) => index.ToString(CultureInfo.InvariantCulture);

    private static int Index(string id) => int.Parse(id, CultureInfo.InvariantCulture);
}
