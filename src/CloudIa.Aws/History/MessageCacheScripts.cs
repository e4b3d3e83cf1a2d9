namespace CloudIa.Aws.History;

/// <summary>
/// What is done to a conversation's kept turns, each in one step. The first key is a hash: r, the revision that they were
/// true at; n, how many turns the conversation had then; l, the newest that is kept. The second is a list of them, newest first.
/// </summary>
internal static class MessageCacheScripts
{
    /// <summary>Revision, count, newest, and the turns up to one. Nothing where nothing is kept. Arguments: that one, how many.</summary>
    public const string Read = """
        local about = redis.call('HMGET', KEYS[1], 'r', 'n', 'l')
        if not about[1] then return nil end
        local from = math.max(0, tonumber(about[3]) - tonumber(ARGV[1]))
        local turns = redis.call('LRANGE', KEYS[2], from, from + tonumber(ARGV[2]) - 1)
        return {about[1], about[2], about[3], unpack(turns)}
        """;

    /// <summary>Keeps these instead of what is there, unless that is the same and more. Arguments: seconds to live, revision, count, newest, and the turns.</summary>
    public const string Keep = """
        local about = redis.call('HMGET', KEYS[1], 'r', 'n', 'l')
        local same = about[1] == ARGV[2] and about[2] == ARGV[3] and about[3] == ARGV[4]
        if same and redis.call('LLEN', KEYS[2]) >= #ARGV - 4 then return end
        redis.call('DEL', KEYS[2])
        redis.call('RPUSH', KEYS[2], unpack(ARGV, 5))
        redis.call('HSET', KEYS[1], 'r', ARGV[2], 'n', ARGV[3], 'l', ARGV[4])
        redis.call('EXPIRE', KEYS[1], ARGV[1])
        redis.call('EXPIRE', KEYS[2], ARGV[1])
        """;

    /// <summary>
    /// Keeps those before the ones that are there, too, where they are the next. Arguments: seconds to live, the revision,
    /// count and newest that are there, the newest of these, how many are kept, and the turns.
    /// </summary>
    public const string Extend = """
        local about = redis.call('HMGET', KEYS[1], 'r', 'n', 'l')
        if about[1] ~= ARGV[2] or about[2] ~= ARGV[3] or about[3] ~= ARGV[4] then return end
        local count = redis.call('LLEN', KEYS[2])
        if count == 0 or tonumber(ARGV[4]) - count ~= tonumber(ARGV[5]) then return end
        redis.call('RPUSH', KEYS[2], unpack(ARGV, 7))
        redis.call('LTRIM', KEYS[2], 0, tonumber(ARGV[6]) - 1)
        redis.call('EXPIRE', KEYS[1], ARGV[1])
        redis.call('EXPIRE', KEYS[2], ARGV[1])
        """;

    /// <summary>
    /// Adds a turn that has ended, where all before it are kept as they were when it took its place; the first needs none.
    /// Arguments: seconds to live, the revision since then, the turn's number, the turn, how many are kept.
    /// </summary>
    public const string Add = """
        local about = redis.call('HMGET', KEYS[1], 'r', 'n', 'l')
        local before = tonumber(ARGV[3]) - 1
        local revision = tonumber(ARGV[2])
        if before == 0 then
          redis.call('DEL', KEYS[2])
        elseif not about[1] or tonumber(about[3]) ~= before then
          return
        elseif tonumber(about[1]) ~= revision and not (tonumber(about[1]) == revision - 1 and tonumber(about[2]) == before) then
          return
        elseif redis.call('EXISTS', KEYS[2]) == 0 then
          return
        end
        redis.call('LPUSH', KEYS[2], ARGV[4])
        redis.call('LTRIM', KEYS[2], 0, tonumber(ARGV[5]) - 1)
        redis.call('HSET', KEYS[1], 'r', revision, 'n', ARGV[3], 'l', ARGV[3])
        redis.call('EXPIRE', KEYS[1], ARGV[1])
        redis.call('EXPIRE', KEYS[2], ARGV[1])
        """;
}
