using CloudIa.EndToEnd.Tests;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace CloudIa.EndToEnd.Tests;

/// <summary>Classes that take long begin first, so that none of them is left to run alone at the end.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    /// <summary>The longest first, as a whole run measured them.</summary>
    private static readonly string[] Long =
    [
        "RelayTests", "KillNineTests", "ManyMachinesTests", "DeadModelTests", "ConversationPageTests", "CutTests", "ModelFaultTests",
        "SandboxHttpTests", "FailoverTests", "LongOutageTests", "DeadLetterTests", "StopAtAnyInstantTests",
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(PlaceOf)];

    private static int PlaceOf<TTestCollection>(TTestCollection collection)
        where TTestCollection : ITestCollection
    {
        var place = Array.FindIndex(Long, name => collection.TestCollectionDisplayName.Contains(name, StringComparison.Ordinal));
        return place < 0 ? Long.Length : place;
    }
}
