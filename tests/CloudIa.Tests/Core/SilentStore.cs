using System.Reflection;
using CloudIa.Core.History;

namespace CloudIa.Tests.Core;

/// <summary>A history that does not answer when it is told that a job waits.</summary>
public class SilentStore : DispatchProxy
{
    private IConversationStore store = null!;

    public static IConversationStore Over(IConversationStore store)
    {
        var proxy = Create<IConversationStore, SilentStore>();
        ((SilentStore)proxy).store = store;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        targetMethod!.Name == nameof(IConversationStore.PostponeAsync) ? new TaskCompletionSource<bool>().Task : targetMethod.Invoke(store, args);
}
