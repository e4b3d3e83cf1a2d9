using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace CloudIa.Lambda.Runtime;

/// <summary>
/// The Lambda Runtime API, version 2018-06-01: the way by which events come to a function and answers leave it. Its calls
/// throw <see cref="HttpRequestException"/> where it is away or refuses them.
/// </summary>
public sealed class RuntimeClient : IDisposable
{
    /// <summary>The variable in which Lambda tells a function where the API is; who has it runs as a function.</summary>
    public const string Variable = "AWS_LAMBDA_RUNTIME_API";

    private const string RequestId = "Lambda-Runtime-Aws-Request-Id";
    private const string Deadline = "Lambda-Runtime-Deadline-Ms";
    private const string Trace = "Lambda-Runtime-Trace-Id";
    private const string ErrorType = "Lambda-Runtime-Function-Error-Type";

    private static readonly MediaTypeHeaderValue JsonType = new("application/json");

    private readonly HttpClient http;

    /// <param name="address">host:port as Lambda says it; a whole address, with a path before the API's own, is taken too.</param>
    public RuntimeClient(string address)
    {
        var root = address.Contains("://", StringComparison.Ordinal) ? address : $"http://{address}";
        http = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false })
        {
            BaseAddress = new Uri($"{root.TrimEnd('/')}/2018-06-01/runtime/"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>The next invocation, whenever it comes.</summary>
    public async Task<Invocation> NextAsync(CancellationToken cancellation)
    {
        using var next = await http.GetAsync(new Uri("invocation/next", UriKind.Relative), cancellation);
        next.EnsureSuccessStatusCode();
        var id = Find(next, RequestId) ?? throw new HttpRequestException($"The Runtime API gave an event without {RequestId}.");
        DateTimeOffset? deadline = long.TryParse(Find(next, Deadline), CultureInfo.InvariantCulture, out var at) ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;
        return new Invocation(id, deadline, Find(next, Trace), await next.Content.ReadAsByteArrayAsync(cancellation));
    }

    /// <summary>Ends an invocation with its answer, which is JSON.</summary>
    public Task AnswerAsync(string requestId, ReadOnlyMemory<byte> answer, CancellationToken cancellation) =>
        PostAsync($"invocation/{requestId}/response", answer, null, cancellation);

    /// <summary>Ends an invocation with an error.</summary>
    public Task ReportAsync(string requestId, RuntimeError error, CancellationToken cancellation) =>
        PostAsync($"invocation/{requestId}/error", JsonSerializer.SerializeToUtf8Bytes(error, RuntimeJson.Default.RuntimeError), error, cancellation);

    /// <summary>Says that the function cannot begin at all. It ends itself then.</summary>
    public Task ReportInitAsync(RuntimeError error, CancellationToken cancellation) =>
        PostAsync("init/error", JsonSerializer.SerializeToUtf8Bytes(error, RuntimeJson.Default.RuntimeError), error, cancellation);

    public void Dispose() => http.Dispose();

    private static string? Find(HttpResponseMessage from, string header) =>
        from.Headers.TryGetValues(header, out var values) ? values.FirstOrDefault() : null;

    private async Task PostAsync(string path, ReadOnlyMemory<byte> body, RuntimeError? error, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative))
        {
            Version = HttpVersion.Version11,
            Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = JsonType } },
        };
        if (error is not null)
        {
            request.Headers.Add(ErrorType, error.ErrorType);
        }

        using var taken = await http.SendAsync(request, cancellation);
        taken.EnsureSuccessStatusCode();
    }
}
