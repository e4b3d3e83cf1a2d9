using CloudIa.Core.Delivery;
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
    /// <summary>The folder was opened, and so locked, before anything else: a second service is refused before it starts.</summary>
    public static IServiceCollection AddEmbedded(this IServiceCollection services, DataFolder folder) => services
        .AddSingleton(_ => folder)
        .AddSingleton<EmbeddedDatabase>()
        .AddSingleton<SqliteJobQueue>()
        .AddSingleton<IJobQueue>(services => services.GetRequiredService<SqliteJobQueue>())
        .AddSingleton<IConversationStore, SqliteConversationStore>()
        .AddSingleton<IDeliveryBus, InProcessDeliveryBus>()
        .AddSingleton<IQuota, InProcessQuota>();
}
