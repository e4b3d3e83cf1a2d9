using System.Diagnostics;
using System.Runtime.InteropServices;

namespace CloudIa.Bench.Servers;

/// <summary>Where our server's program is; builds it with the SDK where nothing else was named.</summary>
internal static class OurBuild
{
    // The program is CloudIa in the layout and `cloudia` on the command line; either name will do.
    private static readonly string[] Names = ["CloudIa", "cloudia"];

    private static string? _release;

    /// <summary>The program that <c>--server</c> names, else the Release build, brought up to date once a run.</summary>
    public static async Task<string> ReleaseAsync(BenchSettings settings, CancellationToken cancellation)
    {
        if (settings.Server is not null)
            return Path.GetFullPath(settings.Server);

        if (_release is null)
        {
            await DotnetAsync(["build", "src/CloudIa", "-c", "Release", "--nologo", "-v", "quiet"], cancellation);
            _release = Found(Path.Combine(Workspace.Artifacts, "bin", "CloudIa", "release"), ".dll");
        }

        return _release;
    }

    /// <summary>The binary that <c>--native</c> names, else the published one, brought up to date (needs clang and zlib's headers, and some minutes the first time).</summary>
    public static async Task<string> NativeAsync(BenchSettings settings, CancellationToken cancellation)
    {
        if (settings.Native is not null)
            return Path.GetFullPath(settings.Native);

        var folder = Path.Combine(Workspace.Artifacts, "publish", "CloudIa", $"release_{RuntimeInformation.RuntimeIdentifier}");
        await DotnetAsync(
            ["publish", "src/CloudIa", "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "--nologo", "-v", "quiet"],
            cancellation);
        return Found(folder, "");
    }

    private static string Found(string folder, string extension) =>
        Find(folder, extension) ?? throw new FileNotFoundException($"The build left no program CloudIa{extension} in {folder}.");

    private static string? Find(string folder, string extension) => Names
        .Select(name => Path.Combine(folder, name + extension))
        .FirstOrDefault(File.Exists);

    private static async Task DotnetAsync(string[] arguments, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = Workspace.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var build = Process.Start(start)!;
        var output = build.StandardOutput.ReadToEndAsync(cancellation);
        var errors = build.StandardError.ReadToEndAsync(cancellation);
        try
        {
            await build.WaitForExitAsync(cancellation);
        }
        finally
        {
            if (!build.HasExited)
                build.Kill(entireProcessTree: true);
        }

        if (build.ExitCode != 0)
            throw new InvalidOperationException($"dotnet {arguments[0]} failed:\n{await output}{await errors}");
    }
}
