namespace CloudIa.Chat;

/// <summary>Ctrl-C: the first one stops the answer under way, the next one leaves; with no answer, the first leaves.</summary>
internal sealed class Interrupt : IDisposable
{
    /// <summary>128 + SIGINT, as a shell has it.</summary>
    public const int ExitCode = 130;

    private readonly CancellationTokenSource _leaving;
    private TaskCompletionSource? _stop;

    public Interrupt(CancellationTokenSource leaving)
    {
        _leaving = leaving;
        Console.CancelKeyPress += Pressed;
    }

    /// <summary>An answer is under way: completes at the next Ctrl-C.</summary>
    public Task Watch() => (_stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>The answer has ended.</summary>
    public void Unwatch() => _stop = null;

    public void Dispose() => Console.CancelKeyPress -= Pressed;

    private void Pressed(object? sender, ConsoleCancelEventArgs pressed)
    {
        if (_stop is not { } stop)
            return; // Nothing to save: the process ends as any other, even in the middle of a read.

        pressed.Cancel = true;
        if (!stop.TrySetResult())
            _leaving.Cancel();
    }
}
