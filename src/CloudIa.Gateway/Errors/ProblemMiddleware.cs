using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CloudIa.Gateway.Errors;

/// <summary>The one place where exceptions of requests stop, and where an empty error gets its body.</summary>
public sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be told.
        }
        catch (RequestRefusedException refused)
        {
            await Problems.WriteAsync(context, refused.Code, refused.Details);
        }
        catch (BadHttpRequestException error)
        {
            await Problems.WriteAsync(context, error.StatusCode switch
            {
                StatusCodes.Status408RequestTimeout => ErrorCode.RequestTimeout,
                StatusCodes.Status413PayloadTooLarge => ErrorCode.BodyTooLarge,
                _ => ErrorCode.InvalidRequest,
            });
        }
        catch (QueueUnavailableException error)
        {
            LogEngineAway(error);
            await Problems.WriteAsync(context, error.Full ? ErrorCode.StorageFull : ErrorCode.QueueUnavailable);
        }
        catch (HistoryUnavailableException error)
        {
            LogEngineAway(error);
            await Problems.WriteAsync(context, ErrorCode.HistoryUnavailable);
        }
#pragma warning disable CA1031 // A fault of ours: the client gets an answer with the trace id that the log has.
        catch (Exception error)
#pragma warning restore CA1031
        {
            LogBroken(error, context.Request.Method, context.Request.Path, Problems.TraceIdOf(context));
            await Problems.WriteAsync(context, ErrorCode.Internal);
        }

        if (!context.Response.HasStarted && context.Response.ContentLength is null)
        {
            await FillAsync(context);
        }
    }

    private static Task FillAsync(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => Problems.WriteAsync(context, ErrorCode.NotFound),
        StatusCodes.Status405MethodNotAllowed => Problems.WriteAsync(context, ErrorCode.MethodNotAllowed),
        >= 400 and < 500 => Problems.WriteAsync(context, ErrorCode.InvalidRequest),
        _ => Task.CompletedTask,
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "An engine did not take a request's call.")]
    private partial void LogEngineAway(Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} broke; trace {TraceId}.")]
    private partial void LogBroken(Exception error, string method, string path, string traceId);
}

/// <summary>Ends a request with a code, from where no answer can be written.</summary>
public sealed class RequestRefusedException(string code, string? details = null) : Exception(code)
{
    public string Code { get; } = code;

    public string? Details { get; } = details;
}
