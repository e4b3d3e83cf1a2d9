namespace CloudIa.Embedded.Storage;

/// <summary>The database's schema, as the steps that made it. A step that was released never changes; new ones follow.</summary>
internal static class Migrations
{
    /// <summary>
    /// Times are Unix milliseconds. A turn's status is the number of its JobStatus. Keys hold the owner, after the
    /// id: ids are ordered by time, so rows that are made together lie together and a commit touches few pages.
    /// A turn has a row for each of its answers, one of them the current one. Every query of turns says which of the
    /// two it wants, because each row is in one of two indexes. A deleted conversation's row stays, emptied.
    /// </summary>
    private static readonly string[] Steps =
    [
        """
        CREATE TABLE jobs (
            seq INTEGER PRIMARY KEY,
            job_id TEXT NOT NULL UNIQUE,
            conversation_id TEXT NOT NULL,
            owner TEXT NOT NULL,
            enqueued_at INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;

        CREATE INDEX jobs_by_conversation ON jobs (conversation_id, owner);

        CREATE TABLE dead_letters (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            dead_at INTEGER NOT NULL,
            reason TEXT NOT NULL,
            conversation_id TEXT NOT NULL,
            owner TEXT NOT NULL,
            body BLOB NOT NULL
        ) STRICT;

        CREATE INDEX dead_letters_by_conversation ON dead_letters (conversation_id, owner);

        CREATE TABLE conversations (
            conversation_id TEXT NOT NULL,
            owner TEXT NOT NULL,
            title TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            turns INTEGER NOT NULL,
            system_prompt TEXT,
            forked_from TEXT,
            forked_turn INTEGER,
            deleted_at INTEGER,
            PRIMARY KEY (conversation_id, owner)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX conversations_by_time ON conversations (owner, updated_at, conversation_id) WHERE deleted_at IS NULL;

        CREATE TABLE turns (
            id INTEGER PRIMARY KEY,
            job_id TEXT NOT NULL,
            owner TEXT NOT NULL,
            conversation_id TEXT NOT NULL,
            turn INTEGER NOT NULL,
            version INTEGER NOT NULL,
            current INTEGER NOT NULL,
            message TEXT NOT NULL,
            asked_at INTEGER,
            asked_model TEXT,
            fingerprint TEXT NOT NULL,
            accepted_at INTEGER NOT NULL,
            status INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            stop_asked INTEGER NOT NULL,
            content TEXT,
            ended_at INTEGER,
            model TEXT,
            input_tokens INTEGER,
            output_tokens INTEGER,
            cost TEXT,
            finish_reason TEXT,
            error_code TEXT,
            error_details TEXT,
            UNIQUE (job_id, owner)
        ) STRICT;

        CREATE UNIQUE INDEX turns_current ON turns (conversation_id, owner, turn) WHERE current = 1;

        CREATE UNIQUE INDEX turns_versions ON turns (conversation_id, owner, turn, version) WHERE current = 0;

        CREATE VIRTUAL TABLE texts USING fts5(owner, text, content = '', contentless_delete = 1, prefix = '1 2', tokenize = 'unicode61 remove_diacritics 2');

        CREATE TABLE titles (
            id INTEGER PRIMARY KEY,
            conversation_id TEXT NOT NULL,
            owner TEXT NOT NULL,
            UNIQUE (conversation_id, owner)
        ) STRICT;

        CREATE TABLE secrets (
            name TEXT PRIMARY KEY,
            value BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
        """
        ALTER TABLE jobs ADD COLUMN deferred INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE turns ADD COLUMN uncounted INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE turns ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE dead_letters ADD COLUMN job_id TEXT NOT NULL DEFAULT '';
        """,
    ];

    /// <summary>Brings a database to the newest schema, a transaction a step.</summary>
    /// <exception cref="NewerDatabaseException">A newer program made it.</exception>
    public static void Apply(Statements statements)
    {
        using var read = statements.Connection.CreateCommand();
        read.CommandText = "PRAGMA user_version";
        var version = Convert.ToInt32(read.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
        if (version > Steps.Length)
        {
            throw new NewerDatabaseException(version, Steps.Length);
        }

        for (; version < Steps.Length; version++)
        {
            using var step = statements.Connection.CreateCommand();
#pragma warning disable CA2100 // Every step is a constant of this assembly.
            step.CommandText = $"BEGIN IMMEDIATE; {Steps[version]} PRAGMA user_version = {version + 1}; COMMIT;";
#pragma warning restore CA2100
            step.ExecuteNonQuery();
        }
    }
}

/// <summary>The database was made by a newer program; nothing of it was changed.</summary>
public sealed class NewerDatabaseException(int version, int newest)
    : Exception($"The database has schema {version}; this program knows schemas up to {newest}. Use the newer program that made it.");
