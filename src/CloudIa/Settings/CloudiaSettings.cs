using CloudIa.Core.Intake;
using CloudIa.Core.Model;
using CloudIa.Core.Queue;
using CloudIa.Core.Work;
using CloudIa.Gateway;

namespace CloudIa.Settings;

/// <summary>The section "Cloudia" of the configuration: all that can be set, with what it is when nothing is.</summary>
public sealed class CloudiaSettings
{
    public const string Section = "Cloudia";

    /// <summary>embedded: SQLite and in-process parts.</summary>
    public string Backend { get; set; } = "embedded";

    /// <summary>all · gateway · worker.</summary>
    public string Role { get; set; } = "all";

    public int Port { get; set; } = 3000;

    /// <summary>The address to listen on. The embedded default is for this machine alone.</summary>
    public string Listen { get; set; } = "127.0.0.1";

    /// <summary>The data folder.</summary>
    public string Data { get; set; } = "./data";

    public GatewayOptions Gateway { get; set; } = new();

    public IntakeOptions Intake { get; set; } = new();

    public QuotaOptions Quota { get; set; } = new();

    public QueueOptions Queue { get; set; } = new();

    public WorkOptions Work { get; set; } = new();

    public PromptOptions Prompt { get; set; } = new();

    public IList<ModelOptions> Models { get; set; } = [];

    /// <summary>Names of models that answer, in this order, where the one that was asked for fails before its first token.</summary>
    public IList<string> Failover { get; set; } = [];

    /// <summary>Everything that is wrong, a line each.</summary>
    public IReadOnlyList<string> Errors()
    {
        var errors = new List<string>();
        if (Backend != "embedded")
        {
            errors.Add($"Backend is '{Backend}'; this version has embedded only.");
        }

        if (Role is "gateway" or "worker")
        {
            errors.Add($"Role is '{Role}'; the embedded backend is one process, so its role is all. Separate processes need engines that they can share.");
        }
        else if (Role != "all")
        {
            errors.Add($"Role is '{Role}'; it must be all, gateway or worker.");
        }

        if (Port is < 0 or > 65535)
        {
            errors.Add($"Port is {Port}; it must be between 0 (any free one) and 65535.");
        }

        if (!System.Net.IPAddress.TryParse(Listen, out _))
        {
            errors.Add($"Listen is '{Listen}'; it must be an IP address, such as 127.0.0.1 or 0.0.0.0.");
        }

        errors.AddRange(Gateway.Errors());
        errors.AddRange(Intake.Errors());
        errors.AddRange(Quota.Errors());
        errors.AddRange(Queue.Errors());
        errors.AddRange(Work.Errors());
        errors.AddRange(Prompt.Errors());
        errors.AddRange(Models.SelectMany((model, index) => model.Errors($"Models:{index}")));
        errors.AddRange(Failover.Where(name => Models.All(model => model.Name != name)).Select(name => $"Failover names '{name}', which is not one of Models."));
        errors.AddRange(Models.GroupBy(model => model.Name).Where(same => same.Count() > 1).Select(same => $"Models: the name '{same.Key}' stands {same.Count()} times."));
        return errors;
    }
}
