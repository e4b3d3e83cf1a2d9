using System.Net;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Clients;

/// <summary>Who runs the service: the admin calls, and the program's own commands for them.</summary>
internal sealed class Operator : IDisposable
{
    private const string Said = "is ";
    private readonly IInstallation _server;

    private Operator(IInstallation server, string token)
    {
        _server = server;
        Api = new ApiClient(server.Address, token);
    }

    public ApiClient Api { get; }

    /// <summary>With the token that was given, or else the one that the server prints at its start, once it is ready.</summary>
    public static async Task<Operator> Of(IInstallation server)
    {
        if (server.AdminToken is { } given) return new Operator(server, given);
        var line = await Patience.Until(
            _ => Task.FromResult(server.Output.Split('\n').SkipLast(1).FirstOrDefault(line => line.StartsWith("The admin token", StringComparison.Ordinal))),
            "the admin token",
            server.Tail);
        return new Operator(server, line[(line.LastIndexOf(Said, StringComparison.Ordinal) + Said.Length)..].Trim());
    }

    public async Task<QueueView> Queue()
    {
        var reply = await Api.Get("/admin/queue");
        Assert.True(reply.Status == HttpStatusCode.OK, $"GET /admin/queue: {reply}");
        return reply.Read(ProtocolJson.Default.QueueView);
    }

    public async Task<Page<DeadLetterView>> Letters(string query = "")
    {
        var reply = await Api.Get($"/admin/dead-letters{query}");
        Assert.True(reply.Status == HttpStatusCode.OK, $"GET /admin/dead-letters{query}: {reply}");
        return reply.Read(ProtocolJson.Default.DeadLetterPage);
    }

    /// <summary>The letters, once there are so many: an end is told before its message is moved.</summary>
    public Task<IReadOnlyList<DeadLetterView>> Letters(int count) => Patience.Until<IReadOnlyList<DeadLetterView>>(
        async _ => (await Letters("?limit=200")).Items is { } letters && letters.Count == count ? letters : null,
        $"{count} dead letters",
        _server.Tail);

    public async Task<DeadLetterView> Letter(string id)
    {
        var reply = await Api.Get($"/admin/dead-letters/{id}");
        Assert.True(reply.Status == HttpStatusCode.OK, $"GET /admin/dead-letters/{id}: {reply}");
        return reply.Read(ProtocolJson.Default.DeadLetterView);
    }

    public Task<Reply> Redrive(string id) => Api.Send(HttpMethod.Post, $"/admin/dead-letters/{id}/redrive");

    /// <summary>Runs <c>cloudia dead-letters</c>, which is given the token, or finds it in the data folder.</summary>
    public async Task<(int Code, string Output, string Errors)> Run(params string[] arguments)
    {
        var more = new Dictionary<string, string>();
        if (_server.AdminToken is { } given) more["CLOUDIA_ADMIN_TOKEN"] = given;
        using var program = Repository.Run(
            ["dead-letters", .. arguments, "--server", _server.Address.AbsoluteUri, "--data", _server.DataFolder], new CloudiaSettings { More = more }, "");
        var code = await program.Exit(TimeSpan.FromMinutes(3));
        Assert.DoesNotContain("   at ", program.Errors, StringComparison.Ordinal);
        return (code, program.Output, program.Errors);
    }

    public void Dispose() => Api.Dispose();
}
