using System.ClientModel;
using System.Runtime.CompilerServices;
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
        var whole = false;
        while (await NextAsync(updates, whole, cancellationToken))
        {
            whole |= updates.Current.FinishReason is not null;
            yield return updates.Current;
        }
    }

    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<ChatResponseUpdate> updates, bool whole, CancellationToken cancellation)
    {
        try
        {
            if (!await updates.MoveNextAsync())
            {
                return false;
            }

            return StreamErrors.In(updates.Current) is { } told ? throw new ModelCallException(told, null) : true;
        }
        catch (Exception) when (whole && !cancellation.IsCancellationRequested)
        {
            // The provider had said that the answer is whole: what broke was no more than its count of the tokens.
            return false;
        }
        catch (Exception error) when (error is not ModelCallException && !cancellation.IsCancellationRequested)
        {
            throw new ModelCallException(Translate(error), error);
        }
    }

    private static ModelFailure Translate(Exception error)
    {
        for (var at = error; at is not null; at = at.InnerException)
        {
            if (at is ModelCallException known)
            {
                return known.Failure;
            }
        }

        return error switch
        {
            AnthropicSseException sse => StreamErrors.Failure(sse.Body),
            ClientResultException { Status: > 0 } client => new ModelFailure(ModelFailureKind.Overloaded, $"an error in the stream, status {client.Status}"),
            HttpRequestException or IOException => new ModelFailure(ModelFailureKind.StreamBroken, $"the connection broke: {error.GetType().Name}"),
            OperationCanceledException => new ModelFailure(ModelFailureKind.Timeout, "the provider's client gave up waiting"),

            // Whatever an SDK throws at what it does not know: half a character, a new finish reason, a list where an object was due.
            _ => new ModelFailure(ModelFailureKind.StreamBroken, $"the stream could not be read: {error.GetType().Name}"),
        };
    }
}
