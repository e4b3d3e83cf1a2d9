namespace CloudIa.TestEngines;

/// <summary>Where ./test put the servers that come from npm.</summary>
public static class ToolFolder
{
    private static readonly DirectoryInfo Output = new(System.IO.Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));

    public static string Path { get; } =
        System.IO.Path.Combine(Output.Parent!.Parent!.Parent!.Parent!.FullName, "tests", "tools", "node_modules");

    /// <summary>A file of a tool.</summary>
    /// <exception cref="FileNotFoundException">The tool is not installed.</exception>
    public static string File(params string[] parts)
    {
        var file = System.IO.Path.Combine([Path, .. parts]);
        return System.IO.File.Exists(file) ? file : throw new FileNotFoundException("A tool is not installed: run ./test once.", file);
    }
}
