using System.Reflection;

namespace CloudIa.Adapters.Tests;

/// <summary>Every case of every port's contract runs on every backend.</summary>
public sealed class ConformanceTests(ITestOutputHelper output)
{
    private static readonly string[] Backends = ["Embedded", "Aws"];

    [Fact]
    public void Every_contract_is_tried_on_every_backend_and_no_case_is_skipped()
    {
        var types = typeof(ConformanceTests).Assembly.GetTypes();
        output.WriteLine($"| contract | cases | {string.Join(" | ", Backends)} |");
        output.WriteLine($"|-|-|{string.Concat(Backends.Select(_ => "-|"))}");
        var contracts = types.Where(type => type.IsAbstract && Cases(type) > 0).OrderBy(type => type.Name).ToList();
        foreach (var contract in contracts)
        {
            var suites = Backends.Select(backend => types.Where(type => type.IsSubclassOf(contract) && Backend(type) == backend).ToList()).ToList();
            output.WriteLine($"| {contract.Name} | {Cases(contract)} | {string.Join(" | ", suites.Select(suite => string.Join(", ", suite.Select(type => type.Name))))} |");
            Assert.All(suites, suite => Assert.NotEmpty(suite));
        }

        Assert.Equal(["ConversationStoreContract", "DeliveryBusContract", "JobQueueContract", "QuotaContract"], contracts.Select(type => type.Name).Where(name => name.EndsWith("Contract", StringComparison.Ordinal)));
    }

    private static string Backend(Type type) => type.Namespace!.Split('.')[^1];

    private static int Cases(Type contract) => contract
        .GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        .Sum(method => method.GetCustomAttribute<FactAttribute>() switch
        {
            null => 0,
            { Skip: not null } => throw new InvalidOperationException($"{method.Name} is skipped."),
            TheoryAttribute => Math.Max(1, method.GetCustomAttributes<InlineDataAttribute>().Count()),
            _ => 1,
        });
}
