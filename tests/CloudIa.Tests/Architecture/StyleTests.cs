using System.Text.RegularExpressions;

namespace CloudIa.Tests.Architecture;

/// <summary>What a reader of src may count on.</summary>
public partial class StyleTests
{
    private const int LongestFile = 300;

    [Fact]
    public void Namespaces_follow_folders()
    {
        foreach (var file in SourceTree.Files)
        {
            var folder = Path.GetDirectoryName(file.Path)!.Replace('/', '.').Replace('\\', '.');
            var expected = folder.Length == 0 ? file.Project : $"{file.Project}.{folder}";
            Assert.All(SourceTree.NamespaceDeclaration.Matches(file.Text), declared => Assert.True(declared.Groups[1].Value == expected, $"{file} declares {declared.Groups[1].Value}"));
        }
    }

    [Fact]
    public void No_name_says_only_that_something_is_in_it()
    {
        var bad = from file in SourceTree.Files
                  from declared in SourceTree.TypeDeclaration.Matches(file.Text)
                  where VagueName.IsMatch(declared.Groups[1].Value)
                  select $"{file}: {declared.Groups[1].Value}";

        Assert.Empty(bad);
    }

    [Fact]
    public void Every_file_does_one_thing_within_300_lines() =>
        Assert.DoesNotContain(SourceTree.Files, file => file.Text.Count(c => c == '\n') > LongestFile);

    [Fact]
    public void No_task_is_discarded() => Assert.DoesNotContain(SourceTree.Files, file => DiscardedTask.IsMatch(file.Text));

    [Fact]
    public void The_scan_sees_the_source()
    {
        // Else all of the above would hold for an empty folder.
        Assert.Contains(SourceTree.Files, file => file.ToString() == "CloudIa.Core/Work/JobRun.cs");
        Assert.Contains(SourceTree.Files, file => SourceTree.TypeDeclaration.Matches(file.Text).Any(declared => declared.Groups[1].Value == "JobRun"));
        Assert.Matches(VagueName, "StringHelper");
        Assert.Matches(DiscardedTask, "        _ = SendAsync(all);\n");
    }

    [GeneratedRegex("(Helpers?|Utils?|Utility|Common|Manager)$|^Extensions$")]
    private static partial Regex VagueName { get; }

    [GeneratedRegex(@"^\s*_ = (await )?[\w.]*(Async|Task\.Run)\(", RegexOptions.Multiline)]
    private static partial Regex DiscardedTask { get; }
}
