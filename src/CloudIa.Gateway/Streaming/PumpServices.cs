using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;

namespace CloudIa.Gateway.Streaming;

/// <summary>What every pump needs of the service.</summary>
/// <param name="Bus">Texts of running answers.</param>
/// <param name="Find">The history's word on one job; null where there is none. Throws <see cref="Core.History.HistoryUnavailableException"/>.</param>
/// <param name="Coalesce">The shortest time between two deltas of one answer on one connection.</param>
/// <param name="SteadyCoalesce">The same once the answer has streamed for a while without a pause.</param>
/// <param name="Time">The clock.</param>
public sealed record PumpServices(IDeliveryBus Bus, Func<JobKey, CancellationToken, Task<Turn?>> Find, TimeSpan Coalesce, TimeSpan SteadyCoalesce, TimeProvider Time);
