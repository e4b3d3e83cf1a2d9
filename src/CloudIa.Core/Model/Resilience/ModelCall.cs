using Microsoft.Extensions.AI;
using Polly;

namespace CloudIa.Core.Model.Resilience;

/// <summary>One job's call to one model, with its tries.</summary>
/// <param name="client">The provider's.</param>
/// <param name="options">The model's.</param>
/// <param name="permit">The job's place.</param>
/// <param name="elsewhere">Whether another model would answer at once.</param>
/// <param name="time">The clock.</param>
internal sealed class ModelCall(IChatClient client, ModelOptions options, ModelPermit permit, Func<bool> elsewhere, TimeProvider time)
{
    public static readonly ResiliencePropertyKey<ModelCall> Key = new("cloudia.call");

    private int tries;

    public required IEnumerable<ChatMessage> Messages { get; init; }

    public required ChatOptions? ChatOptions { get; init; }

    public ModelPermit Permit => permit;

    /// <summary>Whether all tries that this model has are used.</summary>
    public bool Exhausted => tries > options.Retries;

    /// <summary>Then one does not wait for this model.</summary>
    public bool MayGoElsewhere => elsewhere();

    /// <summary>One try, up to the first token.</summary>
    public async ValueTask<CallStream> TryAsync(CancellationToken cancellation)
    {
        tries++;
        var verdict = await permit.Gate.CountAsync();
        var era = permit.Gate.Era;
        var stream = new CallStream(client, Messages, ChatOptions, options, time, cancellation) { Verdict = verdict };
        try
        {
            await stream.OpenAsync();
            permit.Gate.Took();
            await verdict.FirstTokenAsync();
            return stream;
        }
        catch (Exception error)
        {
            await stream.DisposeAsync();
            if (error is ModelCallException { Failure: var failure })
            {
                permit.Gate.Refused(failure, era, last: Exhausted);
            }

            await verdict.GiveAsync(error);
            throw;
        }
    }
}
