using CloudIa.Core.Model;
using CloudIa.Core.Model.Resilience;
using Microsoft.Extensions.AI;

namespace CloudIa.Tests.Core;

internal static class OneAnswer
{
    /// <summary>An answer of a model that no other call has tired: behind a gate of its own.</summary>
    public static Generation Of(CatalogModel model, IReadOnlyList<ChatMessage> prompt, TimeProvider time) => new(
        model,
        new ResilientChatClient(model.Client, model.Options, new ModelGate(model.Options, time).TryEnter(out _)!, () => false, time),
        prompt);
}
