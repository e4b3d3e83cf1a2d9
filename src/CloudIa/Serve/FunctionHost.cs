using CloudIa.Core.Model;
using CloudIa.Core.Model.Resilience;
using CloudIa.Gateway;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Relay;
using CloudIa.Lambda;
using CloudIa.Lambda.Runtime;
using CloudIa.Lambda.Serving;
using CloudIa.Models;
using CloudIa.Protocol;
using CloudIa.Settings;

namespace CloudIa.Serve;

/// <summary>
/// The service as a function behind API Gateway: it takes messages, and begins nothing that this does not need. Workers
/// elsewhere answer them.
/// </summary>
internal static class FunctionHost
{
    /// <summary>Where Lambda gives events; null: this process is no function.</summary>
    public static string? RuntimeAddress => Environment.GetEnvironmentVariable(RuntimeClient.Variable) is { Length: > 0 } address ? address : null;

    /// <summary>Serves until SIGTERM or until there are no events to be had. A failure to begin is told to Lambda.</summary>
    public static async Task<int> RunAsync(string address, IReadOnlyDictionary<string, string?> options, CancellationToken cancellation)
    {
        using var runtime = new RuntimeClient(address);
        try
        {
            await using var app = await BuildAsync(runtime, options, cancellation);
            await app.StartAsync(cancellation);
            await app.WaitForShutdownAsync(cancellation);
            return app.Services.GetRequiredService<LambdaServer>().Lost is null ? ExitCode.Done : ExitCode.Failed;
        }
#pragma warning disable CA1031 // Lambda learns of it, whatever it is.
        catch (Exception error) when (!cancellation.IsCancellationRequested)
#pragma warning restore CA1031
        {
            await Console.Error.WriteLineAsync($"The function cannot begin: {error.Message}");
            await TellAsync(runtime, error);
            return error is SettingsException ? ExitCode.Usage : ExitCode.Failed;
        }
    }

    private static async Task TellAsync(RuntimeClient runtime, Exception error)
    {
        try
        {
            await runtime.ReportInitAsync(RuntimeError.Of(error), CancellationToken.None);
        }
        catch (HttpRequestException away)
        {
            await Console.Error.WriteLineAsync($"Lambda was not told: {away.Message}");
        }
    }

    private static async Task<WebApplication> BuildAsync(RuntimeClient runtime, IReadOnlyDictionary<string, string?> options, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ContentRootPath = AppContext.BaseDirectory,

            // Nobody changes a function's files.
            Args = ["--hostBuilder:reloadConfigOnChange=false"],
        });
        builder.Configuration.AddInMemoryCollection(options.Where(option => option.Value is not null));
        ServiceParts.Log(builder.Logging);
        var settings = await SettingsAsync(builder.Configuration, cancellation);
        var models = settings.Models.Count > 0 ? settings.Models.AsReadOnly() : new ModelDiscovery(builder.Configuration).FindAtHand();
        builder.Services.AddLambdaServer(runtime, settings.Lambda, ExcuseAsync).AddRelay();
        await builder.Services.AddServiceAsync(settings, new ModelCatalog([.. models.Select(Uncalled)], [.. settings.Failover]), cancellation);

        var app = builder.Build();
        app.UseGateway(settings.Gateway.AllowedHosts.Count > 0 ? settings.Gateway.AllowedHosts : ["*"]);
        app.MapGateway(streams: false);
        app.MapRelay(context => context.Features.Get<RelayedSocket>() is { } socket ? new RelayPeer(socket.ConnectionId, socket.Callback, socket.ConnectedAt) : null);
        return app;
    }

    private static async Task<CloudiaSettings> SettingsAsync(IConfiguration configuration, CancellationToken cancellation)
    {
        var settings = CheckedSettings.From(configuration);
        settings.Reveal(await SecretSettings.ReadAsync(settings.Secrets([]), LoggerFactory.Create(ServiceParts.Log), TimeProvider.System, cancellation));
        var errors = new List<string>(settings.Errors());
        if (!settings.OnAws)
        {
            errors.Add($"Backend is '{settings.Backend}'; a function keeps nothing, so it needs engines that workers share: CLOUDIA__BACKEND=aws.");
        }

        if (!settings.IsGateway)
        {
            errors.Add($"Role is '{settings.Role}'; a function takes messages, and workers are processes of their own.");
        }

        settings.Role = "gateway";
        return errors.Count > 0 ? throw new SettingsException(errors) : settings;
    }

    private static CatalogModel Uncalled(ModelOptions options) =>
        new(options, new UncalledModel(), TokenCounting.Count, new ModelGate(options, TimeProvider.System));

    private static Task ExcuseAsync(HttpContext context, LambdaFault fault) => Problems.WriteAsync(context, fault switch
    {
        LambdaFault.OutOfTime => ErrorCode.OutOfTime,
        LambdaFault.AnswerTooLarge => ErrorCode.AnswerTooLarge,
        _ => ErrorCode.Internal,
    });
}
