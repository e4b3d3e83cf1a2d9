using Amazon.Runtime;
using CloudIa.Core.Queue;

namespace CloudIa.Aws.Queue;

/// <summary>One call of an engine: its time limit, by the clock of the wall whatever the service's clock is, and its errors in the port's words.</summary>
internal static class QueueCall
{
    /// <summary>Answers within the limit, the client's own retries included, or throws <see cref="QueueUnavailableException"/>.</summary>
    public static async Task<T> WithinAsync<T>(int milliseconds, Func<CancellationToken, Task<T>> call, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(milliseconds);
        try
        {
            return await call(limit.Token);
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw new QueueUnavailableException($"no answer within {milliseconds} ms", full: false, error);
        }
        catch (Exception error) when (error is AmazonServiceException or AmazonClientException or HttpRequestException or IOException)
        {
            throw new QueueUnavailableException(error.Message, full: false, error);
        }
    }
}
