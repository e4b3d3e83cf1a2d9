using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace CloudIa.Tests.Architecture;

/// <summary>The source as it lies in the repository.</summary>
internal static partial class SourceTree
{
    private static readonly string Root = RootOf();

    /// <summary>The names of the projects under src.</summary>
    public static IReadOnlyList<string> Projects { get; } =
        [.. Directory.GetDirectories(Path.Combine(Root, "src")).Where(folder => Directory.GetFiles(folder, "*.csproj").Length == 1).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    /// <summary>Every C# file under src: its project, its path inside it with forward slashes, and its text.</summary>
    public static IReadOnlyList<SourceFile> Files { get; } =
    [
        .. from project in Projects
           let folder = Path.Combine(Root, "src", project)
           from file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
           let path = Path.GetRelativePath(folder, file).Replace('\\', '/')
           where !path.StartsWith("bin/", StringComparison.Ordinal) && !path.StartsWith("obj/", StringComparison.Ordinal)
           orderby project, path
           select new SourceFile(project, path, File.ReadAllText(file)),
    ];

    public static IReadOnlyList<string> ProjectReferences(string project) =>
        [.. References(project, "ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Replace('\\', '/'))!)];

    public static IReadOnlyList<string> PackageReferences(string project) => [.. References(project, "PackageReference")];

    [GeneratedRegex(@"^(?:public |internal |private |file |static |sealed |abstract |partial |readonly |ref )*(?:class|record struct|record|struct|interface|enum) (\w+)", RegexOptions.Multiline)]
    public static partial Regex TypeDeclaration { get; }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    public static partial Regex NamespaceDeclaration { get; }

    private static IEnumerable<string> References(string project, string kind) =>
        XDocument.Load(Path.Combine(Root, "src", project, $"{project}.csproj")).Descendants(kind).Select(reference => (string)reference.Attribute("Include")!);

    // By this file's own place, and not by the test's, which may be built anywhere.
    private static string RootOf([CallerFilePath] string here = "")
    {
        var folder = Path.GetDirectoryName(here);
        while (folder is not null && !File.Exists(Path.Combine(folder, "CloudIa.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new DirectoryNotFoundException($"No CloudIa.slnx above {here}.");
    }
}

internal sealed record SourceFile(string Project, string Path, string Text)
{
    public override string ToString() => $"{Project}/{Path}";
}
