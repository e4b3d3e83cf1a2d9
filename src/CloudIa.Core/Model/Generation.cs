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

/// <summary>Step 6: one answer of one model, from a stream that ends only where the provider said that it is whole.</summary>
/// <param name="model">Who answers.</param>
/// <param name="client">The model behind its resilience.</param>
/// <param name="prompt">What it is asked.</param>
public sealed class Generation(CatalogModel model, IChatClient client, IReadOnlyList<ChatMessage> prompt)
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
        try
        {
            ChatFinishReason? finish = null;
            var options = new ChatOptions { MaxOutputTokens = model.Options.MaxOutputTokens };
            await foreach (var update in client.GetStreamingResponseAsync(prompt, options, cancellation))
            {
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

            return text.Length > 0 && finish is { } reason
                ? new GenerationEnd.Completed(reason.Value, Usage())
                : new GenerationEnd.Failed(new ModelFailure(ModelFailureKind.Refused, "the provider's content filter left no text"));
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            // Whatever a client throws when it is cancelled, the text so far is kept.
            return new GenerationEnd.Interrupted(Usage());
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
}
