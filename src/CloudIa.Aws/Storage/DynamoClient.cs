using Amazon.DynamoDBv2;
using Amazon.Runtime;

namespace CloudIa.Aws.Storage;

/// <summary>Makes the client of the table. Region, credentials and endpoint are the SDK's own, unless given.</summary>
public static class DynamoClient
{
    /// <summary>What a call that was throttled or broke is tried again; the store bounds the whole.</summary>
    private const int Retries = 2;

    /// <param name="options">The time limit of a call.</param>
    /// <param name="endpoint">Another server than the region's; null: the SDK's variables say.</param>
    /// <param name="credentials">Null: the SDK looks for them.</param>
    public static AmazonDynamoDBClient Create(AwsOptions options, Uri? endpoint = null, AWSCredentials? credentials = null)
    {
        var config = new AmazonDynamoDBConfig
        {
            Timeout = TimeSpan.FromMilliseconds(options.TableMilliseconds),
            MaxErrorRetry = Retries,
            RetryMode = RequestRetryMode.Standard,
        };
        if (endpoint is not null)
        {
            config.ServiceURL = endpoint.ToString();
        }

        return credentials is null ? new AmazonDynamoDBClient(config) : new AmazonDynamoDBClient(credentials, config);
    }
}
