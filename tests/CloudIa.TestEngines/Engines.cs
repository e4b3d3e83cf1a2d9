namespace CloudIa.TestEngines;

/// <summary>The engines that the tests of an assembly share: each is started when it is first asked for, and ended after the last test. Names in them are a test's own.</summary>
public sealed class Engines : IAsyncDisposable
{
    private readonly Shared<SqsServer> _sqs = new();
    private readonly Shared<DynamoServer> _dynamo = new();
    private readonly Shared<RedisServer> _redis = new();

    public Task<SqsServer> SqsAsync() => _sqs.GetAsync();

    public Task<DynamoServer> DynamoAsync() => _dynamo.GetAsync();

    public Task<RedisServer> RedisAsync() => _redis.GetAsync();

    public async ValueTask DisposeAsync()
    {
        await _sqs.DisposeAsync();
        await _dynamo.DisposeAsync();
        await _redis.DisposeAsync();
    }

    private sealed class Shared<T> : IAsyncDisposable
        where T : EngineServer, new()
    {
        private readonly SemaphoreSlim _gate = new(1);
        private T? _server;

        public async Task<T> GetAsync()
        {
            await _gate.WaitAsync();
            try
            {
                if (_server is null)
                {
                    var server = new T();
                    await server.StartAsync();
                    _server = server;
                }

                return _server;
            }
            finally
            {
                _gate.Release();
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_server is not null) await _server.DisposeAsync();
            _gate.Dispose();
        }
    }
}
