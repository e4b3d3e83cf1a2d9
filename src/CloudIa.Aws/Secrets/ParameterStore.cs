using Amazon.Runtime;
using Amazon.SimpleSystemsManagement;
using Amazon.SimpleSystemsManagement.Model;
using Microsoft.Extensions.Logging;

namespace CloudIa.Aws.Secrets;

/// <summary>Secrets that Parameter Store keeps, as SecureStrings. None of their values is ever logged.</summary>
public sealed class ParameterStore(IAmazonSimpleSystemsManagement client, TimeProvider time, ILogger<ParameterStore> logger)
{
    /// <summary>Milliseconds that one call may take.</summary>
    private const int CallMilliseconds = 2000;

    /// <summary>A client whose calls end soon: with region, credentials and endpoint as the SDK finds them.</summary>
    public static AmazonSimpleSystemsManagementClient Connect() => new(new AmazonSimpleSystemsManagementConfig
    {
        Timeout = TimeSpan.FromMilliseconds(CallMilliseconds),
        MaxErrorRetry = 1,
    });

    /// <summary>Reads a parameter, and keeps it from then on.</summary>
    /// <exception cref="ParameterUnavailableException">It is not there, may not be read, or the store is away.</exception>
    public async Task<StoredSecret> OpenAsync(string name, CancellationToken cancellation) =>
        new(name, await ReadAsync(name, cancellation), this, time, logger);

    internal async Task<string> ReadAsync(string name, CancellationToken cancellation)
    {
        try
        {
            var found = await client.GetParameterAsync(new GetParameterRequest { Name = name, WithDecryption = true }, cancellation);
            return found.Parameter.Value is { Length: > 0 } value ? value : throw new ParameterUnavailableException(name, "it is empty", null);
        }
        catch (ParameterNotFoundException error)
        {
            throw new ParameterUnavailableException(name, "there is no such parameter", error);
        }
        catch (Exception error) when (error is AmazonServiceException or AmazonClientException or HttpRequestException or TimeoutException
            || (error is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new ParameterUnavailableException(name, error is AmazonServiceException { ErrorCode: { Length: > 0 } code } ? code : error.Message, error);
        }
    }
}

/// <summary>A parameter that cannot be read. The message names it, and never its value.</summary>
public sealed class ParameterUnavailableException(string name, string reason, Exception? inner)
    : Exception($"The parameter {name} cannot be read from Parameter Store: {reason}.", inner);
