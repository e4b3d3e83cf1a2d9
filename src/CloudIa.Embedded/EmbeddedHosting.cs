using CloudIa.Core.Delivery;
using CloudIa.Core.Health;
using CloudIa.Core.History;
using CloudIa.Core.Intake;
using CloudIa.Core.Queue;
using CloudIa.Embedded.Delivery;
using CloudIa.Embedded.History;
using CloudIa.Embedded.Intake;
using CloudIa.Embedded.Queue;
using CloudIa.Embedded.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace CloudIa.Embedded;

/// <summary>The four ports on one machine.</summary>
public static class EmbeddedHosting
{
    /// <summary>The folder was opened, and so locked, before anything else: a second service is refused before it starts. Both end with the services.</summary>
    public static IServiceCollection AddEmbedded(this IServiceCollection services, DataFolder folder, EmbeddedDatabase database) => services
        .AddSingleton(_ => folder)
        .AddSingleton(_ => database)
        .AddSingleton<SqliteJobQueue>()
        .AddSingleton<IJobQueue>(services => services.GetRequiredService<SqliteJobQueue>())
        .AddSingleton<IConversationStore, SqliteConversationStore>()
        .AddSingleton<IDeliveryBus, InProcessDeliveryBus>()
        .AddSingleton<IQuota, InProcessQuota>()
        .AddSingleton(services => QueueProbe(services.GetRequiredService<SqliteJobQueue>()));

    private static EngineProbe QueueProbe(SqliteJobQueue queue) => new("queue", Needed: true, async cancellation =>
    {
        var depth = await queue.MeasureAsync(cancellation);
        return $"{depth.Waiting} waiting, {depth.DeadLetters} dead letters";
    });
}
