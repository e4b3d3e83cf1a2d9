using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.EndToEnd.Tests.Stopping;

namespace CloudIa.EndToEnd.Tests.ManyMachines;

/// <summary>Fault 22: every process is asked to stop, ends and is started again, one after the other, while people post and listen.</summary>
public sealed class RollingRestartTests(Engines engines, ITestOutputHelper output)
{
    private static readonly IReadOnlyDictionary<string, string> Settings = new Dictionary<string, string>
    {
        // Nobody here would live to see a lease run out: what a worker holds when it leaves it gives back.
        ["CLOUDIA__QUEUE__LEASESECONDS"] = "600",
        ["CLOUDIA__QUEUE__HEARTBEATSECONDS"] = "10",
        ["CLOUDIA__AWS__POLLSECONDS"] = "5",

        // On a busy machine a client may post seldom, and is to be told to move all the same.
        ["CLOUDIA__GATEWAY__GRACESECONDS"] = "5",
    };

    [Fact]
    public async Task Gateways_and_workers_are_restarted_one_after_the_other_and_no_post_fails()
    {
        var took = new List<TimeSpan>();
        await using var lateness = new Lateness();
        var history = await new Crowd(engines).Survives(
            async cluster =>
            {
                await using var health = new HealthChecks(cluster);
                foreach (var process in cluster.Gateways.Concat(cluster.Workers))
                {
                    var asked = RunClock.Now;
                    process.AskToStop();
                    Assert.Equal(0, await process.Exit(TimeSpan.FromSeconds(60)));
                    took.Add(RunClock.Now - asked);
                    await process.StartAgain();
                    if (cluster.Gateways.Contains(process)) await health.LeadsTo(process);
                }
            },
            Settings,
            unnoticed: true);

        output.WriteLine($"{Crowd.Summary(history)}; ended {string.Join(", ", took.Select(time => $"{time.TotalSeconds:F1}"))} s after SIGTERM, machine late by at most {lateness.Most.TotalMilliseconds:F0} ms");

        // Within ten seconds; a busy machine is given more.
        Assert.All(took, time => Assert.InRange(time, TimeSpan.Zero, TimeSpan.FromSeconds(10) + (6 * lateness.Most)));
    }
}
