namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>Where the build put what the tests run: artifacts/bin/PROJECT/CONFIGURATION, beside this assembly's own.</summary>
internal static class Repository
{
    private static readonly DirectoryInfo Output = new(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));

    public static string Tools { get; } =
        Path.Combine(Output.Parent!.Parent!.Parent!.Parent!.FullName, "tests", "tools", "node_modules");

    /// <summary>The program under test; CLOUDIA_TEST_PROGRAM names another build of it (a dll or a native binary).</summary>
    private static string Program { get; } =
        Environment.GetEnvironmentVariable("CLOUDIA_TEST_PROGRAM")
        ?? Path.Combine(Output.Parent!.Parent!.FullName, "CloudIa", Output.Name, "CloudIa.dll");

    /// <summary>The program with these arguments.</summary>
    public static ChildProcess Run(string[] arguments, CloudiaSettings settings, string? input = null)
    {
        if (!File.Exists(Program)) throw new FileNotFoundException("The program is not built: run ./test.", Program);
        var name = $"cloudia {string.Join(' ', arguments.Take(1))}";
        return Program.EndsWith(".dll", StringComparison.Ordinal)
            ? ChildProcess.Start(name, "dotnet", [Program, .. arguments], settings.Environment(), input)
            : ChildProcess.Start(name, Program, arguments, settings.Environment(), input);
    }
}
