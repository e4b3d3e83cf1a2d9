using CloudIa.Embedded.History;
using CloudIa.Embedded.Storage;
using Microsoft.Data.Sqlite;

namespace CloudIa.Adapters.Tests.Embedded;

public sealed class MigrationsTests : IDisposable
{
    private readonly SqliteConnection connection = new("Data Source=:memory:");

    public MigrationsTests() => connection.Open();

    public void Dispose() => connection.Dispose();

    [Fact]
    public void A_fresh_database_gets_every_table()
    {
        using var statements = new Statements(connection);
        Migrations.Apply(statements);

        Assert.Equal(["conversations", "dead_letters", "jobs", "secrets", "texts", "titles", "turns"], Tables(statements));
        Assert.True(Version(statements) >= 1);
    }

    [Fact]
    public void Applied_again_the_migrations_change_nothing()
    {
        using var statements = new Statements(connection);
        Migrations.Apply(statements);
        var version = Version(statements);
        statements.Execute("INSERT INTO secrets (name, value) VALUES ('kept', x'00')");
        Migrations.Apply(statements);

        Assert.Equal(version, Version(statements));
        Assert.Equal(1L, statements.Bind("SELECT count(*) FROM secrets").ExecuteScalar());
    }

    [Fact]
    public void The_database_of_a_newer_program_is_refused_and_left_as_it_is()
    {
        using var statements = new Statements(connection);
        statements.Execute("PRAGMA user_version = 9999");

        var error = Assert.Throws<NewerDatabaseException>(() => Migrations.Apply(statements));
        Assert.Contains("9999", error.Message, StringComparison.Ordinal);
        Assert.Empty(Tables(statements));
    }

    [Fact]
    public async Task A_conversation_survives_the_next_start()
    {
        using var folder = new EmbeddedFolder();
        var job = Samples.Job();
        await new SqliteConversationStore(folder.Database).BeginAsync(job, CancellationToken.None);
        folder.Reopen();

        Assert.NotNull(await new SqliteConversationStore(folder.Database).FindAsync(job.Key, CancellationToken.None));
    }

    [Fact]
    public void A_secret_is_made_once_and_stays()
    {
        using var folder = new EmbeddedFolder();
        Assert.Equal([1, 2, 3], folder.Database.Secret("key", () => [1, 2, 3]));
        folder.Reopen();

        Assert.Equal([1, 2, 3], folder.Database.Secret("key", () => [4, 5, 6]));
        Assert.Equal([7], folder.Database.Secret("another", () => [7]));
    }

    [Fact]
    public void A_secret_is_read_beside_the_service_that_keeps_it_and_nothing_is_made()
    {
        using var folder = new EmbeddedFolder();
        Assert.Null(EmbeddedDatabase.ReadSecret(folder.Path, "key"));
        folder.Database.Secret("key", () => [1, 2, 3]);

        Assert.Equal([1, 2, 3], EmbeddedDatabase.ReadSecret(folder.Path, "key"));
        Assert.Null(EmbeddedDatabase.ReadSecret(folder.Path, "another"));
        var missing = Path.Combine(folder.Path, "missing");
        Assert.Null(EmbeddedDatabase.ReadSecret(missing, "key"));
        Assert.False(Directory.Exists(missing));

        File.WriteAllText(DataFolder.DatabaseIn(Directory.CreateDirectory(missing).FullName), "no database");
        Assert.Null(EmbeddedDatabase.ReadSecret(missing, "key"));
    }

    private static List<string> Tables(Statements statements)
    {
        using var row = statements.Bind("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'texts!_%' ESCAPE '!' ORDER BY name").ExecuteReader();
        var tables = new List<string>();
        while (row.Read())
        {
            tables.Add(row.GetString(0));
        }

        return tables;
    }

    private static long Version(Statements statements) => (long)statements.Bind("PRAGMA user_version").ExecuteScalar()!;
}
