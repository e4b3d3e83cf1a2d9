using CloudIa.Adapters.Tests.History;
using CloudIa.Core.History;
using CloudIa.Embedded.History;

namespace CloudIa.Adapters.Tests.Embedded;

public sealed class SqliteStoreFencingTests : StoreFencingLaws, IDisposable
{
    private readonly EmbeddedFolder folder = new();

    public SqliteStoreFencingTests() => Store = new SqliteConversationStore(folder.Database);

    protected override IConversationStore Store { get; }

    public void Dispose() => folder.Dispose();
}
