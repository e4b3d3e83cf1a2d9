namespace CloudIa.Bench.Comparators;

/// <summary>
/// Comparator of row 2: bare Kestrel whose one writer thread commits all callers that wait in one transaction,
/// without waiting for more to come: one prepared INSERT of the body a request, 202 after the commit.
/// </summary>
internal static class BatchedCommit
{
    public static async Task RunAsync(int port, string folder)
    {
        using var writer = new BatchWriter(folder);
        await BareKestrel.RunAsync(port, async context =>
        {
            if (context.Request.Method == "GET")
                return;

            await writer.CommitAsync(await BareKestrel.ReadBodyAsync(context));
            await BareKestrel.AnswerAcceptedAsync(context);
        });
    }

    private sealed class BatchWriter : IDisposable
    {
        private readonly object _gate = new();
        private readonly JobTable _table;
        private readonly Thread _thread;
        private List<Caller> _waiting = new(512);
        private bool _stopped;

        public BatchWriter(string folder)
        {
            _table = new JobTable(folder);
            _thread = new Thread(Run) { IsBackground = true, Name = "writer" };
            _thread.Start();
        }

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
            var batch = new List<Caller>(512);
            while (true)
            {
                lock (_gate)
                {
                    while (_waiting.Count == 0 && !_stopped)
                        Monitor.Wait(_gate);
                    if (_waiting.Count == 0)
                        return;
                    (_waiting, batch) = (batch, _waiting);
                }

                _table.Begin();
                foreach (var caller in batch)
                    _table.Insert(caller.Body);
                _table.Commit();
                foreach (var caller in batch)
                    caller.SetResult();
                batch.Clear();
            }
        }
    }

    private sealed class Caller(byte[] body) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public byte[] Body { get; } = body;
    }
}
