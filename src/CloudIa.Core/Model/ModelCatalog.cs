using Microsoft.Extensions.AI;

namespace CloudIa.Core.Model;

/// <summary>A model that can be called.</summary>
/// <param name="Options">Its settings.</param>
/// <param name="Client">Its provider's client.</param>
/// <param name="CountTokens">How many tokens a text is, exactly or nearly.</param>
public sealed record CatalogModel(ModelOptions Options, IChatClient Client, Func<string, int> CountTokens)
{
    public string Name => Options.Name;
}

/// <summary>The models that may be asked for. The first answers where a request names none.</summary>
public sealed class ModelCatalog(IReadOnlyList<CatalogModel> models)
{
    public IReadOnlyList<CatalogModel> Models { get; } = models.Count > 0
        ? models
        : throw new ArgumentException("There is no model.", nameof(models));

    public CatalogModel Default => Models[0];

    public CatalogModel? Find(string name) => Models.FirstOrDefault(model => model.Name == name);
}
