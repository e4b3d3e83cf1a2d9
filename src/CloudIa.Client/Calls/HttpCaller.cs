using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CloudIa.Protocol;

namespace CloudIa.Client.Calls;

/// <summary>Makes a call until it is answered, the error is one that stays, or the tries are used up.</summary>
internal sealed class HttpCaller(HttpClient http, ClientOptions options, TimeProvider time)
{
    public string? Token { get; set; }

    public Task<T> CallAsync<T>(Func<HttpRequestMessage> request, JsonTypeInfo<T> type, CancellationToken cancel) =>
        TryAsync(request, (answer, ct) => ReadAsync(answer, type, ct), cancel);

    public Task CallAsync(Func<HttpRequestMessage> request, CancellationToken cancel) =>
        TryAsync(request, (_, _) => Task.FromResult(true), cancel);

    private async Task<T> TryAsync<T>(
        Func<HttpRequestMessage> request, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancel)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await OnceAsync(request, read, cancel);
            }
            catch (CloudIaException error) when (error.Retryable && tries < options.Tries
                && !(error.RetryAfter > options.LongestRetryAfter))
            {
                var pause = error.RetryAfter ?? options.Backoff.Pause(tries, Random.Shared.NextDouble());
                await Task.Delay(pause, time, cancel);
            }
        }
    }

    private async Task<T> OnceAsync<T>(
        Func<HttpRequestMessage> request, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancel)
    {
        using var message = request();
        if (Token is { } token)
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (options.Language is { } language)
            message.Headers.AcceptLanguage.ParseAdd(language);

        using var hang = new CancellationTokenSource(options.TryTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, hang.Token);
        try
        {
            using var answer = await http.SendAsync(message, either.Token);
            if (!answer.IsSuccessStatusCode)
                throw await ErrorAsync(answer, either.Token);
            return await read(answer, either.Token);
        }
        catch (OperationCanceledException cause) when (!cancel.IsCancellationRequested)
        {
            throw new CloudIaException(CloudIaException.Unreachable, "The service did not answer in time.", cause);
        }
        catch (Exception cause) when (cause is HttpRequestException or IOException)
        {
            throw new CloudIaException(CloudIaException.Unreachable, $"The service cannot be reached: {cause.Message}", cause);
        }
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage answer, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        try
        {
            return await answer.Content.ReadFromJsonAsync(type, cancel)
                ?? throw new CloudIaException(CloudIaException.NotUnderstood, "The service's answer is empty.", null);
        }
        catch (JsonException cause)
        {
            throw new CloudIaException(CloudIaException.NotUnderstood, "The service's answer is not cloud-ia's JSON.", cause);
        }
    }

    private async Task<CloudIaException> ErrorAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        var retryAfter = answer.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } when date > time.GetUtcNow() => date - time.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        try
        {
            var problem = await answer.Content.ReadFromJsonAsync(ProtocolJson.Default.Problem, cancel);
            if (problem is not null)
            {
                retryAfter ??= problem.RetryAfterSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
                return new CloudIaException(problem, retryAfter);
            }
        }
        catch (JsonException)
        {
            // Not the service's own words: something in between answered. The status says what there is to say.
        }

        return new CloudIaException((int)answer.StatusCode, retryAfter);
    }
}
