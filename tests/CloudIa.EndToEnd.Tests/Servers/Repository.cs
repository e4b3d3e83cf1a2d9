namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>Where the build put what the tests run: artifacts/bin/PROJECT/CONFIGURATION, beside this assembly's own.</summary>
internal static class Repository
{
    private static readonly DirectoryInfo Output = new(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));

    /// <summary>The program under test; CLOUDIA_TEST_PROGRAM names another build of it (a dll or a native binary).</summary>
    public static string Program { get; } =
        Environment.GetEnvironmentVariable("CLOUDIA_TEST_PROGRAM")
        ?? Path.Combine(Output.Parent!.Parent!.FullName, "CloudIa", Output.Name, "CloudIa.dll");

    public static string Tools { get; } =
        Path.Combine(Output.Parent!.Parent!.Parent!.Parent!.FullName, "tests", "tools", "node_modules");
}
