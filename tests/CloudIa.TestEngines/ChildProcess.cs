using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;


namespace CloudIa.TestEngines;

/// <summary>One process that a test started: its output is kept, and it is ended by its own id.</summary>
public sealed partial class ChildProcess : IDisposable
{
    private const int Terminate = 15;
    private const int Continue = 18;
    private const int Stop = 19;
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly string _name;

    private ChildProcess(string name, ProcessStartInfo start)
    {
        _name = name;
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Keep(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_errors, line.Data);
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public string Output => Read(_output);

    public string Errors => Read(_errors);

    /// <summary>A null value takes a variable away.</summary>
    public static ChildProcess Start(
        string name,
        string file,
        IEnumerable<string> arguments,
        IEnumerable<KeyValuePair<string, string?>> environment,
        string? input = null)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var (key, value) in environment)
        {
            if (value is null) start.Environment.Remove(key);
            else start.Environment[key] = value;
        }

        var child = new ChildProcess(name, start);
        child._process.Start();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        if (input is not null) child._process.StandardInput.Write(input);
        child._process.StandardInput.Close();
        return child;
    }

    /// <summary>SIGKILL, and the process is gone when this returns.</summary>
    public void KillNine()
    {
        if (_process.HasExited) return;
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>SIGTERM, as a deployment sends it.</summary>
    public void AskToStop() => Signal(Terminate);

    /// <summary>SIGSTOP: it does nothing more until it is thawed, and its connections stand.</summary>
    public void Freeze() => Signal(Stop);

    /// <summary>SIGCONT.</summary>
    public void Thaw() => Signal(Continue);

    /// <summary>Its exit code, once it has ended by itself and its output is read.</summary>
    public async Task<int> Exit(TimeSpan? within = null)
    {
        await Patience.For(_process.WaitForExitAsync(), $"{_name} to end", Tail, within);
        return _process.ExitCode;
    }

    /// <summary>The last lines it wrote, for messages.</summary>
    public string Tail()
    {
        const int most = 6_000;
        var all = $"{Output}{Errors}";
        var tail = all.Length > most ? "…" + all[^most..] : all;
        return $"--- {_name} ({(_process.HasExited ? $"ended with {_process.ExitCode}" : "running")}) wrote:{Environment.NewLine}{tail}---";
    }

    public void Dispose()
    {
        KillNine();
        _process.Dispose();
    }

    private void Signal(int signal)
    {
        if (!_process.HasExited && SendSignal(_process.Id, signal) != 0)
        {
            throw new InvalidOperationException($"Signal {signal} did not reach {_name} ({_process.Id}).");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);

    private static void Keep(StringBuilder to, string? line)
    {
        if (line is null) return;
        lock (to) to.AppendLine(line);
    }

    private static string Read(StringBuilder from)
    {
        lock (from) return from.ToString();
    }
}
