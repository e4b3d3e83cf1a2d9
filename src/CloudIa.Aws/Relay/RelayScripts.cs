namespace CloudIa.Aws.Relay;

/// <summary>
/// What is done to the register of relayed connections, each in one step. All its keys begin with the scripts' only key,
/// whose hash tag puts them into one slot, so that a script may name them itself: of a connection a hash (json, by: its courier, carried: that it follows), and what was asked
/// of it before it had one; of a courier the set of what it carries, what it was given and is not known to have, and what it is asked; the list of
/// connections without a courier; and the couriers with the time when each last said that it lives, in Redis's seconds.
/// </summary>
internal static class RelayScripts
{
    /// <summary>Seconds for which a connection is known that nobody renews.</summary>
    public const int Lives = 90;

    private const string Names = """
        local p = KEYS[1]
        local couriers, waiting = p .. 'couriers', p .. 'waiting'
        local function conn(id) return p .. 'connection:' .. id end
        local function early(id) return p .. 'early:' .. id end
        local function carried(by) return p .. 'carried:' .. by end
        local function asks(by) return p .. 'asks:' .. by end
        """;

    /// <summary>Notes a connection without a courier. Arguments: its id, its JSON, seconds, the channel.</summary>
    public const string Open = Names + """

        redis.call('HSET', conn(ARGV[1]), 'json', ARGV[2])
        redis.call('EXPIRE', conn(ARGV[1]), ARGV[3])
        redis.call('RPUSH', waiting, ARGV[1])
        redis.call('EXPIRE', waiting, ARGV[3])
        redis.call('PUBLISH', ARGV[4], ARGV[1])
        return 1
        """;

    /// <summary>Puts an ask where its connection's courier finds it: 1; 0: there is no such connection. Arguments: the id, the ask's JSON, seconds, the channel.</summary>
    public const string Ask = Names + """

        if redis.call('EXISTS', conn(ARGV[1])) == 0 then return 0 end
        local by = redis.call('HGET', conn(ARGV[1]), 'by')
        local list = by and asks(by) or early(ARGV[1])
        redis.call('RPUSH', list, ARGV[2])
        redis.call('EXPIRE', list, ARGV[3])
        redis.call('PUBLISH', ARGV[4], ARGV[1])
        return 1
        """;

    /// <summary>
    /// A courier's round: whether it was known; the JSON of connections taken, of those that dead couriers leave, and of
    /// asks. What it gives it gives again until a later round says that it was heard. Arguments: the courier, connections
    /// to take, seconds of silence after which another is dead (0: none is), seconds that all this is kept, whether the
    /// last round was heard, and how many of its asks.
    /// </summary>
    public const string Round = Names + """

        local me, most, dead, lives = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
        local given, left = p .. 'given:' .. me, p .. 'left:' .. me
        local now = tonumber(redis.call('TIME')[1])
        local known = redis.call('ZSCORE', couriers, me)
        redis.call('ZADD', couriers, now, me)
        if ARGV[5] == '1' then
          redis.call('DEL', given, left)
          if known then redis.call('LTRIM', asks(me), ARGV[6], -1) end
        end
        if dead > 0 then
          for _, other in ipairs(redis.call('ZRANGEBYSCORE', couriers, '-inf', now - dead)) do
            local room = most - redis.call('LLEN', left)
            if room <= 0 then break end
            local ids = redis.call('SPOP', carried(other), room)
            for _, id in ipairs(ids) do
              local json = redis.call('HGET', conn(id), 'json')
              if json then redis.call('RPUSH', left, json) end
              redis.call('DEL', conn(id))
            end
            if #ids < room then
              redis.call('ZREM', couriers, other)
              redis.call('DEL', asks(other), carried(other))
            end
          end
        end
        while redis.call('LLEN', given) < most do
          local id = redis.call('LPOP', waiting)
          if not id then break end
          local json = redis.call('HGET', conn(id), 'json')
          if json then
            redis.call('HSET', conn(id), 'by', me)
            redis.call('SADD', carried(me), id)
            redis.call('RPUSH', given, json)
            for _, ask in ipairs(redis.call('LRANGE', early(id), 0, -1)) do redis.call('RPUSH', asks(me), ask) end
            redis.call('DEL', early(id))
          end
        end
        for _, key in ipairs({carried(me), given, left, asks(me)}) do redis.call('EXPIRE', key, lives) end
        return {known and 1 or 0, redis.call('LRANGE', given, 0, -1), redis.call('LRANGE', left, 0, -1), redis.call('LRANGE', asks(me), 0, -1)}
        """;

    /// <summary>Says again what a courier carries. Arguments: the courier, seconds, then an id and its JSON for each.</summary>
    public const string Renew = Names + """

        for i = 3, #ARGV, 2 do
          redis.call('HSET', conn(ARGV[i]), 'json', ARGV[i + 1], 'by', ARGV[1], 'carried', 1)
          redis.call('EXPIRE', conn(ARGV[i]), ARGV[2])
          redis.call('SADD', carried(ARGV[1]), ARGV[i])
        end
        redis.call('EXPIRE', carried(ARGV[1]), ARGV[2])
        return 1
        """;

    /// <summary>A connection has ended. Arguments: the courier, the id.</summary>
    public const string Forget = Names + """

        redis.call('DEL', conn(ARGV[2]), early(ARGV[2]))
        redis.call('SREM', carried(ARGV[1]), ARGV[2])
        return 1
        """;
}
