using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CloudIa.Core.Intake;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Gateway.Errors;

/// <summary>Answers with application/problem+json.</summary>
public static class Problems
{
    private const int TraceIdLength = 32;

    /// <summary>Writes the problem of a code; nothing where an answer has begun already.</summary>
    public static Task WriteAsync(HttpContext context, string code, string? detail = null, TimeSpan? retryAfter = null)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return Task.CompletedTask;
        }

        var text = ErrorText.Of(code);
        var seconds = retryAfter is { } wait ? (int)Math.Ceiling(wait.TotalSeconds) : text.Status == 503 ? 1 : (int?)null;
        if (seconds is not null)
        {
            context.Response.Headers.RetryAfter = seconds.Value.ToString(CultureInfo.InvariantCulture);
        }

        var problem = new Problem
        {
            Type = "about:blank",
            Title = text.In(context.Request.Headers.AcceptLanguage),
            Status = text.Status,
            Detail = detail,
            Code = code,
            TraceId = TraceIdOf(context),
            Retryable = text.Retryable,
            RetryAfterSeconds = seconds,
        };
        context.Response.StatusCode = text.Status;
        context.Response.ContentType = "application/problem+json";
        var body = JsonSerializer.SerializeToUtf8Bytes(problem, ProtocolJson.Wire.Problem);
        context.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(body).AsTask();
    }

    /// <summary>Says a refused message.</summary>
    public static Task WriteAsync(HttpContext context, Admission.Refused refused) =>
        WriteAsync(context, refused.Code, refused.Details, refused.Code is ErrorCode.RateLimited or ErrorCode.TooManyJobs ? refused.Quota?.RetryAfter : null);

    /// <summary>The request's W3C trace id, 32 hex characters: the caller's where it sent one.</summary>
    public static string TraceIdOf(HttpContext context)
    {
        var known = context.TraceIdentifier;
        if (known.Length == TraceIdLength)
        {
            return known;
        }

        // Kept where the framework keeps its own, which is never of this length, and which nothing else here reads.
        return context.TraceIdentifier = ActivityContext.TryParse(context.Request.Headers.TraceParent, null, out var parent)
            ? parent.TraceId.ToHexString()
            : ActivityTraceId.CreateRandom().ToHexString();
    }
}
