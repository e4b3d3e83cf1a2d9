using CloudIa.Lambda.Events;
using CloudIa.Lambda.Runtime;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CloudIa.Lambda.Serving;

/// <summary>
/// A server whose requests are events of API Gateway, one after the other, as Lambda gives them. When the Runtime API is
/// lost the application is stopped, and <see cref="Lost"/> says why.
/// </summary>
public sealed partial class LambdaServer(
    RuntimeClient runtime, LambdaOptions options, Excuse excuse, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<LambdaServer> logger) : IServer
{
    private readonly CancellationTokenSource stopping = new();
    private readonly List<Task> left = [];
    private Task serving = Task.CompletedTask;

    public IFeatureCollection Features { get; } = new FeatureCollection();

    /// <summary>Why no event can come any more; null while they can.</summary>
    public Exception? Lost { get; private set; }

    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        serving = Task.Run(() => ServeAsync(exchange => AnswerAsync(application, exchange)), CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <summary>Takes no further event, and waits for the one that is being answered.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await serving.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => stopping.Dispose();

    private async Task ServeAsync(Func<Exchange, Task<ReadOnlyMemory<byte>>> answer)
    {
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                var invocation = await runtime.NextAsync(stopping.Token);
                Environment.SetEnvironmentVariable(TraceHeader.Variable, invocation.Trace);
                await HandleAsync(invocation, answer);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The process leaves.
        }
#pragma warning disable CA1031 // A function without its Runtime API ends; Lambda starts another.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Lost = error;
            LogLost(error);
            lifetime.StopApplication();
        }
    }

    private async Task HandleAsync(Invocation invocation, Func<Exchange, Task<ReadOnlyMemory<byte>>> answer)
    {
        ReadOnlyMemory<byte> json;
        try
        {
            var exchange = new Exchange(EventReader.Read(invocation), invocation.RequestId);
            json = await WithinTimeAsync(exchange, answer, invocation.Deadline);
            exchange.Dispose();
        }
#pragma warning disable CA1031 // One event's failure is told, and is no other's.
        catch (Exception error)
#pragma warning restore CA1031
        {
            await FailAsync(invocation, error);
            return;
        }

        try
        {
            await runtime.AnswerAsync(invocation.RequestId, json, CancellationToken.None);
        }
        catch (HttpRequestException refused) when (refused.StatusCode is not null)
        {
            await FailAsync(invocation, refused);
        }
    }

    private async Task FailAsync(Invocation invocation, Exception error)
    {
        LogFailed(error, invocation.RequestId);
        try
        {
            await runtime.ReportAsync(invocation.RequestId, RuntimeError.Of(error), CancellationToken.None);
        }
        catch (HttpRequestException refused) when (refused.StatusCode is not null)
        {
            // Lambda has ended it already.
            LogFailed(refused, invocation.RequestId);
        }
    }

    /// <summary>Cancels a request while there is time to say so, and leaves one that does not return.</summary>
    private async Task<ReadOnlyMemory<byte>> WithinTimeAsync(Exchange exchange, Func<Exchange, Task<ReadOnlyMemory<byte>>> answer, DateTimeOffset? deadline)
    {
        if (deadline is not { } end)
        {
            return await answer(exchange);
        }

        var margin = TimeSpan.FromMilliseconds(options.MarginMilliseconds);
        var given = end - time.GetUtcNow() is { Ticks: > 0 } rest ? rest : TimeSpan.Zero;
        margin = given < 2 * margin ? given / 2 : margin;
        using var answered = new CancellationTokenSource();
        var over = Task.Delay(given - (margin / 2), time, answered.Token);
        await using var bell = time.CreateTimer(static exchange => ((Exchange)exchange!).RunOut(), exchange, given - margin, Timeout.InfiniteTimeSpan);
        var answering = Task.Run(() => answer(exchange), CancellationToken.None);
        if (await Task.WhenAny(answering, over) != answering)
        {
            left.RemoveAll(one => one.IsCompleted);
            left.Add(answering);
            throw new DeadlineExceededException();
        }

        await answered.CancelAsync();
        return await answering;
    }

    private async Task<ReadOnlyMemory<byte>> AnswerAsync<TContext>(IHttpApplication<TContext> application, Exchange exchange)
        where TContext : notnull
    {
        var context = application.CreateContext(exchange.Features);
        Exception? failure = null;
        try
        {
            await application.ProcessRequestAsync(context);
            return await exchange.CompleteAsync(excuse);
        }
        catch (Exception error)
        {
            failure = error;
            throw;
        }
        finally
        {
            await exchange.Answer.EndAsync();
            application.DisposeContext(context, failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The event of request {RequestId} failed.")]
    private partial void LogFailed(Exception error, string requestId);

    [LoggerMessage(Level = LogLevel.Error, Message = "The Runtime API is lost.")]
    private partial void LogLost(Exception error);
}

/// <summary>A handler did not return by its deadline.</summary>
public sealed class DeadlineExceededException() : Exception("The handler did not return before the invocation's deadline.");
