using CloudIa.Core.Conversations;
using CloudIa.Core.Intake;
using CloudIa.Core.Model;
using CloudIa.Core.Queue;
using CloudIa.Core.Work;
using CloudIa.Gateway;
using CloudIa.Settings;

namespace CloudIa.Serve;

/// <summary>What the service is made of, whatever server it runs on.</summary>
internal static class ServiceParts
{
    public static async Task AddServiceAsync(this IServiceCollection services, CloudiaSettings settings, ModelCatalog models, CancellationToken cancellation)
    {
        services.Configure<HostOptions>(host =>
        {
            // The worker drains while the server does: requests that do not end must not take its time.
            host.ServicesStopConcurrently = true;
            host.ShutdownTimeout = TimeSpan.FromSeconds(8);
        });
        services
            .AddSingleton(TimeProvider.System)
            .AddSingleton(settings)
            .AddSingleton(models)
            .AddCore(settings)
            .AddGateway(settings.Gateway);
        await services.AddBackendAsync(settings, cancellation);
    }

    public static void Log(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
            console.UseUtcTimestamp = true;
        });
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);

        // Its scopes and activities are made for every request, and said by nobody here.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);

        // The middleware says what broke, with the trace id that the client has.
        logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Error);
    }

    private static IServiceCollection AddCore(this IServiceCollection services, CloudiaSettings settings)
    {
        services
            .AddSingleton(settings.Intake)
            .AddSingleton(settings.Quota)
            .AddSingleton(settings.Queue)
            .AddSingleton(settings.Work)
            .AddSingleton(settings.Prompt)
            .AddSingleton<MessageIntake>()
            .AddSingleton<StopDesk>()
            .AddSingleton<ConversationDesk>()
            .AddSingleton<DeadLetterDesk>()
            .AddSingleton<Recall>()
            .AddSingleton<JobRun>();
        if (settings.IsWorker)
        {
            services.AddHostedService<Worker>();
        }

        // Sockets that API Gateway holds need somebody who lives on.
        return settings.IsWorker && settings.OnAws ? services.AddCourier() : services;
    }
}
