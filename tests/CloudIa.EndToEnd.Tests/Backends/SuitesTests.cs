using System.Reflection;

namespace CloudIa.EndToEnd.Tests.Backends;

/// <summary>Every suite that takes a backend runs on each; the table says which, and how many cases.</summary>
public sealed class SuitesTests(ITestOutputHelper output)
{
    private static readonly string[] Backends = ["Embedded", "Aws"];

    /// <summary>Suites that run on one process for now, because of their length or of what they found.</summary>
    private static readonly string[] NotYetOnAws = ["CutTests", "LibraryCutTests"];

    [Fact]
    public void Every_suite_that_takes_a_backend_runs_on_each_and_no_case_is_skipped()
    {
        var types = typeof(SuitesTests).Assembly.GetTypes();
        output.WriteLine($"| suite | {string.Join(" | ", Backends)} |");
        output.WriteLine($"|-|{string.Concat(Backends.Select(_ => "-|"))}");
        var suites = types.Where(TakesABackend).OrderBy(type => type.Name).ToList();
        foreach (var suite in suites)
        {
            var runs = Backends.Select(backend => types.Count(type => type.IsSubclassOf(suite) && type.Namespace!.Split('.')[^1] == backend)).ToList();
            output.WriteLine($"| {suite.Name} | {string.Join(" | ", runs.Select(run => $"{run * Cases(suite)}"))} |");
            Assert.True(runs[0] > 0 && runs[1] > 0 != NotYetOnAws.Contains(suite.Name), suite.Name);
        }

        output.WriteLine($"{suites.Sum(Cases)} cases on {string.Join(" and ", Backends)}");
        Assert.NotEmpty(suites);
        var alone = types.Where(type => type is { IsAbstract: false, IsSealed: true } && type.BaseType == typeof(object) && type != typeof(SuitesTests) && Cases(type) > 0);
        foreach (var type in alone.OrderBy(type => type.FullName)) output.WriteLine($"on one alone: {type.FullName![(type.FullName!.IndexOf("Tests.", StringComparison.Ordinal) + 6)..]} {Cases(type)}");
    }

    private static bool TakesABackend(Type type) => type.IsAbstract && Cases(type) > 0
        && type.GetConstructors(BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.Instance)
            .Any(made => made.GetParameters().Any(taken => taken.ParameterType == typeof(Backend) || taken.ParameterType == typeof(ServedDemo)));

    private static int Cases(Type suite) => suite
        .GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        .Sum(method => method.GetCustomAttribute<FactAttribute>() switch
        {
            null => 0,
            { Skip: not null } => throw new InvalidOperationException($"{method.Name} is skipped."),
            TheoryAttribute => Math.Max(1, method.GetCustomAttributes<InlineDataAttribute>().Count()),
            _ => 1,
        });
}
