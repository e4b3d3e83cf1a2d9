using System.Reflection;

namespace CloudIa.Tests.Architecture;

/// <summary>The direction of dependencies (DESIGN.md section 5).</summary>
public class DependencyTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["CloudIa.Protocol"] = [],
        ["CloudIa.Core"] = ["CloudIa.Protocol"],
        ["CloudIa.Gateway"] = ["CloudIa.Core", "CloudIa.Protocol"],
        ["CloudIa.Embedded"] = ["CloudIa.Core", "CloudIa.Protocol"],
        ["CloudIa.Aws"] = ["CloudIa.Core", "CloudIa.Protocol"],
        ["CloudIa.Lambda"] = [],
        ["CloudIa.Client"] = ["CloudIa.Protocol"],
        ["CloudIa.Web"] = ["CloudIa.Client", "CloudIa.Protocol"],
        ["CloudIa"] = ["CloudIa.Gateway", "CloudIa.Embedded", "CloudIa.Aws", "CloudIa.Lambda", "CloudIa.Client", "CloudIa.Core", "CloudIa.Protocol", "CloudIa.Web"],
    };

    public static TheoryData<string> Projects => [.. SourceTree.Projects];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_refers_only_to_those_below_it(string project)
    {
        Assert.True(Allowed.ContainsKey(project), $"{project} has no place among the dependencies yet: give it one here and in the design.");
        Assert.Empty(SourceTree.ProjectReferences(project).Except(Allowed[project]));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void An_assembly_uses_only_those_below_it(string project)
    {
        var used = Assembly.Load(project).GetReferencedAssemblies().Select(used => used.Name!).Where(name => name.StartsWith("CloudIa", StringComparison.Ordinal));

        Assert.Empty(used.Except(Allowed[project]));
    }

    [Fact]
    public void Gateway_and_engines_never_see_each_other_and_the_client_never_sees_the_core()
    {
        string[] engines = ["CloudIa.Embedded", "CloudIa.Aws"];
        Assert.Empty(Reachable("CloudIa.Gateway").Intersect(engines));
        Assert.All(engines.Intersect(SourceTree.Projects), engine => Assert.Empty(Reachable(engine).Intersect(["CloudIa.Gateway", .. engines])));
        Assert.DoesNotContain("CloudIa.Core", Reachable("CloudIa.Client"));
        Assert.DoesNotContain("CloudIa.Core", Reachable("CloudIa.Web"));
    }

    [Fact]
    public void The_wire_has_no_package() => Assert.Empty(SourceTree.PackageReferences("CloudIa.Protocol"));

    [Fact]
    public void The_core_has_abstractions_only() => Assert.All(
        SourceTree.PackageReferences("CloudIa.Core"),
        package => Assert.Matches(@"^(Microsoft\.Extensions\.[\w.]*Abstractions|Polly(\.\w+)?)$", package));

    [Fact]
    public void The_cores_assembly_uses_abstractions_only() => Assert.All(
        Assembly.Load("CloudIa.Core").GetReferencedAssemblies(),
        used => Assert.Matches(@"^(System(\.[\w.]+)?|netstandard|CloudIa\.Protocol|Microsoft\.Extensions\.[\w.]*Abstractions|Polly(\.\w+)?)$", used.Name));

    [Fact]
    public void Only_the_engines_know_their_engines_packages()
    {
        foreach (var project in SourceTree.Projects.Except(["CloudIa.Embedded", "CloudIa.Aws"]))
        {
            Assert.DoesNotContain(SourceTree.PackageReferences(project), package =>
                package.StartsWith("AWSSDK", StringComparison.Ordinal)
                || package.StartsWith("StackExchange.Redis", StringComparison.Ordinal)
                || package.StartsWith("Microsoft.Data.Sqlite", StringComparison.Ordinal));
        }
    }

    private static HashSet<string> Reachable(string project)
    {
        var reached = new HashSet<string>();
        var open = new Queue<string>([project]);
        while (open.TryDequeue(out var at))
        {
            foreach (var next in SourceTree.ProjectReferences(at).Where(reached.Add))
            {
                open.Enqueue(next);
            }
        }

        return reached;
    }
}
