using System.Runtime.Versioning;
using CloudIa.Embedded.Storage;

namespace CloudIa.Adapters.Tests.Embedded;

public sealed class DataFolderTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("cloudia-");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void A_folder_that_it_makes_is_its_users_alone()
    {
        var parent = Directory.CreateTempSubdirectory("cloudia-");
        try
        {
            var path = Path.Combine(parent.FullName, "data");
            using (DataFolder.Open(path))
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
            }
        }
        finally
        {
            parent.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_folder_that_is_missing_is_made()
    {
        var path = Path.Combine(directory.FullName, "not", "there");
        using var folder = DataFolder.Open(path);

        Assert.True(Directory.Exists(path));
        Assert.Equal(path, Path.GetDirectoryName(folder.Database));
    }

    [Fact]
    public void A_folder_in_use_is_refused_and_the_error_says_which_and_what_to_do()
    {
        using var first = DataFolder.Open(directory.FullName);

        var error = Assert.Throws<DataFolderInUseException>(() => DataFolder.Open(directory.FullName));
        Assert.Contains(directory.FullName, error.Message, StringComparison.Ordinal);
        Assert.Contains("--data", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_was_let_go_can_be_taken_again()
    {
        DataFolder.Open(directory.FullName).Dispose();
        using var again = EmbeddedFolder.Open(directory.FullName);

        Assert.Equal(directory.FullName, again.Path);
    }

    [Fact]
    public void Two_folders_do_not_hinder_each_other()
    {
        using var one = DataFolder.Open(Path.Combine(directory.FullName, "one"));
        using var two = DataFolder.Open(Path.Combine(directory.FullName, "two"));

        Assert.NotEqual(one.Database, two.Database);
    }
}
