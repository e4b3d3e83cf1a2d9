namespace CloudIa.Bench;

/// <summary>Where the repository, its build output and the data folders of the measured servers are.</summary>
internal static class Workspace
{
    /// <summary>The folder of the solution that this program was built from.</summary>
    public static string Root { get; } = FindRoot();

    public static string Artifacts => Path.Combine(Root, "artifacts");

    /// <summary>An empty folder on the disk of the repository (a memory disk would make commits free).</summary>
    public static string NewDataFolder(string name)
    {
        var folder = Path.Combine(Artifacts, "bench-data", $"{name}-{Environment.ProcessId}-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        return folder;
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "CloudIa.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException("The bench runs from its build output inside the repository.");
    }
}
