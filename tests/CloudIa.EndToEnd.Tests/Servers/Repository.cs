namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>Where the build put what the tests run: artifacts/bin/PROJECT/CONFIGURATION, beside this assembly's own.</summary>
internal static class Repository
{
    private static readonly DirectoryInfo Output = new(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));

    /// <summary>The program under test; CLOUDIA_TEST_PROGRAM names another build of it (a dll or a native binary).</summary>
    private static string Program { get; } =
        Environment.GetEnvironmentVariable("CLOUDIA_TEST_PROGRAM")
        ?? Path.Combine(Output.Parent!.Parent!.FullName, "CloudIa", Output.Name, "CloudIa.dll");

    /// <summary>The program with these arguments.</summary>
    public static ChildProcess Run(string[] arguments, CloudiaSettings settings, string? input = null)
    {
        var line = CommandLine(arguments);
        return ChildProcess.Start(NameOf(arguments), line[0], line[1..], settings.Environment(), input);
    }

    /// <summary>The same with a terminal before it, as util-linux's script(1) makes one; the input is typed.</summary>
    public static ChildProcess RunInTerminal(string[] arguments, CloudiaSettings settings, string input)
    {
        var line = string.Join(' ', CommandLine(arguments).Select(word => $"'{word}'"));
        return ChildProcess.Start(NameOf(arguments), "script", ["-qefc", line, "/dev/null"], settings.Environment(), input);
    }

    private static string NameOf(string[] arguments) => $"cloudia {string.Join(' ', arguments.Take(1))}";

    /// <summary>The words by which a shell would start it.</summary>
    public static string[] CommandLine(string[] arguments)
    {
        if (!File.Exists(Program)) throw new FileNotFoundException("The program is not built: run ./test.", Program);
        return Program.EndsWith(".dll", StringComparison.Ordinal) ? ["dotnet", Program, .. arguments] : [Program, .. arguments];
    }
}
