using System.Net;
using System.Net.Http.Headers;
using Amazon.Runtime;
using Amazon.Runtime.Credentials;
using Amazon.Runtime.Endpoints;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Auth;
using Amazon.Runtime.Internal.Util;
using CloudIa.Core.Delivery.Relay;
using Microsoft.Extensions.Logging;

namespace CloudIa.Aws.Relay;

/// <summary>
/// API Gateway's @connections: POST and DELETE of {callback}/@connections/{id}, signed with SigV4 for execute-api in the
/// SDK's region, with the SDK's credentials.
/// </summary>
public sealed partial class ConnectionsPost : IRelayPost, IDisposable
{
    private const string Service = "execute-api";

    /// <summary>Calls at once: one a connection, and no more than a few processes' share of the account's 10,000 requests a second.</summary>
    private const int MostCalls = 64;

    private static readonly TimeSpan ConnectionsLive = TimeSpan.FromMinutes(2);

    private readonly ConnectionsConfig config = new();
    private readonly AWS4Signer signer = new();
    private readonly HttpClient http;
    private readonly Uri? endpoint;
    private readonly ILogger<ConnectionsPost> logger;
    private AWSCredentials? credentials;
    private int failing;

    /// <param name="options">The time limit of a call, and where the calls go.</param>
    /// <param name="logger">Told when calls begin to fail.</param>
    /// <param name="credentials">Null: the SDK looks for them.</param>
    public ConnectionsPost(AwsOptions options, ILogger<ConnectionsPost> logger, AWSCredentials? credentials = null)
    {
        (this.logger, this.credentials) = (logger, credentials);
        endpoint = options.ConnectionsEndpoint is { Length: > 0 } given ? new Uri(given) : null;
        http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = ConnectionsLive, MaxConnectionsPerServer = MostCalls, UseCookies = false })
        {
            Timeout = TimeSpan.FromMilliseconds(options.ConnectionsMilliseconds),
        };
    }

    public void Dispose() => http.Dispose();

    public ValueTask<PostOutcome> PostAsync(RelayedConnection connection, ReadOnlyMemory<byte> message, CancellationToken cancellation) =>
        CallAsync(HttpMethod.Post, connection, message, cancellation);

    public ValueTask<PostOutcome> CutAsync(RelayedConnection connection, CancellationToken cancellation) =>
        CallAsync(HttpMethod.Delete, connection, default, cancellation);

    private async ValueTask<PostOutcome> CallAsync(HttpMethod method, RelayedConnection connection, ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        try
        {
            using var request = await SignedAsync(method, connection, message.ToArray());
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            var outcome = answer.StatusCode switch
            {
                HttpStatusCode.OK or HttpStatusCode.NoContent => PostOutcome.Taken,
                HttpStatusCode.Gone => PostOutcome.Gone,
                HttpStatusCode.TooManyRequests => PostOutcome.Busy,
                HttpStatusCode.RequestEntityTooLarge => PostOutcome.TooLarge,
                _ => PostOutcome.Failed,
            };
            Note(outcome, answer.StatusCode, null);
            return outcome;
        }
#pragma warning disable CA1031 // Credentials that cannot be had are a failure like any other.
        catch (Exception error) when (!cancellation.IsCancellationRequested)
#pragma warning restore CA1031
        {
            Note(PostOutcome.Failed, null, error);
            return PostOutcome.Failed;
        }
    }

    private async Task<HttpRequestMessage> SignedAsync(HttpMethod method, RelayedConnection connection, byte[] message)
    {
        var callback = endpoint ?? connection.Callback;
        using var signed = new DefaultRequest(new ConnectionsRequest(), Service)
        {
            HttpMethod = method.Method,
            Endpoint = callback,
            ResourcePath = "/@connections/{id}",
            Content = message,
            OverrideSigningServiceName = Service,
            AuthenticationRegion = config.RegionEndpoint?.SystemName ?? "us-east-1",
        };
        signed.AddPathResource("{id}", connection.Id);
        credentials ??= await DefaultAWSCredentialsIdentityResolver.GetCredentialsAsync(config);
        var keys = await credentials.GetCredentialsAsync();
        if (keys.UseToken)
        {
            signed.Headers["x-amz-security-token"] = keys.Token;
        }

        var signature = signer.SignRequest(signed, config, new RequestMetrics(), keys.AccessKey, keys.SecretKey);
        var request = new HttpRequestMessage(method, new Uri($"{callback.ToString().TrimEnd('/')}/@connections/{Uri.EscapeDataString(connection.Id)}"));
        if (method == HttpMethod.Post)
        {
            request.Content = new ByteArrayContent(message);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        foreach (var (name, value) in signed.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        request.Headers.TryAddWithoutValidation("Authorization", signature.ForAuthorizationHeader);
        return request;
    }

    // The first failure of a row, not each: a machine that is away is told of once.
    private void Note(PostOutcome outcome, HttpStatusCode? status, Exception? error)
    {
        if (outcome != PostOutcome.Failed)
        {
            Volatile.Write(ref failing, 0);
        }
        else if (Interlocked.Exchange(ref failing, 1) == 0)
        {
            LogFailed(status, error);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "@connections does not take what is for its clients (status {Status}); it is tried again, and clients that are cut come back.")]
    private partial void LogFailed(HttpStatusCode? status, Exception? error);

    private sealed class ConnectionsRequest : AmazonWebServiceRequest;

    /// <summary>Where the SDK's region and credentials are found from.</summary>
    private sealed class ConnectionsConfig() : ClientConfig(new DefaultConfigurationProvider())
    {
        public override string RegionEndpointServiceName => Service;

        public override string ServiceVersion => "2018-11-29";

        public override string UserAgent => "cloudia";

        /// <summary>Each connection says where its own is.</summary>
        public override Endpoint DetermineServiceOperationEndpoint(ServiceOperationEndpointParameters parameters) => throw new NotSupportedException();
    }

    private sealed class DefaultConfigurationProvider : IDefaultConfigurationProvider
    {
        public IDefaultConfiguration GetDefaultConfiguration(Amazon.RegionEndpoint clientRegion, DefaultConfigurationMode? requestedConfigurationMode = null) => new DefaultConfiguration();
    }
}
