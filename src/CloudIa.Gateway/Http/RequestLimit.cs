using CloudIa.Core.Intake;
using CloudIa.Gateway.Errors;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Gateway.Http;

/// <summary>Counts the requests that make no job and cost more than a read by key: they write, copy or search.</summary>
public sealed class RequestLimit(IQuota quota)
{
    /// <summary>False where the request was answered with 429. To be asked before any work is done.</summary>
    public async ValueTask<bool> AdmitsAsync(HttpContext context, string owner)
    {
        var decision = await quota.AdmitAsync(owner, context.RequestAborted);
        Receipts.WriteQuota(context.Response, decision);
        if (!decision.Admitted)
        {
            await Problems.WriteAsync(context, ErrorCode.RateLimited, retryAfter: decision.RetryAfter);
        }

        return decision.Admitted;
    }
}
