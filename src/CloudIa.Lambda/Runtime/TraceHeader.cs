using System.Diagnostics;

namespace CloudIa.Lambda.Runtime;

/// <summary>X-Ray's trace header, "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", in the words of W3C.</summary>
public static class TraceHeader
{
    public const string Name = "X-Amzn-Trace-Id";

    /// <summary>The variable by which libraries in the function's process know the trace of the invocation that is on.</summary>
    public const string Variable = "_X_AMZN_TRACE_ID";

    /// <summary>The same trace as a traceparent; null where the header names none.</summary>
    public static string? ToTraceParent(string? header)
    {
        string? trace = null, parent = null;
        var sampled = false;
        foreach (var field in (header ?? "").Split(';', StringSplitOptions.TrimEntries))
        {
            switch (field.Split('=', 2))
            {
                case ["Root", ['1', '-', .. var root]]:
                    trace = root.Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();
                    break;
                case ["Parent", var id]:
                    parent = id.ToLowerInvariant();
                    break;
                case ["Sampled", "1"]:
                    sampled = true;
                    break;
            }
        }

        // A root without a parent is the whole request's: whoever goes on from here gets one that is nobody's.
        var text = $"00-{trace}-{parent ?? ActivitySpanId.CreateRandom().ToHexString()}-{(sampled ? "01" : "00")}";
        return trace is not null && ActivityContext.TryParse(text, null, out _) ? text : null;
    }
}
