using CloudIa.Adapters.Tests.Delivery;
using CloudIa.Core.Delivery;
using CloudIa.Embedded.Delivery;

namespace CloudIa.Adapters.Tests.Embedded;

public sealed class InProcessDeliveryBusTests : DeliveryBusContract
{
    protected override ValueTask<IDeliveryBus> OpenAsync() => ValueTask.FromResult<IDeliveryBus>(new InProcessDeliveryBus());

    protected override ValueTask CloseAsync() => ValueTask.CompletedTask;
}
