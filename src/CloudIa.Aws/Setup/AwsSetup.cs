using System.Runtime.CompilerServices;
using Amazon.Runtime;
using CloudIa.Aws.Queue;
using CloudIa.Aws.Storage;
using CloudIa.Core.Queue;

namespace CloudIa.Aws.Setup;

/// <summary>Makes what the service needs in an account or an emulator, where it is missing.</summary>
public static class AwsSetup
{
    /// <summary>Says of each part whether it was made or was there.</summary>
    /// <exception cref="EngineRefusedException">An engine is away, or does not permit it.</exception>
    public static async IAsyncEnumerable<string> RunAsync(
        AwsEngines engines, QueueOptions queue, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var options = engines.Options;
        var queues = await AskAsync("SQS", () => SqsQueues.CreateAsync(engines.Sqs, options, queue, cancellation));
        yield return $"queue {options.Queue}: {Word(queues.Contains(options.Queue))}";
        yield return $"queue {options.DeadLetterQueue}: {Word(queues.Contains(options.DeadLetterQueue))}";
        var table = await AskAsync("DynamoDB", () => DynamoTable.CreateAsync(engines.Dynamo, options.Table, time, cancellation));
        yield return $"table {options.Table}: {Word(table)}";
    }

    private static string Word(bool made) => made ? "made" : "was there";

    private static async Task<T> AskAsync<T>(string engine, Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (Exception error) when (error is AmazonServiceException or AmazonClientException or HttpRequestException or TimeoutException)
        {
            throw new EngineRefusedException($"{engine} did not do it: {error.Message}", error);
        }
    }
}

/// <summary>An engine is away, or does not permit what was asked.</summary>
public sealed class EngineRefusedException(string message, Exception inner) : Exception(message, inner);
