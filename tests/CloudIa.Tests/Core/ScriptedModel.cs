using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using CloudIa.Core.Model;
using CloudIa.Core.Model.Resilience;
using Microsoft.Extensions.AI;

namespace CloudIa.Tests.Core;

/// <summary>A model that does what it was told: a script a call, the last one for all later calls.</summary>
internal sealed class ScriptedModel(TimeProvider time, params Step[][] scripts) : IChatClient
{
    private readonly SemaphoreSlim waiting = new(0);
    private int calls;

    /// <summary>The prompts of the calls, in their order.</summary>
    public ConcurrentQueue<IReadOnlyList<ChatMessage>> Prompts { get; } = new();

    /// <summary>The tokens of the calls: cancelled where the upstream request was closed.</summary>
    public ConcurrentQueue<CancellationToken> Tokens { get; } = new();

    /// <summary>A plain script: the text in pieces, and its end.</summary>
    public static Step[] Says(params string[] pieces) => [.. pieces.Select(piece => new Say(piece)), new Stop(ChatFinishReason.Stop)];

    /// <summary>As one of a catalog's; where nothing else is said, each call is tried once.</summary>
    public CatalogModel In(ModelOptions? options = null, Func<string, int>? countTokens = null)
    {
        options ??= new ModelOptions { Name = "scripted", Provider = "demo", Retries = 0 };
        return new CatalogModel(options, this, countTokens ?? (text => text.Length), new ModelGate(options, time));
    }

    /// <summary>Until a call waits: for its time to pass, or for its end.</summary>
    public Task WaitsAsync() => waiting.WaitAsync(TestContext.Current.CancellationToken).WaitAsync(Workshop.Patience, TestContext.Current.CancellationToken);

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Prompts.Enqueue([.. messages]);
        Tokens.Enqueue(cancellationToken);
        foreach (var step in scripts[Math.Min(Interlocked.Increment(ref calls), scripts.Length) - 1])
        {
            switch (step)
            {
                case Say(var text):
                    yield return new ChatResponseUpdate(ChatRole.Assistant, text);
                    break;
                case Stop(var reason):
                    yield return new ChatResponseUpdate { FinishReason = reason };
                    break;
                case Spend(var input, var output):
                    yield return new ChatResponseUpdate(ChatRole.Assistant, [new UsageContent(new UsageDetails { InputTokenCount = input, OutputTokenCount = output })]);
                    break;
                case Pass(var span):
                    var passed = Task.Delay(span, time, cancellationToken);
                    waiting.Release();
                    await passed;
                    break;
                case Await(var task):
                    waiting.Release();
                    await task.WaitAsync(cancellationToken);
                    break;
                case Fail(var error):
                    throw error;
                case Do(var action):
                    action();
                    break;
            }
        }
    }

    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("Answers are streamed.");

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }
}

internal abstract record Step;

internal sealed record Say(string Text) : Step;

internal sealed record Stop(ChatFinishReason Reason) : Step;

internal sealed record Spend(int Input, int Output) : Step;

/// <summary>Nothing for a time.</summary>
internal sealed record Pass(TimeSpan Time) : Step
{
    public static Pass Forever { get; } = new(Timeout.InfiniteTimeSpan);
}

internal sealed record Await(Task Task) : Step;

internal sealed record Fail(Exception Error) : Step;

internal sealed record Do(Action Action) : Step;
