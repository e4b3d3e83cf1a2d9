namespace CloudIa.Aws.Delivery;

/// <summary>
/// What is done to a running answer in Redis, each in one step. Its first key is a hash: a, the newest attempt; h, the
/// head of its events; e, where the job has ended. Its second is the attempt's text in UTF-16, so that a place in it is
/// a place in the bytes.
/// </summary>
internal static class AnswerScripts
{
    /// <summary>
    /// Begins an attempt and publishes; 0 where it is stale. Arguments: attempt, head, seconds to live, channel, word, and
    /// maybe a second word.
    /// </summary>
    public const string Start = """
        local newest = redis.call('HGET', KEYS[1], 'a')
        if newest and tonumber(newest) >= tonumber(ARGV[1]) then return 0 end
        redis.call('DEL', KEYS[1], KEYS[2])
        redis.call('HSET', KEYS[1], 'a', ARGV[1], 'h', ARGV[2])
        redis.call('EXPIRE', KEYS[1], ARGV[3])
        for i = 5, #ARGV do redis.call('PUBLISH', ARGV[4], ARGV[i]) end
        return 1
        """;

    /// <summary>
    /// Appends and publishes. The length that is held then, which tells a writer whose place was another where to go on;
    /// -1 where the attempt is stale. Arguments: attempt, head, seconds to live, channel, word, place, text.
    /// </summary>
    public const string Append = """
        local newest = tonumber(redis.call('HGET', KEYS[1], 'a') or '0')
        local mine = tonumber(ARGV[1])
        if newest > mine or (newest == mine and redis.call('HEXISTS', KEYS[1], 'e') == 1) then return -1 end
        local held = 0
        if newest == mine then held = redis.call('STRLEN', KEYS[2]) / 2 end
        if held ~= tonumber(ARGV[6]) then return held end
        if newest < mine then
          redis.call('DEL', KEYS[1], KEYS[2])
          redis.call('HSET', KEYS[1], 'a', ARGV[1], 'h', ARGV[2])
        end
        if #ARGV[7] > 0 then
          held = redis.call('APPEND', KEYS[2], ARGV[7]) / 2
          redis.call('PUBLISH', ARGV[4], ARGV[5])
        end
        redis.call('EXPIRE', KEYS[1], ARGV[3])
        redis.call('EXPIRE', KEYS[2], ARGV[3])
        return held
        """;

    /// <summary>Forgets the text, leaves a mark that refuses what comes late, and publishes. Arguments: attempt, seconds to live, channel, word.</summary>
    public const string End = """
        local newest = tonumber(redis.call('HGET', KEYS[1], 'a') or '0')
        if newest < tonumber(ARGV[1]) then newest = tonumber(ARGV[1]) end
        redis.call('DEL', KEYS[1], KEYS[2])
        redis.call('HSET', KEYS[1], 'a', newest, 'e', 1)
        redis.call('EXPIRE', KEYS[1], ARGV[2])
        redis.call('PUBLISH', ARGV[3], ARGV[4])
        return 1
        """;

    /// <summary>
    /// Reads from a place, or from the newest attempt's beginning where that place does not exist: attempt, head, place,
    /// text, whether there is more. Nothing where nothing is held. Arguments: attempt, place, most units.
    /// </summary>
    public const string Read = """
        local held = redis.call('HMGET', KEYS[1], 'a', 'h', 'e')
        if not held[1] or held[3] then return nil end
        local length = redis.call('STRLEN', KEYS[2]) / 2
        local from = tonumber(ARGV[2])
        if held[1] ~= ARGV[1] or from > length then from = 0 end
        if from > 0 and from < length then
          local around = redis.call('GETRANGE', KEYS[2], 2 * from - 2, 2 * from + 1)
          local before, after = string.byte(around, 2), string.byte(around, 4)
          if before >= 0xD8 and before <= 0xDB and after >= 0xDC and after <= 0xDF then from = 0 end
        end
        local to = math.min(length, from + tonumber(ARGV[3]))
        local text = ''
        if to > from then text = redis.call('GETRANGE', KEYS[2], 2 * from, 2 * to - 1) end
        return {held[1], held[2], from, text, to < length and 1 or 0}
        """;
}
