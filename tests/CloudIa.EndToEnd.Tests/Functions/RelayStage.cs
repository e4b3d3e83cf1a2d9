using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.TestEngines.Functions;

namespace CloudIa.EndToEnd.Tests.Functions;

/// <summary>
/// The function behind Architect's API Gateway, HTTP and WebSocket; workers that answer and carry its sockets; and between
/// them and @connections a place for faults.
/// </summary>
internal sealed class RelayStage : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _parts = [];
    private readonly Dictionary<string, string> _settings;
    private readonly FaultyModel _model;

    private RelayStage(FaultyModel model, Dictionary<string, string> settings, SandboxServer sandbox, TroubledPost post)
    {
        (_model, _settings, Sandbox, Post) = (model, settings, sandbox, post);
        _parts.AddRange([sandbox, post]);
    }

    public SandboxServer Sandbox { get; }

    /// <summary>Where workers and the function post what is for sockets.</summary>
    public TroubledPost Post { get; }

    public List<CloudiaProcess> Workers { get; } = [];

    public static async Task<RelayStage> StartAsync(Engines engines, FaultyModel model, string leaseSeconds = "30", string courierDeadSeconds = "60")
    {
        var installation = await FunctionInstallation.StartAsync(engines, worker: false);
        var settings = new Dictionary<string, string>(installation.Settings) { ["CLOUDIA__QUEUE__LEASESECONDS"] = leaseSeconds, ["CLOUDIA__AWS__COURIERDEADSECONDS"] = courierDeadSeconds };
        var sandbox = new SandboxServer(Repository.CommandLine([]), settings);
        var post = await TroubledPost.StartAsync(sandbox.Callback);
        settings["CLOUDIA__AWS__CONNECTIONSENDPOINT"] = post.Address.ToString();

        // A busy machine's calls are not what is tested.
        settings["CLOUDIA__AWS__CONNECTIONSMILLISECONDS"] = "20000";
        var stage = new RelayStage(model, settings, sandbox, post);
        try
        {
            await sandbox.StartAsync();
            await stage.AddAsync("worker");
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <summary>One more process of the installation.</summary>
    public async Task<CloudiaProcess> AddAsync(string role)
    {
        var process = await CloudiaProcess.Start(new CloudiaSettings
        {
            ModelEndpoint = _model.Endpoint,

            // The function's own model is called by nobody.
            More = _settings.Where(setting => !setting.Key.StartsWith("CLOUDIA__MODELS", StringComparison.Ordinal)).Append(new("CLOUDIA__ROLE", role)).ToDictionary(),
        });
        _parts.Add(process);
        if (role == "worker") Workers.Add(process);
        return process;
    }

    /// <summary>A socket that API Gateway holds.</summary>
    public Task<PlainSocket> OpenAsync(string? token = null, HeldAnswers? held = null) => PlainSocket.Open(
        Sandbox.Address, new SocketOptions { Path = "/", Token = token, Held = held ?? new HeldAnswers(), ServerLog = Tail });

    public string Tail() => string.Join(Environment.NewLine, [Sandbox.Tail(), .. Workers.Select(worker => worker.Tail())]);

    public async ValueTask DisposeAsync()
    {
        for (var part = _parts.Count - 1; part >= 0; part--) await _parts[part].DisposeAsync();
    }
}
