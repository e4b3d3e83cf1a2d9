namespace CloudIa.Bench.Comparators;

/// <summary>A store's one writer: a thread that takes all requests that wait and never waits for more of them.</summary>
internal sealed class CommitThread : IDisposable
{
    private readonly object _gate = new();
    private readonly JobTable _table;
    private readonly Thread _thread;
    private readonly bool _together;
    private List<Caller> _waiting = new(512);
    private bool _stopped;

    /// <param name="folder">Of the table.</param>
    /// <param name="together">True: one commit for all that were taken; false: one commit each.</param>
    public CommitThread(string folder, bool together)
    {
        _table = new JobTable(folder);
        _together = together;
        _thread = new Thread(Run) { IsBackground = true, Name = "writer" };
        _thread.Start();
    }

    /// <summary>Returns when the body is durable.</summary>
    public Task CommitAsync(byte[] body)
    {
        var caller = new Caller(body);
        lock (_gate)
        {
            _waiting.Add(caller);
            if (_waiting.Count == 1)
                Monitor.Pulse(_gate);
        }

        return caller.Task;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _stopped = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
        _table.Dispose();
    }

    private void Run()
    {
        var taken = new List<Caller>(512);
        while (true)
        {
            lock (_gate)
            {
                while (_waiting.Count == 0 && !_stopped)
                    Monitor.Wait(_gate);
                if (_waiting.Count == 0)
                    return;
                (_waiting, taken) = (taken, _waiting);
            }

            if (_together)
                CommitTogether(taken);
            else
                CommitEach(taken);
            taken.Clear();
        }
    }

    private void CommitTogether(List<Caller> callers)
    {
        _table.Begin();
        foreach (var caller in callers)
            _table.Insert(caller.Body);
        _table.Commit();
        foreach (var caller in callers)
            caller.SetResult();
    }

    private void CommitEach(List<Caller> callers)
    {
        foreach (var caller in callers)
        {
            _table.Insert(caller.Body);
            caller.SetResult();
        }
    }

    private sealed class Caller(byte[] body) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public byte[] Body { get; } = body;
    }
}
