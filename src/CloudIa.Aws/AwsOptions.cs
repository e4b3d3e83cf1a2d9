namespace CloudIa.Aws;

/// <summary>Names of the engines' parts, and how long one waits for them (DESIGN.md sections 9 and 11). Region, credentials and endpoints are the SDK's own.</summary>
public sealed class AwsOptions
{
    /// <summary>The name of the FIFO queue of jobs.</summary>
    public string Queue { get; set; } = "cloudia-jobs.fifo";

    /// <summary>The name of the FIFO queue where the engine puts what was received too often.</summary>
    public string DeadLetterQueue { get; set; } = "cloudia-dead-letters.fifo";

    /// <summary>The name of the one table.</summary>
    public string Table { get; set; } = "cloudia";

    /// <summary>Milliseconds that one call of DynamoDB may take.</summary>
    public int TableMilliseconds { get; set; } = 1000;

    /// <summary>Milliseconds that one call of SQS may take; a long poll its wait more.</summary>
    public int QueueMilliseconds { get; set; } = 2000;

    /// <summary>Milliseconds that one call of Redis may take.</summary>
    public int RedisMilliseconds { get; set; } = 500;

    /// <summary>Seconds of a long poll, 1 to 5: a process that leaves waits for its poll's end.</summary>
    public int PollSeconds { get; set; } = 5;

    /// <summary>Where API Gateway's @connections is served; nothing: where each of its sockets says. For emulators.</summary>
    public string? ConnectionsEndpoint { get; set; }

    /// <summary>Milliseconds that one call of @connections may take.</summary>
    public int ConnectionsMilliseconds { get; set; } = 3000;

    /// <summary>Seconds of silence after which a courier counts as dead, and its sockets are cut so that their clients come back.</summary>
    public int CourierDeadSeconds { get; set; } = 10;

    /// <summary>Seconds for which a conversation's newest turns are kept in Redis after its last answer, for the next prompt; 0: not at all.</summary>
    public int MessageCacheSeconds { get; set; } = 600;

    /// <summary>What is wrong with these, a line each.</summary>
    public IEnumerable<string> Errors()
    {
        foreach (var (name, value) in new[] { (nameof(Queue), Queue), (nameof(DeadLetterQueue), DeadLetterQueue) })
        {
            if (!value.EndsWith(".fifo", StringComparison.Ordinal) || value.Length is < 6 or > 80)
            {
                yield return $"Aws:{name} is '{value}'; a FIFO queue's name ends with .fifo and has at most 80 characters.";
            }
        }

        if (Table.Length is < 3 or > 255)
        {
            yield return $"Aws:Table is '{Table}'; it must have 3 to 255 characters.";
        }

        if (TableMilliseconds is < 100 or > 60_000)
        {
            yield return $"Aws:TableMilliseconds is {TableMilliseconds}; it must be between 100 and 60000.";
        }

        if (QueueMilliseconds is < 100 or > 60_000)
        {
            yield return $"Aws:QueueMilliseconds is {QueueMilliseconds}; it must be between 100 and 60000.";
        }

        if (ConnectionsEndpoint is { Length: > 0 } endpoint && !(Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https")))
        {
            yield return $"Aws:ConnectionsEndpoint is '{endpoint}'; it must be a URL of http or https.";
        }

        if (ConnectionsMilliseconds is < 100 or > 60_000)
        {
            yield return $"Aws:ConnectionsMilliseconds is {ConnectionsMilliseconds}; it must be between 100 and 60000.";
        }

        if (CourierDeadSeconds is < 3 or > 80)
        {
            yield return $"Aws:CourierDeadSeconds is {CourierDeadSeconds}; it must be between 3 (rounds are a second apart) and 80 (after 90 s sockets are forgotten).";
        }

        if (MessageCacheSeconds is < 0 or > 86_400)
        {
            yield return $"Aws:MessageCacheSeconds is {MessageCacheSeconds}; it must be between 0 (nothing is kept) and 86400.";
        }

        if (RedisMilliseconds is < 100 or > 60_000)
        {
            yield return $"Aws:RedisMilliseconds is {RedisMilliseconds}; it must be between 100 and 60000.";
        }

        if (PollSeconds is < 1 or > 5)
        {
            yield return $"Aws:PollSeconds is {PollSeconds}; it must be between 1 and 5, so that a process that leaves can wait for its poll's end.";
        }
    }
}
