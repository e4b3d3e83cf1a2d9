using Microsoft.Extensions.AI;

namespace CloudIa.Core.Model.Resilience;

/// <summary>
/// One streaming call under its three time limits: until the first token, between two tokens, and in all. An end without
/// the provider's word that the answer is whole (a finish reason) is a failure, never an end.
/// </summary>
internal sealed class CallStream : IAsyncDisposable
{
    private readonly ModelOptions limits;
    private readonly CancellationToken caller;
    private readonly CancellationTokenSource total;
    private readonly CancellationTokenSource pause;
    private readonly CancellationTokenSource all;
    private readonly IAsyncEnumerator<ChatResponseUpdate> updates;
    private readonly List<ChatResponseUpdate> opened = [];
    private ChatFinishReason? finish;
    private int characters;

    public CallStream(
        IChatClient client, IEnumerable<ChatMessage> messages, ChatOptions? options, ModelOptions limits, TimeProvider time, CancellationToken caller)
    {
        this.limits = limits;
        this.caller = caller;
        total = new CancellationTokenSource(TimeSpan.FromSeconds(limits.TotalSeconds), time);
        pause = new CancellationTokenSource(TimeSpan.FromSeconds(limits.FirstTokenSeconds), time);
        all = CancellationTokenSource.CreateLinkedTokenSource(caller, total.Token, pause.Token);
        updates = client.GetStreamingResponseAsync(messages, options, all.Token).GetAsyncEnumerator(all.Token);
    }

    /// <summary>What came until the first token, that one included.</summary>
    public IReadOnlyList<ChatResponseUpdate> Opened => opened;

    /// <summary>What the breaker is to be told of it.</summary>
    public required Verdict Verdict { get; init; }

    public ChatResponseUpdate Current => updates.Current;

    /// <summary>Until there is text, or a whole answer without any.</summary>
    /// <exception cref="ModelCallException">There will be neither.</exception>
    public async ValueTask OpenAsync()
    {
        while (characters == 0 && await NextAsync())
        {
            opened.Add(updates.Current);
        }

        if (characters == 0 && finish != ChatFinishReason.ContentFilter)
        {
            throw Failed(ModelFailureKind.StreamBroken, $"no text came before the finish reason '{finish}'");
        }
    }

    /// <summary>The next update; false after the last.</summary>
    /// <exception cref="ModelCallException">The answer will not be whole.</exception>
    public async ValueTask<bool> NextAsync()
    {
        bool more;
        try
        {
            more = await updates.MoveNextAsync();
        }
        catch (Exception error) when (error is not ModelCallException && caller.IsCancellationRequested)
        {
            throw new OperationCanceledException("The caller gave up.", error, caller);
        }
        catch (OperationCanceledException) when (finish is not null)
        {
            // The provider said that the answer is whole, and left the stream open.
            return false;
        }
        catch (OperationCanceledException error) when (total.IsCancellationRequested)
        {
            throw Failed(ModelFailureKind.Timeout, $"the call took longer than {limits.TotalSeconds} s", error);
        }
        catch (OperationCanceledException error) when (pause.IsCancellationRequested)
        {
            throw Failed(
                ModelFailureKind.Timeout,
                characters == 0 ? $"no token within {limits.FirstTokenSeconds} s" : $"silence of {limits.SilenceSeconds} s after {characters} characters",
                error);
        }

        if (more)
        {
            pause.CancelAfter(TimeSpan.FromSeconds(limits.SilenceSeconds));
            finish = updates.Current.FinishReason ?? finish;
            characters += updates.Current.Text.Length;
        }
        else if (finish is null)
        {
            throw Failed(ModelFailureKind.StreamBroken, $"the stream ended without a finish reason after {characters} characters");
        }

        return more;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await all.CancelAsync();
            await updates.DisposeAsync();
        }
#pragma warning disable CA1031 // Whatever a client throws when it is left, the call is over.
        catch (Exception)
#pragma warning restore CA1031
        {
            // What it said before counts.
        }
        finally
        {
            all.Dispose();
            pause.Dispose();
            total.Dispose();
        }
    }

    private static ModelCallException Failed(ModelFailureKind kind, string details, Exception? inner = null) => new(new ModelFailure(kind, details), inner);
}
