using System.Globalization;
using CloudIa.Core.Intake;
using CloudIa.Gateway.Errors;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Gateway.Http;

/// <summary>Says what became of a post: 202 and where its answer is, or the problem.</summary>
internal static class Receipts
{
    public static string? IdempotencyKey(HttpContext context) =>
        context.Request.Headers.TryGetValue("Idempotency-Key", out var key) ? key.ToString() : null;

    public static Task WriteAsync(HttpContext context, Admission admission, Caller caller, string? sessionToken = null)
    {
        if (admission.Quota is { } quota)
        {
            WriteQuota(context.Response, quota);
        }

        if (admission is not Admission.Accepted accepted)
        {
            return Problems.WriteAsync(context, (Admission.Refused)admission);
        }

        context.Response.Headers.Location = $"{context.Request.PathBase}/chat/{accepted.Job.JobId}";
        return Json.WriteAsync(
            context,
            new ChatAccepted
            {
                JobId = accepted.Job.JobId,
                ConversationId = accepted.ConversationId,
                SessionId = caller.SessionId,
                Status = accepted.Status,
                Timestamp = accepted.At,
                TraceId = Problems.TraceIdOf(context),
                SessionToken = sessionToken,
            },
            ProtocolJson.Wire.ChatAccepted,
            StatusCodes.Status202Accepted);
    }

    /// <summary>RateLimit and RateLimit-Policy, as the IETF's httpapi draft has them.</summary>
    public static void WriteQuota(HttpResponse response, QuotaDecision quota)
    {
        var window = (int)quota.Window.TotalSeconds;
        var reset = quota.Refusal == QuotaRefusal.Requests ? (int)Math.Ceiling(quota.RetryAfter.TotalSeconds) : 0;
        response.Headers["RateLimit-Policy"] = string.Create(CultureInfo.InvariantCulture, $"\"messages\";q={quota.Limit};w={window}");
        response.Headers["RateLimit"] = string.Create(CultureInfo.InvariantCulture, $"\"messages\";r={quota.Remaining};t={reset}");
    }
}
