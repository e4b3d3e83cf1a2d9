namespace CloudIa.Aws.Intake;

/// <summary>
/// What is done to an owner's account in Redis, each in one step. Its first key is a hash: t, the tokens that were in the
/// bucket; at, when that was. Its second is the jobs in flight, each with the time until which its place is held; its
/// third is a hash of what posts of a job's key hold beside the first of them. Times are seconds.
/// </summary>
internal static class QuotaScripts
{
    /// <summary>
    /// Counts a request, and holds a place for its job: 0 admitted, 1 too many requests, 2 too many jobs; the tokens left;
    /// and how long to wait. Arguments: now, requests in a window, the window, the job or nothing, places, until when.
    /// </summary>
    public const string Decide = Hold + """
        local now, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
        local perSecond = limit / tonumber(ARGV[3])
        local bucket = redis.call('HMGET', KEYS[1], 't', 'at')
        local tokens, at = tonumber(bucket[1] or limit), tonumber(bucket[2] or now)
        if now > at then
          tokens = tokens + (now - at) * perSecond
          at = now
        end
        tokens = math.min(limit, tokens)
        local verdict, wait = 0, 0
        if tokens < 1 then
          verdict, wait = 1, (1 - tokens) / perSecond
        else
          tokens = tokens - 1
          if ARGV[4] ~= '' and not hold(ARGV[4], now, tonumber(ARGV[5]), ARGV[6]) then verdict = 2 end
        end
        redis.call('HSET', KEYS[1], 't', string.format('%.17g', tokens), 'at', string.format('%.17g', at))
        redis.call('EXPIRE', KEYS[1], 2 * tonumber(ARGV[3]))
        return {verdict, math.floor(tokens), string.format('%.17g', wait)}
        """;

    /// <summary>Holds a place whatever the limit. Arguments: now, the job, until when.</summary>
    public const string HoldAny = Hold + """
        hold(ARGV[2], tonumber(ARGV[1]), math.huge, ARGV[3])
        return 1
        """;

    /// <summary>Gives back what one post held. Arguments: the job.</summary>
    public const string Release = """
        local more = tonumber(redis.call('HGET', KEYS[3], ARGV[1]) or '0')
        if more > 1 then
          redis.call('HINCRBY', KEYS[3], ARGV[1], -1)
        elseif more == 1 then
          redis.call('HDEL', KEYS[3], ARGV[1])
        else
          redis.call('ZREM', KEYS[2], ARGV[1])
        end
        return 1
        """;

    /// <summary>Frees a job's place. Arguments: the job.</summary>
    public const string Settle = """
        redis.call('ZREM', KEYS[2], ARGV[1])
        redis.call('HDEL', KEYS[3], ARGV[1])
        return 1
        """;

    private const string Hold = """
        local function hold(job, now, places, untilWhen)
          local over = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)
          for _, gone in ipairs(over) do
            redis.call('ZREM', KEYS[2], gone)
            redis.call('HDEL', KEYS[3], gone)
          end
          local held = redis.call('ZSCORE', KEYS[2], job)
          if not held and redis.call('ZCARD', KEYS[2]) >= places then return false end
          if held then redis.call('HINCRBY', KEYS[3], job, 1) end
          redis.call('ZADD', KEYS[2], untilWhen, job)
          local life = math.ceil(tonumber(untilWhen) - now)
          redis.call('EXPIRE', KEYS[2], life)
          redis.call('EXPIRE', KEYS[3], life)
          return true
        end

        """;
}
