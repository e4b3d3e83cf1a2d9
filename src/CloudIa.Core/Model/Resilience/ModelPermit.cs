namespace CloudIa.Core.Model.Resilience;

/// <summary>One job's place at a model. Dispose it to leave.</summary>
public sealed class ModelPermit(ModelGate gate, bool probes) : IDisposable
{
    private bool left;

    public ModelGate Gate => gate;

    /// <summary>Whether it is the one call that finds out if the model is back.</summary>
    public bool Probes => probes;

    /// <summary>Whether its job was told to try no more. The gate's, under its lock.</summary>
    internal bool GoesOut { get; set; }

    public void Dispose()
    {
        if (!left)
        {
            left = true;
            gate.Leave(this);
        }
    }
}
