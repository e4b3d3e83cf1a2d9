using CloudIa.EndToEnd.Tests.Servers;
using static CloudIa.EndToEnd.Tests.History.SampleHistory;

namespace CloudIa.EndToEnd.Tests.History;

/// <summary>The checker of E fails on what it is there for.</summary>
public sealed class SpendingTests
{
    private static readonly LoggedCall Whole = new("first of ann-7f", "c2 one two", ModelCallState.Ended, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3));
    private static readonly LoggedCall Failed = Whole with { Opened = TimeSpan.FromSeconds(1), Closed = TimeSpan.FromSeconds(2), Broken = true };

    [Fact]
    public void Failed_calls_before_a_whole_answer_break_nothing() =>
        Assert.Empty(Invariants.Check(Sound() with { Calls = [Failed, Failed with { Broken = false, State = ModelCallState.Abandoned }, Whole], MostCalls = 3 }));

    [Fact]
    public void A_call_after_a_whole_answer_breaks_E() => Fails("1 times more", [Whole, Failed with { Opened = TimeSpan.FromSeconds(4), Closed = TimeSpan.FromSeconds(5) }]);

    [Fact]
    public void Two_whole_answers_break_E() => Fails("1 times more", [Whole with { Opened = TimeSpan.FromSeconds(1) }, Whole]);

    [Fact]
    public void More_calls_than_are_allowed_break_E() => Fails("called 4 times", [Failed, Failed, Failed, Whole]);

    private static void Fails(string because, IReadOnlyList<LoggedCall> calls) => Assert.Contains(
        Invariants.Check(Sound() with { Calls = calls, MostCalls = 3 }),
        violation => violation.Invariant == 'E' && violation.Seen.Contains(because, StringComparison.Ordinal));
}
