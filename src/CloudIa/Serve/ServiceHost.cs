using System.Net;
using CloudIa.Core.Model;
using CloudIa.Gateway;
using CloudIa.Gateway.Identity;
using CloudIa.Models;
using CloudIa.Settings;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace CloudIa.Serve;

/// <summary>The service on Kestrel.</summary>
internal static class ServiceHost
{
    public static async Task<WebApplication> BuildAsync(IReadOnlyDictionary<string, string?> options, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(options.Where(option => option.Value is not null));
        ServiceParts.Log(builder.Logging);
        var settings = CheckedSettings.From(builder.Configuration);
        var models = settings.Models.Count > 0
            ? settings.Models.AsReadOnly()
            : await new ModelDiscovery(builder.Configuration).FindAsync(cancellation);
        var secrets = await SecretSettings.ReadAsync(settings.Secrets(models), LoggerFactory.Create(ServiceParts.Log), TimeProvider.System, cancellation);
        settings.Reveal(secrets);
        if (settings.Errors() is { Count: > 0 } errors)
        {
            throw new SettingsException(errors);
        }

        settings.Gateway.GraceSeconds = settings.GraceSeconds;
        var factory = new ModelFactory(secrets, TimeProvider.System);
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.UseSockets(transport => transport.MaxWriteBufferSize = settings.Gateway.TransportBytes);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;

            // The gateway limits bodies itself. Kestrel's own limit closes the connection with bytes unread, which
            // resets it and may take the 413 with it; without one, Kestrel answers and reads on for 5 s at most.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MaxResponseBufferSize = settings.Gateway.TransportBytes;
            kestrel.Listen(IPAddress.Parse(settings.Listen), settings.Port);
        });
        await builder.Services.AddServiceAsync(settings, new ModelCatalog([.. models.Select(factory.Create)], [.. settings.Failover]), cancellation);

        var app = builder.Build();
        app.UseGateway(AllowedHosts(settings));
        if (!settings.IsGateway)
        {
            app.MapHealth();
            return app;
        }

        app.UseWebApp();
        app.MapGateway();
        app.MapWebApp();
        return app;
    }

    /// <summary>Runs until Ctrl-C, SIGTERM or the token.</summary>
    public static async Task RunAsync(WebApplication app, CancellationToken cancellation)
    {
        await app.StartAsync(cancellation);
        Greet(app);
        await app.WaitForShutdownAsync(cancellation);
    }

    /// <summary>On this machine alone, only by its own names.</summary>
    private static string[] AllowedHosts(CloudiaSettings settings) =>
        settings.Gateway.AllowedHosts.Count > 0 ? [.. settings.Gateway.AllowedHosts]
        : IPAddress.IsLoopback(IPAddress.Parse(settings.Listen)) ? ["localhost", "127.0.0.1", "[::1]"]
        : ["*"];

    private static void Greet(WebApplication app)
    {
        var settings = app.Services.GetRequiredService<CloudiaSettings>();
        var models = app.Services.GetRequiredService<ModelCatalog>().Models;
        var data = settings.OnAws ? $"the table {settings.Aws.Table}" : Path.GetFullPath(settings.Data);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
        Console.WriteLine($"Claudia listens at {address?.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}, keeps her data in {data}");
        Console.WriteLine($"and answers with {string.Join(", ", models.Select(model => $"{model.Name} ({model.Options.Provider})"))}.");
        if (models is [{ Options.Provider: "demo" }])
        {
            Console.WriteLine("This is the built-in demo model. For a real one set OPENAI_API_KEY or ANTHROPIC_API_KEY, or start Ollama.");
        }

        // Of many machines the output is a log that others keep, and no place for a secret.
        if (!settings.OnAws && app.Services.GetRequiredService<AdminToken>() is { IsGiven: false } made)
        {
            Console.WriteLine($"The admin token, for cloudia dead-letters and the calls under /admin, is {made.Text}");
        }
    }
}
