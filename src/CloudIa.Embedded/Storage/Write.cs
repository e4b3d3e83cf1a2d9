namespace CloudIa.Embedded.Storage;

/// <summary>One caller's part of a transaction. It may be applied again after a rollback, so it keeps nothing until committed.</summary>
internal abstract class Write
{
    /// <summary>Runs the statements, inside the transaction, on whichever thread writes.</summary>
    public abstract void Apply(Statements statements);

    /// <summary>Called once the transaction is on the disk, in commit order.</summary>
    public abstract void Committed();

    public abstract void Fail(Exception error);
}

/// <summary>A write that answers with a value.</summary>
internal sealed class Write<T>(Func<Statements, T> apply) : Write
{
    private readonly TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? result;

    public Task<T> Task => done.Task;

    public override void Apply(Statements statements) => result = apply(statements);

    public override void Committed() => done.SetResult(result!);

    public override void Fail(Exception error) => done.SetException(error);
}
