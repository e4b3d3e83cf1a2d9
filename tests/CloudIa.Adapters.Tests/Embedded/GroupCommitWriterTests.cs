using System.Collections.Concurrent;
using CloudIa.Embedded.Storage;
using Microsoft.Data.Sqlite;

namespace CloudIa.Adapters.Tests.Embedded;

public sealed class GroupCommitWriterTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly EmbeddedFolder folder = new();

    public GroupCommitWriterTests() => folder.Execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY) STRICT;");

    private GroupCommitWriter Writer => folder.Database.Writer;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Of_many_writes_that_share_a_commit_only_the_one_that_spoils_it_fails()
    {
        using var hold = new ManualResetEventSlim();
        var held = HoldAsync(hold);
        var writes = Enumerable.Range(0, 50).Select(i => InsertAsync(i == 20 ? 7 : i)).ToList();
        var thrower = Writer.WriteAsync<int>(_ => throw new FormatException("spoilt"), None);
        hold.Set();
        await held;

        await Assert.ThrowsAsync<FormatException>(() => thrower);
        var error = await Assert.ThrowsAsync<SqliteException>(() => writes[20]);
        Assert.Contains("UNIQUE", error.Message, StringComparison.Ordinal);
        writes.RemoveAt(20);
        await Task.WhenAll(writes);
        Assert.Equal(Enumerable.Range(0, 50).Where(i => i != 20), Numbers());
    }

    [Fact]
    public async Task Writes_are_applied_and_told_of_their_commit_in_the_order_they_were_queued()
    {
        using var hold = new ManualResetEventSlim();
        var held = HoldAsync(hold);
        var told = new ConcurrentQueue<int>();
        var writes = Enumerable.Range(0, 3_000).Select(i => new Told(i, told)).ToList();
        writes.ForEach(write => Writer.Enqueue(write, None));
        hold.Set();
        await held;
        await Task.WhenAll(writes.Select(write => write.Done));

        Assert.Equal(Enumerable.Range(0, 3_000), told);
    }

    [Fact]
    public async Task Nobody_is_told_of_a_commit_that_another_connection_cannot_see()
    {
        for (var i = 0; i < 20; i++)
        {
            await InsertAsync(i);
            Assert.Equal(i + 1, Numbers().Count);
        }
    }

    [Fact]
    public async Task A_failed_write_leaves_nothing_of_itself()
    {
        var half = Writer.WriteAsync<int>(
            statements =>
            {
                statements.Execute("INSERT INTO numbers VALUES ($1)", 1);
                throw new FormatException("half way");
            },
            None);

        await Assert.ThrowsAsync<FormatException>(() => half);
        Assert.Empty(Numbers());
        await InsertAsync(1);
    }

    [Fact]
    public async Task Writes_of_many_threads_are_all_there()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                await InsertAsync((thread * 50) + i);
            }
        })));

        Assert.Equal(Enumerable.Range(0, 400), Numbers());
    }

    [Fact]
    public async Task Closing_commits_what_was_queued_and_refuses_what_comes_later()
    {
        using var hold = new ManualResetEventSlim();
        var held = HoldAsync(hold);
        var writes = Enumerable.Range(0, 100).Select(InsertAsync).ToList();
        var closing = Task.Run(folder.Database.Dispose, TestContext.Current.CancellationToken);
        hold.Set();
        await closing;
        await held;
        await Task.WhenAll(writes);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => InsertAsync(1000));
        folder.Reopen();
        Assert.Equal(Enumerable.Range(0, 100), Numbers());
    }

    [Fact]
    public async Task A_cancelled_caller_writes_nothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Writer.WriteAsync(
            statements => statements.Execute("INSERT INTO numbers VALUES (1)"), new CancellationToken(true)));

        Assert.Empty(Numbers());
    }

    [Fact]
    public async Task Every_commit_is_flushed_to_the_disk()
    {
        // 2 is FULL: the log is flushed at every commit.
        Assert.Equal(2L, await Writer.WriteAsync(statements => statements.Bind("PRAGMA synchronous").ExecuteScalar(), None));
    }

    private Task<int> InsertAsync(int number) => Writer.WriteAsync(statements => statements.Execute("INSERT INTO numbers VALUES ($1)", number), None);

    // Written by its own caller, which is therefore another thread. The writer is busy until the event is set, so that what is queued meanwhile shares a commit.
    private Task<bool> HoldAsync(ManualResetEventSlim hold)
    {
        using var begun = new ManualResetEventSlim();
        var held = Task.Run(() => Writer.WriteAsync(
            _ =>
            {
                begun.Set();
                return hold.Wait(TimeSpan.FromSeconds(30));
            },
            None));
        begun.Wait(None);
        return held;
    }

    private List<int> Numbers() => folder.Database.Read(read =>
    {
        using var row = read.Bind("SELECT number FROM numbers ORDER BY number").ExecuteReader();
        var numbers = new List<int>();
        while (row.Read())
        {
            numbers.Add(row.GetInt32(0));
        }

        return numbers;
    });

    private sealed class Told(int number, ConcurrentQueue<int> told) : Write
    {
        private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Done => done.Task;

        public override void Apply(Statements statements) => statements.Execute("INSERT INTO numbers VALUES ($1)", number);

        public override void Committed()
        {
            told.Enqueue(number);
            done.SetResult();
        }

        public override void Fail(Exception error) => done.SetException(error);
    }
}
