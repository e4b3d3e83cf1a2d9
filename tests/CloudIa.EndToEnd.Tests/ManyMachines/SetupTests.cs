using CloudIa.EndToEnd.Tests.Servers;

namespace CloudIa.EndToEnd.Tests.ManyMachines;

/// <summary><c>cloudia init aws</c> and <c>cloudia doctor</c>, as whoever sets the service up meets them.</summary>
public sealed class SetupTests(Engines engines, ITestOutputHelper output)
{
    [Fact]
    public async Task What_is_missing_is_said_and_made_once()
    {
        var settings = AwsCluster.Installation(
            (await engines.SqsAsync()).Address, (await engines.DynamoAsync()).Address, (await engines.RedisAsync()).Endpoint);

        var (code, said) = await Run(settings, "doctor");
        Assert.Equal(1, code);
        Assert.Equal(3, said.Split('\n').Count(line => line.StartsWith("FAIL", StringComparison.Ordinal) && line.EndsWith("is not there -> run: cloudia init aws", StringComparison.Ordinal)));

        (code, said) = await Run(settings, "init", "aws");
        Assert.Equal((0, 3), (code, said.Split('\n').Count(line => line.EndsWith(": made", StringComparison.Ordinal))));
        (code, said) = await Run(settings, "init", "aws");
        Assert.Equal((0, 3), (code, said.Split('\n').Count(line => line.EndsWith(": was there", StringComparison.Ordinal))));

        (code, said) = await Run(settings, "doctor");
        Assert.DoesNotContain("FAIL", said, StringComparison.Ordinal);
        Assert.Equal(0, code);
    }

    [Fact]
    public async Task Engines_that_are_away_are_named_with_what_to_do()
    {
        var nobody = new Uri($"http://127.0.0.1:{FreePorts.Next()}");
        var settings = AwsCluster.Installation(nobody, nobody, nobody.Authority);

        var (code, said) = await Run(settings, "doctor");
        Assert.Equal(1, code);
        Assert.Contains("AWS_ENDPOINT_URL_SQS", said, StringComparison.Ordinal);
        Assert.Contains("AWS_ENDPOINT_URL_DYNAMODB", said, StringComparison.Ordinal);
        Assert.Contains("CLOUDIA__REDIS", said, StringComparison.Ordinal);

        (code, _) = await Run(settings, "init", "aws");
        Assert.Equal(1, code);
    }

    [Fact]
    public async Task A_single_machine_has_its_doctor_too()
    {
        await using var server = await CloudiaProcess.Start();
        var (code, said) = await Run(new Dictionary<string, string> { ["CLOUDIA__DATA"] = server.DataFolder }, "doctor");
        Assert.Contains("a service is running on it", said, StringComparison.Ordinal);
        Assert.Equal(0, code);

        server.AskToStop();
        await server.Exit();
        (code, said) = await Run(new Dictionary<string, string> { ["CLOUDIA__DATA"] = server.DataFolder }, "doctor");
        Assert.Contains("its database is whole", said, StringComparison.Ordinal);
        Assert.Equal(0, code);

        (code, said) = await Run(new Dictionary<string, string> { ["CLOUDIA__QUEUE__LEASESECONDS"] = "0" }, "doctor");
        Assert.Contains("Queue:LeaseSeconds is 0", said, StringComparison.Ordinal);
        Assert.Equal(1, code);
    }

    private async Task<(int Code, string Said)> Run(IReadOnlyDictionary<string, string> settings, params string[] arguments)
    {
        using var command = Repository.Run(arguments, new CloudiaSettings { More = settings });
        var code = await command.Exit();
        output.WriteLine($"cloudia {string.Join(' ', arguments)}: {code}{Environment.NewLine}{command.Output}{command.Errors}");
        return (code, command.Output);
    }
}
