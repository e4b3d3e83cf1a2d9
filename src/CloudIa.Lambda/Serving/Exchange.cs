using System.Net;
using CloudIa.Lambda.Events;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace CloudIa.Lambda.Serving;

/// <summary>One event's request and the answer that becomes of it, as features of the pipeline.</summary>
internal sealed class Exchange : IHttpRequestLifetimeFeature, IHttpConnectionFeature, IHttpRequestIdentifierFeature, IHttpRequestBodyDetectionFeature, IDisposable
{
    private readonly CancellationTokenSource aborted = new();
    private readonly RelayedSocket? socket;
    private readonly string method;
    private volatile bool outOfTime;
    private volatile bool brokenOff;

    public Exchange(EventRequest read, string requestId)
    {
        socket = read.Socket;
        method = read.Request.Method;
        (ConnectionId, TraceIdentifier) = (socket?.ConnectionId ?? requestId, requestId);
        RemoteIpAddress = read.Sender;
        RequestAborted = aborted.Token;
        CanHaveBody = read.Request.Body != Stream.Null;
        Features.Set<IHttpRequestFeature>(read.Request);
        Features.Set<IHttpResponseFeature>(Answer);
        Features.Set<IHttpResponseBodyFeature>(Answer);
        Features.Set<IHttpRequestLifetimeFeature>(this);
        Features.Set<IHttpConnectionFeature>(this);
        Features.Set<IHttpRequestIdentifierFeature>(this);
        Features.Set<IHttpRequestBodyDetectionFeature>(this);
        if (socket is not null)
        {
            Features.Set(socket);
        }
    }

    public FeatureCollection Features { get; } = new();

    public AnswerFeature Answer { get; } = new();

    public CancellationToken RequestAborted { get; set; }

    public string ConnectionId { get; set; }

    public IPAddress? RemoteIpAddress { get; set; }

    public IPAddress? LocalIpAddress { get; set; }

    public int RemotePort { get; set; }

    public int LocalPort { get; set; }

    public string TraceIdentifier { get; set; }

    public bool CanHaveBody { get; }

    /// <summary>The pipeline gives its answer up.</summary>
    public void Abort()
    {
        brokenOff = true;
        Cancel();
    }

    /// <summary>The time is over in which there could be an answer.</summary>
    public void RunOut()
    {
        outOfTime = true;
        Cancel();
    }

    /// <summary>The answer as API Gateway reads it: the pipeline's, or what is said instead of one that cannot be given.</summary>
    public async Task<ReadOnlyMemory<byte>> CompleteAsync(Excuse excuse)
    {
        if (Fault() is { } early)
        {
            await SayAsync(excuse, early);
        }

        await Answer.CompleteAsync();
        var json = Answer.Content.Overflowed ? null : Format();
        if (json is null or { Length: > AnswerFormat.MostBytes })
        {
            await SayAsync(excuse, LambdaFault.AnswerTooLarge);
            json = Format();
        }

        return json;
    }

    public void Dispose() => aborted.Dispose();

    private void Cancel()
    {
        try
        {
            aborted.Cancel();
        }
        catch (AggregateException)
        {
            // What a handler does when it is cancelled is its own, and ends nobody's clock.
        }
    }

    private LambdaFault? Fault() =>
        brokenOff ? LambdaFault.BrokenOff
        : outOfTime && !Answer.IsWhole ? LambdaFault.OutOfTime
        : null;

    private async Task SayAsync(Excuse excuse, LambdaFault fault)
    {
        Answer.Clear();
        RequestAborted = CancellationToken.None;
        await excuse(new DefaultHttpContext(Features), fault);
        await Answer.CompleteAsync();
    }

    private byte[] Format() => socket is null ? AnswerFormat.Http(Answer, !HttpMethods.IsHead(method)) : AnswerFormat.Socket(Answer);
}
