using CloudIa.EndToEnd.Tests.Servers;

namespace CloudIa.EndToEnd.Tests.History;

/// <summary>E: a message costs one whole answer of the model, and no more failed calls than are allowed.</summary>
internal static class Spending
{
    public static IEnumerable<Violation> Check(ChatHistory history)
    {
        foreach (var message in history.Calls.GroupBy(call => call.Asked))
        {
            IReadOnlyList<LoggedCall> calls = [.. message.OrderBy(call => call.Opened)];
            if (calls.Count > history.MostCalls) yield return new('E', $"the model was called {calls.Count} times for '{message.Key}'");
            var after = calls.SkipWhile(call => call.Broken || call.State != ModelCallState.Ended).Skip(1).Count();
            if (after > 0) yield return new('E', $"the model was called {after} times more for '{message.Key}' when it had answered in full");
        }
    }
}
