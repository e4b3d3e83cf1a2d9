using System.Reflection;

namespace CloudIa.EndToEnd.Tests.Backends;

/// <summary>Every suite that takes a backend runs on each, and of every other class it is said why not; the table says which, and how many cases.</summary>
public sealed class SuitesTests(ITestOutputHelper output)
{
    private static readonly string[] Backends = ["Embedded", "Aws"];

    /// <summary>Classes that run once, by what their names begin with, and why.</summary>
    private static readonly (string Of, string Why)[] Alone =
    [
        ("AdminTokenTests", "the token that one process makes, and since when its queue waits; many are given theirs, and their engine does not say"),
        ("Functions.", "functions and sockets behind API Gateway, which are on AWS alone"),
        ("History.", "the checkers themselves, without a service"),
        ("Killing.KillNineTests", "one process and its file, killed 50 times; one of many processes is killed in ManyMachines"),
        ("ManyMachines.", "one of many processes or an engine dies, sleeps or is away"),
        ("ProviderWireTests", "what goes over the model's wire: a worker's on both backends, and nobody else's"),
        ("SecondServerTests", "the lock on one process's folder"),
        ("TerminalTests", "the program without a service"),
    ];

    [Fact]
    public void Every_suite_that_takes_a_backend_runs_on_each_no_case_is_skipped_and_what_runs_once_says_why()
    {
        var types = typeof(SuitesTests).Assembly.GetTypes();
        output.WriteLine($"| suite | {string.Join(" | ", Backends)} |");
        output.WriteLine($"|-|{string.Concat(Backends.Select(_ => "-|"))}");
        var suites = types.Where(TakesABackend).OrderBy(type => type.Name).ToList();
        foreach (var suite in suites)
        {
            var runs = Backends.Select(backend => types.Count(type => type.IsSubclassOf(suite) && type.Namespace!.Split('.')[^1] == backend)).ToList();
            output.WriteLine($"| {suite.Name} | {string.Join(" | ", runs.Select(run => $"{run * Cases(suite)}"))} |");
            Assert.True(runs.All(run => run > 0), $"{suite.Name} runs on one backend alone.");
        }

        output.WriteLine($"{suites.Sum(Cases)} cases on {string.Join(" and ", Backends)}");
        Assert.NotEmpty(suites);
        var alone = types.Where(type => type is { IsAbstract: false, IsSealed: true } && type.BaseType == typeof(object) && type != typeof(SuitesTests) && Cases(type) > 0);
        var names = alone.Select(type => (Name: type.FullName![(type.FullName!.IndexOf("Tests.", StringComparison.Ordinal) + 6)..], Cases: Cases(type))).OrderBy(one => one.Name).ToList();
        foreach (var (name, cases) in names) output.WriteLine($"once: {name}, {cases}: {Alone.Single(one => name.StartsWith(one.Of, StringComparison.Ordinal)).Why}");
        Assert.All(Alone, one => Assert.Contains(names, type => type.Name.StartsWith(one.Of, StringComparison.Ordinal)));
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
