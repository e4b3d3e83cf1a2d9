using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Core.Model;
using CloudIa.Core.Model.Resilience;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Core.Work;

/// <summary>
/// One attempt's answer: steps 5 to 7. A model that fails before its first token leaves its place to the next one of the
/// route; after that token the attempt is that model's, so that no text is spliced of two.
/// </summary>
internal sealed class Answering(JobMessage job, BeginResult.Started begun, Recall recall, IDeliveryBus bus, TimeProvider time)
{
    private Generation? generation;
    private Position at = new(begun.Attempt, 0);

    /// <summary>What was shown.</summary>
    public string Text => generation?.Text ?? "";

    /// <summary>The model that answers; null where none was called.</summary>
    public string? Model { get; private set; }

    /// <summary>Whether a newer attempt has begun.</summary>
    public bool Stale { get; private set; }

    public Usage? Usage() => generation?.Usage();

    /// <summary>Where no model of the route answers, the failure is that of the one that may yet.</summary>
    public async Task<GenerationEnd> RunAsync(ModelRoute route, CancellationToken cancellation)
    {
        ModelFailure? told = null;
        while (true)
        {
            var (model, permit) = route.Place!.Value;
            var prompt = await recall.PromptAsync(job, begun, model, cancellation);
            if (cancellation.IsCancellationRequested)
            {
                // Before the call: it costs nothing.
                return new GenerationEnd.Interrupted(new Usage(0, 0));
            }

            Model = model.Name;
            generation = new Generation(model, new ResilientChatClient(model.Client, model.Options, permit, () => route.GoesOn, time), prompt);
            var end = await generation.RunAsync(piece => DeliverAsync(piece, cancellation), cancellation);
            if (end is not GenerationEnd.Failed { Failure: var failure } || at.Offset > 0)
            {
                return end;
            }

            told = told is null || HopeOf(failure) > HopeOf(told) ? failure : told;
            if (!failure.OthersMayAnswer || !route.MoveOn())
            {
                return new GenerationEnd.Failed(told);
            }
        }
    }

    private static int HopeOf(ModelFailure failure) => failure.OfProvider ? 2 : failure.Heals ? 1 : 0;

    private async ValueTask<bool> DeliverAsync(string piece, CancellationToken cancellation)
    {
        Stale = !await bus.AppendAsync(job.Key, at, piece, cancellation);
        at = at with { Offset = at.Offset + piece.Length };
        return !Stale;
    }
}
