namespace CloudIa.Embedded.Storage;

/// <summary>
/// The one writer of the database. It takes all writes that wait and commits them together, with one flush to
/// the disk, without waiting for more to come: alone a write is as fast as one commit, and together they share it.
/// </summary>
internal sealed class GroupCommitWriter : IDisposable
{
    /// <summary>Writes in one commit, so that none waits behind a very long one.</summary>
    private const int MaxBatch = 1024;

    private readonly Lock gate = new();
    private readonly AutoResetEvent arrived = new(false);
    private readonly Statements statements;
    private readonly Thread thread;
    private List<Write> waiting = [];
    private bool closed;

    public GroupCommitWriter(Statements statements)
    {
        this.statements = statements;
        thread = new Thread(Run) { IsBackground = true, Name = "group commit" };
        thread.Start();
    }

    /// <summary>Queues a write; its task ends when its commit is on the disk, or with the error that kept it out.</summary>
    public Task<T> WriteAsync<T>(Func<Statements, T> apply, CancellationToken cancellation)
    {
        var write = new Write<T>(apply);
        Enqueue(write, cancellation);
        return write.Task;
    }

    /// <summary>As above, for a write that wants to know of its commit on the writer's thread, in commit order.</summary>
    public void Enqueue(Write write, CancellationToken cancellation)
    {
        // A write is all or nothing; once it is queued, giving up waiting for it would only hide what it did.
        cancellation.ThrowIfCancellationRequested();
        lock (gate)
        {
            if (closed)
            {
                // Through its task, where callers look for errors.
                write.Fail(new ObjectDisposedException(GetType().FullName));
                return;
            }

            waiting.Add(write);
            if (waiting.Count > 1)
            {
                return;
            }
        }

        arrived.Set();
    }

    /// <summary>Commits what was queued, and closes.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (closed)
            {
                return;
            }

            closed = true;
        }

        arrived.Set();
        thread.Join();
        arrived.Dispose();
        statements.Dispose();
    }

    private void Run()
    {
        var batch = new List<Write>();
        while (true)
        {
            arrived.WaitOne();
            while (true)
            {
                lock (gate)
                {
                    (batch, waiting) = (waiting, batch);
                    if (batch.Count == 0)
                    {
                        if (closed)
                        {
                            return;
                        }

                        break;
                    }
                }

                foreach (var part in batch.Chunk(MaxBatch))
                {
                    Commit(part);
                }

                batch.Clear();
            }
        }
    }

    private void Commit(Write[] batch)
    {
        if (TryCommit(batch, out var error))
        {
            return;
        }

        if (batch.Length == 1)
        {
            batch[0].Fail(error);
            return;
        }

        // One of them spoils the transaction: each on its own, so that only that one fails.
        foreach (var write in batch)
        {
            if (!TryCommit([write], out error))
            {
                write.Fail(error);
            }
        }
    }

    private bool TryCommit(Write[] batch, out Exception error)
    {
        try
        {
            statements.Execute("BEGIN IMMEDIATE");
            foreach (var write in batch)
            {
                write.Apply(statements);
            }

            statements.Execute("COMMIT");
        }
#pragma warning disable CA1031 // Whatever a write throws is its caller's answer, and must not end the writer.
        catch (Exception caught)
#pragma warning restore CA1031
        {
            RollBack();
            error = caught;
            return false;
        }

        foreach (var write in batch)
        {
            write.Committed();
        }

        error = null!;
        return true;
    }

    private void RollBack()
    {
        // SQLite has rolled back by itself after some errors (a full disk); then there is nothing to roll back.
        if (SQLitePCL.raw.sqlite3_get_autocommit(statements.Connection.Handle) == 0)
        {
            statements.Execute("ROLLBACK");
        }
    }
}
