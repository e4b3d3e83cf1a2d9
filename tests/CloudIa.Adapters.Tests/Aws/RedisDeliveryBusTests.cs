using CloudIa.Adapters.Tests.Delivery;
using CloudIa.Aws.Delivery;
using CloudIa.Aws.Storage;
using CloudIa.Core.Delivery;
using CloudIa.TestEngines;
using Microsoft.Extensions.Logging.Abstractions;

namespace CloudIa.Adapters.Tests.Aws;

public sealed class RedisDeliveryBusTests(Engines engines) : DeliveryBusContract
{
    private RedisLink link = null!;
    private RedisDeliveryBus bus = null!;

    protected override async ValueTask<IDeliveryBus> OpenAsync()
    {
        link = RedisLink.Connect((await engines.RedisAsync()).Endpoint, TimeProvider.System, NullLogger<RedisLink>.Instance, Patience.Usual);
        return bus = new RedisDeliveryBus(link, TimeProvider.System);
    }

    protected override async ValueTask CloseAsync()
    {
        await bus.DisposeAsync();
        await link.DisposeAsync();
    }
}
