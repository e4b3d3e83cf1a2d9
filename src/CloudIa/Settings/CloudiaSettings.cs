using CloudIa.Aws;
using CloudIa.Core.Intake;
using CloudIa.Core.Model;
using CloudIa.Core.Queue;
using CloudIa.Core.Work;
using CloudIa.Gateway;
using CloudIa.Lambda;

namespace CloudIa.Settings;

/// <summary>The section "Cloudia" of the configuration: all that can be set, with what it is when nothing is.</summary>
public sealed class CloudiaSettings
{
    public const string Section = "Cloudia";

    /// <summary>Of the 8 seconds of a stop; what is left is for what the engines are told then.</summary>
    private const int MostSecondsToLeave = 7;

    /// <summary>embedded: SQLite and in-process parts · aws: SQS, DynamoDB and Redis.</summary>
    public string Backend { get; set; } = "embedded";

    public AwsOptions Aws { get; set; } = new();

    /// <summary>Of the AWS backend: host:port of Redis, with what StackExchange.Redis takes behind it ("…,ssl=true,password=…"); may be ssm:NAME.</summary>
    public string Redis { get; set; } = "localhost:6379";

    /// <summary>Whether the engines are many machines'.</summary>
    public bool OnAws => Backend == "aws";

    /// <summary>Whether this process serves clients.</summary>
    public bool IsGateway => Role is "all" or "gateway";

    /// <summary>Whether this process answers messages.</summary>
    public bool IsWorker => Role is "all" or "worker";

    /// <summary>
    /// Seconds that this process serves on when it is asked to stop: none where nobody stands before it. One that answers
    /// messages, too, needs its time for these.
    /// </summary>
    internal double GraceSeconds => !IsGateway ? 0 : Math.Min(Gateway.GraceSeconds ?? (OnAws ? 3 : 0), IsWorker ? MostSecondsToLeave - Work.DrainSeconds : MostSecondsToLeave);

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

    public LambdaOptions Lambda { get; set; } = new();

    public PromptOptions Prompt { get; set; } = new();

    public IList<ModelOptions> Models { get; set; } = [];

    /// <summary>Names of models that answer, in this order, where the one that was asked for fails before its first token.</summary>
    public IList<string> Failover { get; set; } = [];

    /// <summary>The values that may name a secret of Parameter Store's instead of holding it.</summary>
    public IEnumerable<string?> Secrets(IEnumerable<ModelOptions> models) =>
        [Redis, Gateway.SigningKey, Gateway.AdminToken, .. models.Select(model => model.ApiKey)];

    /// <summary>Puts secrets in the place of their names. Models keep the names: their keys may be exchanged while the service runs.</summary>
    internal void Reveal(SecretSettings secrets)
    {
        Redis = secrets.Plain(Redis)!;
        Gateway.SigningKey = secrets.Plain(Gateway.SigningKey);
        Gateway.AdminToken = secrets.Plain(Gateway.AdminToken);
    }

    /// <summary>Everything that is wrong, a line each.</summary>
    public IReadOnlyList<string> Errors()
    {
        var errors = new List<string>();
        if (Backend is not ("embedded" or "aws"))
        {
            errors.Add($"Backend is '{Backend}'; it must be embedded or aws.");
        }

        if (Role is not ("all" or "gateway" or "worker"))
        {
            errors.Add($"Role is '{Role}'; it must be all, gateway or worker.");
        }
        else if (Role != "all" && !OnAws)
        {
            errors.Add($"Role is '{Role}'; the embedded backend is one process, so its role is all. Separate processes need engines that they can share: CLOUDIA__BACKEND=aws.");
        }

        if (OnAws)
        {
            errors.AddRange(Aws.Errors());
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
        errors.AddRange(Lambda.Errors());
        errors.AddRange(Prompt.Errors());
        errors.AddRange(Models.SelectMany((model, index) => model.Errors($"Models:{index}")));
        errors.AddRange(Failover.Where(name => Models.All(model => model.Name != name)).Select(name => $"Failover names '{name}', which is not one of Models."));
        errors.AddRange(Models.GroupBy(model => model.Name).Where(same => same.Count() > 1).Select(same => $"Models: the name '{same.Key}' stands {same.Count()} times."));
        return errors;
    }
}
