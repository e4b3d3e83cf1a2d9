using System.ClientModel;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Anthropic.Exceptions;
using CloudIa.Core.Model;
using Microsoft.Extensions.AI;

namespace CloudIa.Models;

/// <summary>The last place that knows SDKs' exceptions: what they throw while a stream runs becomes one of our kinds.</summary>
internal sealed class ProviderErrors(IChatClient inner) : DelegatingChatClient(inner)
{
    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var updates = base.GetStreamingResponseAsync(messages, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(updates, cancellationToken))
        {
            yield return updates.Current;
        }
    }

    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<ChatResponseUpdate> updates, CancellationToken cancellation)
    {
        try
        {
            return await updates.MoveNextAsync();
        }
        catch (Exception error) when (Translate(error, cancellation) is { } failure)
        {
            throw new ModelCallException(failure, error);
        }
    }

    /// <summary>Null for what is not the provider's: our own cancellation, and faults of ours.</summary>
    private static ModelFailure? Translate(Exception error, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            return null;
        }

        for (var at = error; at is not null; at = at.InnerException)
        {
            if (at is ModelCallException known)
            {
                return known.Failure;
            }
        }

        return error switch
        {
            AnthropicSseException sse => new ModelFailure(ModelFailureKind.Overloaded, $"an error event in the stream: {sse.ErrorCode}"),
            ClientResultException { Status: > 0 } client => new ModelFailure(ModelFailureKind.Overloaded, $"an error in the stream, status {client.Status}"),
            HttpRequestException or IOException => new ModelFailure(ModelFailureKind.StreamBroken, $"the connection broke: {error.GetType().Name}"),
            JsonException or FormatException or AnthropicException or ClientResultException =>
                new ModelFailure(ModelFailureKind.StreamBroken, $"the stream could not be read: {error.GetType().Name}"),
            OperationCanceledException => new ModelFailure(ModelFailureKind.Timeout, "the provider's client gave up waiting"),
            _ => null,
        };
    }
}
