using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace CloudIa.Models;

/// <summary>
/// The built-in model, for a first look without a key: it says that it is a demo and how to add a real one.
/// It streams word by word, as real models do.
/// </summary>
internal sealed class DemoChatClient(TimeProvider time) : IChatClient
{
    /// <summary>About 40 words a second, as a quick hosted model.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(25);

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var prompt = messages.ToList();
        var words = 0;
        foreach (var piece in Pieces(Answer(prompt)))
        {
            await Task.Delay(Pace, time, cancellationToken);
            words++;
            yield return new ChatResponseUpdate(ChatRole.Assistant, piece);
        }

        // A word counts as a token here: the demo has no vocabulary of its own.
        var input = prompt.Sum(message => message.Text.Split(' ').Length);
        yield return new ChatResponseUpdate(ChatRole.Assistant, [new UsageContent(new UsageDetails { InputTokenCount = input, OutputTokenCount = words })])
        {
            FinishReason = ChatFinishReason.Stop,
        };
    }

    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    public object? GetService(Type serviceType, object? serviceKey = null) => serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
    }

    private static string Answer(List<ChatMessage> prompt)
    {
        const int quoted = 200;
        var message = prompt[^1].Text.Trim().ReplaceLineEndings(" ");
        var turn = (prompt.Count / 2) + (prompt[0].Role == ChatRole.System ? 0 : 1);
        var quote = message.Length > quoted ? message[..(char.IsHighSurrogate(message[quoted - 1]) ? quoted - 1 : quoted)].TrimEnd() + "…" : message;
        return $"""
            I am **Claudia's demo model**: I know nothing, but everything around me is real. This is turn {turn} of our conversation, and you wrote:

            > {quote}

            To talk to a real model, stop the program and start it with a key, or with [Ollama](https://ollama.com) running:

            ```sh
            OPENAI_API_KEY=… ./cloudia       # or any compatible server, with OPENAI_BASE_URL
            ANTHROPIC_API_KEY=… ./cloudia
            ```

            *Sou o modelo de demonstração da Claudia: para conversar com um modelo de verdade, inicie o programa com uma chave.*
            """;
    }

    private static IEnumerable<string> Pieces(string text)
    {
        var start = 0;
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i - 1] is ' ' or '\n' && text[i] is not (' ' or '\n'))
            {
                yield return text[start..i];
                start = i;
            }
        }

        yield return text[start..];
    }
}
