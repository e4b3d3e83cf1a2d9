using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.ExceptionServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CloudIa.Protocol;

namespace CloudIa.Client.Calls;

/// <summary>Makes a call until it is answered, the error is one that stays, or the tries are used up.</summary>
internal sealed class HttpCaller(HttpClient http, ClientOptions options, TimeProvider time)
{
    private const int DownloadBuffer = 64 * 1024;

    public string? Token { get; set; }

    public Task<T> CallAsync<T>(Func<HttpRequestMessage> request, JsonTypeInfo<T> type, CancellationToken cancel) =>
        TryAsync(request, (answer, ct) => ReadAsync(answer, type, ct), cancel);

    public Task CallAsync(Func<HttpRequestMessage> request, CancellationToken cancel) =>
        TryAsync(request, (_, _) => Task.FromResult(true), cancel);

    /// <summary>Copies what is answered, however long it takes to come; only a silence ends it.</summary>
    /// <exception cref="IOException">The destination's own.</exception>
    public async Task DownloadAsync(Func<HttpRequestMessage> request, Stream to, CancellationToken cancel)
    {
        // Once a byte is written another try would write it twice.
        var begun = false;
        ExceptionDispatchInfo? full = null;
        await TryAsync(
            request,
            async (answer, _) =>
            {
                await using var from = await answer.Content.ReadAsStreamAsync(cancel);
                var buffer = new byte[DownloadBuffer];
                while (full is null && await ReadAsync(from, buffer, cancel) is > 0 and var read)
                {
                    begun = true;
                    try
                    {
                        await to.WriteAsync(buffer.AsMemory(0, read), cancel);
                    }
                    catch (IOException error)
                    {
                        // Not to be taken for a lost connection.
                        full = ExceptionDispatchInfo.Capture(error);
                    }
                }

                return true;
            },
            cancel,
            HttpCompletionOption.ResponseHeadersRead,
            mayTryAgain: () => !begun);
        full?.Throw();
    }

    private async Task<int> ReadAsync(Stream from, byte[] buffer, CancellationToken cancel)
    {
        using var silence = new CancellationTokenSource(options.TryTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, silence.Token);
        return await from.ReadAsync(buffer, either.Token);
    }

    private async Task<T> TryAsync<T>(
        Func<HttpRequestMessage> request,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        CancellationToken cancel,
        HttpCompletionOption completion = HttpCompletionOption.ResponseContentRead,
        Func<bool>? mayTryAgain = null)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await OnceAsync(request, read, completion, cancel);
            }
            catch (CloudIaException error) when (error.Retryable && tries < options.Tries
                && !(error.RetryAfter > options.LongestRetryAfter)
                && (mayTryAgain?.Invoke() ?? true))
            {
                var pause = error.RetryAfter ?? options.Backoff.Pause(tries, Random.Shared.NextDouble());
                await Task.Delay(pause, time, cancel);
            }
        }
    }

    private async Task<T> OnceAsync<T>(
        Func<HttpRequestMessage> request,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        HttpCompletionOption completion,
        CancellationToken cancel)
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
            using var answer = await http.SendAsync(message, completion, either.Token);
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
