using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;
using CloudIa.TestEngines.Functions;

namespace CloudIa.EndToEnd.Tests.Functions;

/// <summary>The function behind Architect's API Gateway, and a worker beside it.</summary>
public sealed class SandboxTests(Engines engines)
{
    [Fact]
    public async Task A_message_is_taken_in_the_sandbox_and_answered_by_a_worker()
    {
        await using var installation = await FunctionInstallation.StartAsync(engines, worker: true);
        await using var sandbox = new SandboxServer(Repository.CommandLine([]), installation.Settings);
        await sandbox.StartAsync();
        using var person = await ApiClient.WithSession(sandbox.Address);

        var accepted = await person.Post("Olá, IA!");
        var job = await person.End(accepted.JobId, () => sandbox.Tail() + installation.Tail());

        Assert.Equal(JobStatus.Completed, job.Status);
        Assert.False(string.IsNullOrWhiteSpace(job.Content));
    }
}
