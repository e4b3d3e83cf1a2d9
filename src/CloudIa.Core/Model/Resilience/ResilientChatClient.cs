using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace CloudIa.Core.Model.Resilience;

/// <summary>
/// A model behind its resilience pipeline, for one job: time limits, retries before the first token, the breaker. What
/// it throws is a <see cref="ModelCallException"/>, or the caller's own cancellation. It is not to be disposed: the
/// provider's client lives on.
/// </summary>
/// <param name="inner">The provider's client.</param>
/// <param name="limits">The model's settings.</param>
/// <param name="permit">The job's place at the model; it stays the caller's.</param>
/// <param name="elsewhere">Whether another model would answer at once: then one does not wait for this one.</param>
/// <param name="time">The clock.</param>
public sealed class ResilientChatClient(IChatClient inner, ModelOptions limits, ModelPermit permit, Func<bool> elsewhere, TimeProvider time)
    : DelegatingChatClient(inner)
{
    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var call = new ModelCall(InnerClient, limits, permit, elsewhere, time) { Messages = messages, ChatOptions = options };
        await using var stream = await OpenAsync(call, cancellationToken);
        foreach (var update in stream.Opened)
        {
            yield return update;
        }

        while (await NextAsync(stream))
        {
            yield return stream.Current;
        }
    }

    private async ValueTask<CallStream> OpenAsync(ModelCall call, CancellationToken cancellation)
    {
        try
        {
            return await permit.Gate.OpenAsync(call, cancellation);
        }
        catch (ModelCallException error) when (call.Exhausted)
        {
            throw new ModelCallException(error.Failure with { Exhausted = true }, error);
        }
    }

    private static async ValueTask<bool> NextAsync(CallStream stream)
    {
        try
        {
            if (await stream.NextAsync())
            {
                return true;
            }
        }
        catch (ModelCallException error)
        {
            await stream.Verdict.GiveAsync(error);
            throw;
        }

        await stream.Verdict.GiveAsync(null);
        return false;
    }
}
