using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>A data folder is one process's. What many machines share needs no such lock.</summary>
public sealed class SecondServerTests
{
    [Fact]
    public async Task A_second_server_on_the_same_data_folder_is_refused_with_a_clear_error()
    {
        await using var first = await CloudiaProcess.Start();
        await using var second = CloudiaProcess.StartUnready(first.DataFolder);

        var code = await second.Exit();

        Assert.NotEqual(0, code);
        Assert.Contains(first.DataFolder, second.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", second.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled", second.Errors, StringComparison.OrdinalIgnoreCase);

        // And the first is none the worse for it.
        using var person = await ApiClient.WithSession(first.Address);
        var accepted = await person.Post("Still there?");
        Assert.Equal(JobStatus.Completed, (await person.End(accepted.JobId, first.Tail)).Status);
    }
}
