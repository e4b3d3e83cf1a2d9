using System.Reflection;
using Amazon.DynamoDBv2;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>The table's client of a node that something happens to at its writes. Reads go through.</summary>
public abstract class TroubledClient : DispatchProxy
{
    private IAmazonDynamoDB client = null!;

    protected static (IAmazonDynamoDB Client, T Node) Over<T>(IAmazonDynamoDB client)
        where T : TroubledClient
    {
        var proxy = Create<IAmazonDynamoDB, T>();
        var node = (T)proxy;
        node.client = client;
        return (proxy, node);
    }

    /// <summary>What happens to a write.</summary>
    protected abstract Task<T> WriteAsync<T>(Func<Task<T>> send);

    /// <summary>What happens before a read.</summary>
    protected virtual void Read()
    {
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        switch (targetMethod!.Name)
        {
            case "PutItemAsync" or "UpdateItemAsync" or "DeleteItemAsync" or "TransactWriteItemsAsync" or "BatchWriteItemAsync":
                return typeof(TroubledClient).GetMethod(nameof(Send), BindingFlags.NonPublic | BindingFlags.Instance)!
                    .MakeGenericMethod(targetMethod.ReturnType.GetGenericArguments())
                    .Invoke(this, [() => targetMethod.Invoke(client, args)]);
            case "GetItemAsync" or "BatchGetItemAsync" or "QueryAsync":
                Read();
                break;
        }

        return targetMethod.Invoke(client, args);
    }

    private Task<T> Send<T>(Func<object?> send) => WriteAsync(() => (Task<T>)send()!);
}

/// <summary>A node that dies at one of its writes: before the engine has it, or when the engine took it and nobody heard.</summary>
public class MortalClient : TroubledClient
{
    private int writesLeft;
    private bool taken;

    public bool IsDead { get; private set; }

    /// <param name="client">The client of the living.</param>
    /// <param name="write">The write at which it dies, from 1.</param>
    /// <param name="taken">Whether the engine has that one.</param>
    public static (IAmazonDynamoDB Client, MortalClient Node) Of(IAmazonDynamoDB client, int write, bool taken)
    {
        var made = Over<MortalClient>(client);
        (made.Node.writesLeft, made.Node.taken) = (write, taken);
        return made;
    }

    protected override void Read()
    {
        if (IsDead)
        {
            throw new AmazonDynamoDBException("dead");
        }
    }

    protected override async Task<T> WriteAsync<T>(Func<Task<T>> send)
    {
        Read();
        if (--writesLeft > 0)
        {
            return await send();
        }

        IsDead = true;
        if (taken)
        {
            await send();
        }

        throw new AmazonDynamoDBException("died");
    }
}

/// <summary>A node on a network that loses the answer to every write, so that the SDK sends it again.</summary>
public class RepeatingClient : TroubledClient
{
    public static IAmazonDynamoDB Of(IAmazonDynamoDB client) => Over<RepeatingClient>(client).Client;

    protected override async Task<T> WriteAsync<T>(Func<Task<T>> send)
    {
        await send();
        return await send();
    }
}

/// <summary>A node that stands still just before one of its writes, as one that got SIGSTOP does.</summary>
public class PausedClient : TroubledClient
{
    private readonly TaskCompletionSource goesOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource paused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int writesLeft;

    public Task Paused => paused.Task;

    /// <param name="client">The client of the others.</param>
    /// <param name="write">The write before which it stands still, from 1.</param>
    public static (IAmazonDynamoDB Client, PausedClient Node) Of(IAmazonDynamoDB client, int write)
    {
        var made = Over<PausedClient>(client);
        made.Node.writesLeft = write;
        return made;
    }

    public void GoOn() => goesOn.SetResult();

    protected override async Task<T> WriteAsync<T>(Func<Task<T>> send)
    {
        if (--writesLeft == 0)
        {
            paused.SetResult();
            await goesOn.Task;
        }

        return await send();
    }
}
