using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace CloudIa.Embedded.Storage;

/// <summary>
/// The one writer of the database. It takes all writes that wait and commits them together, with one flush to
/// the disk, without waiting for more to come: alone a write is as fast as one commit, and together they share it.
/// <para>A write that finds nobody writing is committed by its own caller, which spares two changes of thread;
/// what comes meanwhile is the writer thread's.</para>
/// </summary>
internal sealed class GroupCommitWriter : IDisposable
{
    /// <summary>Writes in one commit, so that none waits behind a very long one.</summary>
    private const int MaxBatch = 1024;

    private readonly Lock gate = new();
    private readonly AutoResetEvent handedOver = new(false);
    private readonly ManualResetEventSlim idle = new(true);
    private readonly Statements statements;
    private readonly Thread thread;
    private List<Write> waiting = [];
    private List<Write> batch = [];
    private bool closed;

    public GroupCommitWriter(Statements statements)
    {
        this.statements = statements;
        thread = new Thread(Run) { IsBackground = true, Name = "group commit" };
        thread.Start();
    }

    /// <summary>Makes a write; its task ends when its commit is on the disk, or with the error that kept it out.</summary>
    public Task<T> WriteAsync<T>(Func<Statements, T> apply, CancellationToken cancellation)
    {
        var write = new Write<T>(apply);
        Enqueue(write, cancellation);
        return write.Task;
    }

    /// <summary>As above, for a write that wants to know of its commit at once and in commit order.</summary>
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
            if (!idle.IsSet)
            {
                return;
            }

            idle.Reset();
        }

        if (CommitWaiting())
        {
            handedOver.Set();
        }
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

        idle.Wait();
        handedOver.Set();
        thread.Join();
        handedOver.Dispose();
        idle.Dispose();
        statements.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            handedOver.WaitOne();
            if (closed && idle.IsSet)
            {
                return;
            }

            while (CommitWaiting())
            {
            }
        }
    }

    /// <summary>Commits all that waits now. Whoever cleared <see cref="idle"/> calls it, until it says that nothing is left.</summary>
    private bool CommitWaiting()
    {
        lock (gate)
        {
            (batch, waiting) = (waiting, batch);
        }

        var left = CollectionsMarshal.AsSpan(batch);
        while (left.Length > 0)
        {
            var count = Math.Min(left.Length, MaxBatch);
            Commit(left[..count]);
            left = left[count..];
        }

        batch.Clear();
        lock (gate)
        {
            if (waiting.Count > 0)
            {
                return true;
            }

            idle.Set();
            return false;
        }
    }

    private void Commit(ReadOnlySpan<Write> batch)
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

    private bool TryCommit(ReadOnlySpan<Write> batch, out Exception error)
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
        if (SQLitePCL.raw.sqlite3_get_autocommit(statements.Connection.Handle) != 0)
        {
            return;
        }

        try
        {
            statements.Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // Then the next BEGIN fails too, and its callers hear of it; the writer itself goes on.
        }
    }
}
