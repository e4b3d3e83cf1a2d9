using CloudIa.Core.Health;
using CloudIa.Embedded.Storage;

namespace CloudIa.Setup;

/// <summary>Looks at the data folder of the embedded backend, whether or not its service runs.</summary>
internal static class DataFolderCheckup
{
    /// <summary>Below this a day's conversations may fill the disk.</summary>
    private const long EnoughBytes = 256L * 1024 * 1024;

    public static Finding Look(string folder)
    {
        var path = Path.GetFullPath(folder);
        var part = $"data folder {path}";
        try
        {
            var drive = new DriveInfo(Existing(path));
            if (drive.AvailableFreeSpace < EnoughBytes)
            {
                return new Finding(part, $"has {drive.AvailableFreeSpace / 1024 / 1024} MiB left on its disk", "make room, or name another folder with --data");
            }

            if (!Directory.Exists(path))
            {
                return new Finding(part, "is not there yet; the service makes it");
            }

            using var held = DataFolder.Open(path);
            if (!File.Exists(DataFolder.DatabaseIn(path)))
            {
                return new Finding(part, "has no database yet; the service makes it");
            }

            return EmbeddedDatabase.Check(path) is { } broken
                ? new Finding(part, $"its database cannot be used: {broken}", "stop the service and restore the folder from its last copy")
                : new Finding(part, "its database is whole");
        }
        catch (DataFolderInUseException)
        {
            return new Finding(part, "a service is running on it");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Finding(part, error.Message, "give the service's user the folder, or name another with --data");
        }
    }

    private static string Existing(string path)
    {
        while (!Directory.Exists(path))
        {
            path = Path.GetDirectoryName(path)!;
        }

        return path;
    }
}
