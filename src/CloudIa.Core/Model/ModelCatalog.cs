using CloudIa.Core.Model.Resilience;
using Microsoft.Extensions.AI;

namespace CloudIa.Core.Model;

/// <summary>A model that can be called.</summary>
/// <param name="Options">Its settings.</param>
/// <param name="Client">Its provider's client.</param>
/// <param name="CountTokens">How many tokens a text is, exactly or nearly.</param>
/// <param name="Gate">Who may call it now.</param>
public sealed record CatalogModel(ModelOptions Options, IChatClient Client, Func<string, int> CountTokens, ModelGate Gate)
{
    public string Name => Options.Name;
}

/// <summary>The models that may be asked for. The first answers where a request names none.</summary>
public sealed class ModelCatalog
{
    private readonly IReadOnlyList<string> failover;
    private TaskCompletionSource? waiter;

    /// <param name="models">At least one.</param>
    /// <param name="failover">Names of those that answer, in this order, where the one that was asked for cannot.</param>
    public ModelCatalog(IReadOnlyList<CatalogModel> models, IReadOnlyList<string>? failover = null)
    {
        Models = models.Count > 0 ? models : throw new ArgumentException("There is no model.", nameof(models));
        this.failover = failover ?? [];
        foreach (var model in models)
        {
            model.Gate.Freed = Free;
        }
    }

    public IReadOnlyList<CatalogModel> Models { get; }

    public CatalogModel Default => Models[0];

    /// <summary>How many more jobs are worth leasing (<see cref="ModelGate.Room"/>).</summary>
    public int Room => (int)Math.Min(int.MaxValue, Models.Sum(model => (long)model.Gate.Room));

    public CatalogModel? Find(string name) => Models.FirstOrDefault(model => model.Name == name);

    /// <summary>The models that may answer a job, the one that was asked for (null: the default) first. Null where there is none of that name.</summary>
    public ModelRoute? RouteOf(string? name)
    {
        var first = name is null ? Default : Find(name);
        return first is null ? null : new ModelRoute([first, .. failover.Select(Find).OfType<CatalogModel>().Where(model => model != first)]);
    }

    /// <summary>Completes when there may be room that was not there before this call; room that comes with time it does not tell.</summary>
    public Task FreedAsync()
    {
        if (Volatile.Read(ref waiter) is { } waits)
        {
            return waits.Task;
        }

        var fresh = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return (Interlocked.CompareExchange(ref waiter, fresh, null) ?? fresh).Task;
    }

    private void Free() => Interlocked.Exchange(ref waiter, null)?.TrySetResult();
}
