namespace CloudIa.Core.Model;

/// <summary>What a provider's client throws, said in our kinds. Providers' own exceptions end at their adapters.</summary>
public sealed class ModelCallException(ModelFailure failure, Exception? inner) : Exception(failure.Details, inner)
{
    public ModelFailure Failure { get; } = failure;
}
