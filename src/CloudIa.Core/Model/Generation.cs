using System.Text;
using CloudIa.Protocol;
using Microsoft.Extensions.AI;

namespace CloudIa.Core.Model;

/// <summary>How a call ended: one of the three below.</summary>
public abstract record GenerationEnd
{
    /// <summary>The provider said that the answer is whole.</summary>
    public sealed record Completed(string FinishReason, Usage Usage) : GenerationEnd;

    /// <summary>There is no answer, or only a part of one.</summary>
    public sealed record Failed(ModelFailure Failure) : GenerationEnd;

    /// <summary>The caller ended it: its token was cancelled, or it took no more text.</summary>
    public sealed record Interrupted(Usage Usage) : GenerationEnd;
}

/// <summary>
/// Step 6: one streaming call. A stream that ends without the provider's word that the answer is whole
/// (a finish reason) is a failure, never an answer.
/// </summary>
public sealed class Generation(CatalogModel model, IReadOnlyList<ChatMessage> prompt, TimeProvider time)
{
    /// <summary>The longest answer, in UTF-16 characters; of ASCII text that is DESIGN.md's 1 MiB.</summary>
    private const int MaxAnswerCharacters = 1_048_576;

    private readonly StringBuilder text = new();
    private UsageDetails? counted;
    private char? heldBack;

    /// <summary>All text that was handed on.</summary>
    public string Text => text.ToString();

    /// <summary>Streams the answer into <paramref name="take"/>, which returns false to end it.</summary>
    public async Task<GenerationEnd> RunAsync(Func<string, ValueTask<bool>> take, CancellationToken cancellation)
    {
        var limits = model.Options;
        using var total = new CancellationTokenSource(TimeSpan.FromSeconds(limits.TotalSeconds), time);
        using var pause = new CancellationTokenSource(TimeSpan.FromSeconds(limits.FirstTokenSeconds), time);
        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancellation, total.Token, pause.Token);
        try
        {
            ChatFinishReason? finish = null;
            var options = new ChatOptions { MaxOutputTokens = limits.MaxOutputTokens };
            await foreach (var update in model.Client.GetStreamingResponseAsync(prompt, options, all.Token))
            {
                pause.CancelAfter(TimeSpan.FromSeconds(limits.SilenceSeconds));
                finish = update.FinishReason ?? finish;
                Count(update);
                if (Whole(update.Text) is { Length: > 0 } piece && !await TakeAsync(piece, take))
                {
                    return new GenerationEnd.Interrupted(Usage());
                }

                if (text.Length >= MaxAnswerCharacters)
                {
                    finish = ChatFinishReason.Length;
                    break;
                }
            }

            return End(finish);
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            // Whatever a client throws when it is cancelled, the text so far is kept.
            return new GenerationEnd.Interrupted(Usage());
        }
        catch (OperationCanceledException) when (total.IsCancellationRequested)
        {
            return Failed(ModelFailureKind.Timeout, $"the call took longer than {limits.TotalSeconds} s");
        }
        catch (OperationCanceledException) when (pause.IsCancellationRequested)
        {
            return text.Length == 0
                ? Failed(ModelFailureKind.Timeout, $"no token within {limits.FirstTokenSeconds} s")
                : Failed(ModelFailureKind.Timeout, $"silence of {limits.SilenceSeconds} s after {text.Length} characters");
        }
        catch (ModelCallException error)
        {
            return new GenerationEnd.Failed(error.Failure);
        }
    }

    /// <summary>What was spent: the provider's count where it gave one, else ours.</summary>
    public Usage Usage()
    {
        var input = counted?.InputTokenCount is > 0 and var sent ? (int)sent : prompt.Sum(message => model.CountTokens(message.Text));
        var output = counted?.OutputTokenCount is > 0 and var received ? (int)received : model.CountTokens(Text);
        const decimal million = 1_000_000m;
        var cost = model.Options is { InputPrice: { } inputPrice, OutputPrice: { } outputPrice }
            ? ((input * inputPrice) + (output * outputPrice)) / million
            : (decimal?)null;
        return new Usage(input, output, cost);
    }

    private GenerationEnd End(ChatFinishReason? finish)
    {
        if (finish is null)
        {
            return Failed(ModelFailureKind.StreamBroken, $"the stream ended without a finish reason after {text.Length} characters");
        }

        if (text.Length > 0)
        {
            return new GenerationEnd.Completed(finish.Value.Value, Usage());
        }

        return finish == ChatFinishReason.ContentFilter
            ? Failed(ModelFailureKind.Refused, "the provider's content filter left no text")
            : Failed(ModelFailureKind.StreamBroken, $"no text came before the finish reason '{finish.Value.Value}'");
    }

    private async ValueTask<bool> TakeAsync(string piece, Func<string, ValueTask<bool>> take)
    {
        text.Append(piece);
        return await take(piece);
    }

    /// <summary>The text without a first half of a character at its end; that waits for its second half.</summary>
    private string Whole(string piece)
    {
        if (piece.Length == 0)
        {
            return piece;
        }

        // No store and no page keeps U+0000; Markdown has U+FFFD stand for it.
        piece = piece.Replace('\0', '\uFFFD');
        if (heldBack is { } first)
        {
            piece = first + piece;
            heldBack = null;
        }

        if (!char.IsHighSurrogate(piece[^1]))
        {
            return piece;
        }

        heldBack = piece[^1];
        return piece[..^1];
    }

    private void Count(ChatResponseUpdate update)
    {
        foreach (var content in update.Contents)
        {
            if (content is UsageContent usage)
            {
                counted = usage.Details;
            }
        }
    }

    private static GenerationEnd.Failed Failed(ModelFailureKind kind, string details) => new(new ModelFailure(kind, details));
}
