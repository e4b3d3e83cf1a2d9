using CloudIa.Adapters.Tests.Delivery;
using CloudIa.Aws.Delivery;
using CloudIa.Aws.Storage;
using CloudIa.Core.Delivery;
using CloudIa.TestEngines;

namespace CloudIa.Adapters.Tests.Aws;

public sealed class RedisDeliveryBusTests(Engines engines) : DeliveryBusContract
{
    private RedisLink link = null!;
    private RedisDeliveryBus bus = null!;

    protected override async ValueTask<IDeliveryBus> OpenAsync()
    {
        link = RedisNode.Connect(await engines.RedisAsync());
        await Patience.Until<object>(_ => Task.FromResult<object?>(link.Unsettled ? null : link), "Redis to be found", () => "");
        return bus = new RedisDeliveryBus(link, TimeProvider.System);
    }

    protected override async ValueTask CloseAsync()
    {
        await bus.DisposeAsync();
        await link.DisposeAsync();
    }
}
