using CloudIa.Protocol;

namespace CloudIa.Gateway.Export;

/// <summary>Writes a conversation in one format, turn by turn; what was written goes with the next flush.</summary>
internal abstract class ExportWriter : IAsyncDisposable
{
    public abstract void Begin(ConversationView conversation, DateTimeOffset at);

    public abstract void Write(ExportedTurn turn);

    public abstract void End();

    public abstract ValueTask FlushAsync(CancellationToken cancellation);

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
