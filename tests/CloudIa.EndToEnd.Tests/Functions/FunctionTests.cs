using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.Protocol;
using CloudIa.TestEngines.Functions;

namespace CloudIa.EndToEnd.Tests.Functions;

/// <summary>The program as a function: it takes messages, a worker elsewhere answers them.</summary>
public sealed class FunctionTests(Engines engines)
{
    private static readonly Uri Gateway = new($"https://{ApiGatewayEvents.Domain}");

    [Fact]
    public async Task A_message_is_taken_by_the_function_and_answered_by_a_worker()
    {
        await using var installation = await FunctionInstallation.StartAsync(engines, worker: true);
        await using var function = await FunctionProcess.StartAsync(installation.Settings);
        using var person = await ApiClient.WithSession(Gateway, function.Handler);

        var accepted = await person.Post("Olá, IA!");
        var job = await person.End(accepted.JobId, () => function.Tail() + installation.Tail());

        Assert.Equal(JobStatus.Completed, job.Status);
        Assert.False(string.IsNullOrWhiteSpace(job.Content));
        Assert.Equal(["Olá, IA!", job.Content], (await person.Messages(accepted.ConversationId)).Select(message => message.Content));
    }

    [Fact]
    public async Task What_goes_wrong_with_an_invocation_is_told_and_the_next_one_works()
    {
        await using var installation = await FunctionInstallation.StartAsync(engines, worker: false);
        await using var function = await FunctionProcess.StartAsync(installation.Settings);
        using var person = await ApiClient.WithSession(Gateway, function.Handler);

        var malformed = await function.Invoke("{\"key1\":\"value1\"}");
        Assert.Equal("MalformedEventException", (string?)JsonNode.Parse(malformed.Error!)!["errorType"]);
        await person.Post("After a malformed event");

        using var body = new StringContent($"{{\"message\":\"hello\",\"padding\":\"{new string('x', 128 * 1024)}\"}}", Encoding.UTF8, "application/json");
        Assert.Equal(ErrorCode.BodyTooLarge, (await person.Send(HttpMethod.Post, "/chat", body)).Problem().Code);
        await person.Post("After a body over the limit");

        foreach (var path in new[] { "/chat/a-job/events", "/ws" })
        {
            Assert.Equal((HttpStatusCode.NotImplemented, ErrorCode.NotServedHere), await person.Get(path) is var reply ? (reply.Status, reply.Problem().Code) : default);
        }

        // It has no time at all: whatever comes of it, the function is there for the next.
        using var request = new HttpRequestMessage(HttpMethod.Get, "/conversations") { Headers = { { "Authorization", $"Bearer {person.Token}" } } };
        var late = await function.Invoke(await ApiGatewayEvents.OfAsync(request), DateTimeOffset.UnixEpoch);
        Assert.True(late.Error is not null || JsonNode.Parse(late.Answer!) is not null);
        await person.Post("After an event without time");
    }

    [Fact]
    public async Task A_request_without_an_answer_in_time_is_told_so_before_Lambda_ends_it()
    {
        // It takes connections, and answers none.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var installation = await FunctionInstallation.StartAsync(engines, worker: false);
        var settings = new Dictionary<string, string>(installation.Settings)
        {
            ["AWS_ENDPOINT_URL_DYNAMODB"] = $"http://{silent.LocalEndpoint}",

            // Cancelled when half of its time is over, it has a quarter to say so.
            ["CLOUDIA__LAMBDA__MARGINMILLISECONDS"] = "20000",
        };
        await using var function = await FunctionProcess.StartAsync(settings);
        using var person = await ApiClient.WithSession(Gateway, function.Handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/conversations") { Headers = { { "Authorization", $"Bearer {person.Token}" } } };

        using var late = ApiGatewayEvents.Read(await function.Invoke(await ApiGatewayEvents.OfAsync(request), TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(16)));

        var problem = JsonSerializer.Deserialize(await late.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), ProtocolJson.Default.Problem)!;
        Assert.Equal((504, ErrorCode.OutOfTime, true), (problem.Status, problem.Code, problem.Retryable ?? false));
        Assert.Equal(HttpStatusCode.OK, (await person.Get("/health/live")).Status);
    }

    [Fact]
    public async Task A_function_that_cannot_begin_tells_Lambda_and_ends()
    {
        await using var embedded = await FunctionProcess.StartAsync(new Dictionary<string, string>());
        var error = JsonNode.Parse((await Patience.For(embedded.InitError, "the function's failure", embedded.Tail)).Error!)!;
        Assert.Equal("SettingsException", (string?)error["errorType"]);
        Assert.Contains("CLOUDIA__BACKEND=aws", (string?)error["errorMessage"], StringComparison.Ordinal);
        Assert.NotEqual(0, await embedded.Exit());

        // Without a key of its own it reads the installation's from the table, which nobody made.
        var settings = ManyMachines.AwsCluster.Installation(
            (await engines.SqsAsync()).Address, (await engines.DynamoAsync()).Address, (await engines.RedisAsync()).Endpoint);
        await using var unmade = await FunctionProcess.StartAsync(settings);
        error = JsonNode.Parse((await Patience.For(unmade.InitError, "the function's failure", unmade.Tail)).Error!)!;
        Assert.Equal("ResourceNotFoundException", (string?)error["errorType"]);
        Assert.NotEqual(0, await unmade.Exit());
    }

    [Fact]
    public async Task A_function_that_is_told_to_go_goes()
    {
        await using var installation = await FunctionInstallation.StartAsync(engines, worker: false);
        await using var function = await FunctionProcess.StartAsync(installation.Settings);
        using var person = await ApiClient.WithSession(Gateway, function.Handler);

        function.AskToStop();

        Assert.Equal(0, await function.Exit());
    }
}
