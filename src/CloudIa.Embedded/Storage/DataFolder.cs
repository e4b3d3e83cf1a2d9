namespace CloudIa.Embedded.Storage;

/// <summary>
/// The folder of one embedded service, locked for as long as its process lives (the operating system lets go
/// of the lock when the process dies, however it dies).
/// </summary>
public sealed class DataFolder : IDisposable
{
    private const string DatabaseFile = "cloudia.db";

    /// <summary>Of a folder that is made here: the database holds conversations, and the keys of sessions and of the admin role.</summary>
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly FileStream held;

    private DataFolder(string path, FileStream held)
    {
        Path = path;
        this.held = held;
    }

    public string Path { get; }

    public string Database => DatabaseIn(Path);

    /// <summary>Where the database of a data folder is.</summary>
    public static string DatabaseIn(string path) => System.IO.Path.Combine(path, DatabaseFile);

    /// <summary>Makes the folder where it is missing and locks it.</summary>
    /// <exception cref="DataFolderInUseException">Another process has it.</exception>
    /// <exception cref="IOException">It cannot be made or written.</exception>
    public static DataFolder Open(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(full);
        }
        else
        {
            Directory.CreateDirectory(full, OwnerOnly);
        }

        try
        {
            var file = new FileStream(System.IO.Path.Combine(full, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new DataFolder(full, file);
        }
        catch (IOException error) when (IsHeld(error))
        {
            throw new DataFolderInUseException(full, error);
        }
    }

    public void Dispose() => held.Dispose();

    /// <summary>EWOULDBLOCK of Linux and of macOS, and Windows' sharing violation. A full disk is another error.</summary>
    private static bool IsHeld(IOException error) => error.HResult is 11 or 35 or unchecked((int)0x80070020);
}

/// <summary>A second service on one data folder.</summary>
public sealed class DataFolderInUseException(string path, Exception inner)
    : Exception($"The data folder {path} is in use by another cloudia process. Stop that one, or give this one another folder with --data.", inner);
