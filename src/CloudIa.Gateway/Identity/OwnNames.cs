using CloudIa.Gateway.Errors;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace CloudIa.Gateway.Identity;

/// <summary>
/// Lets in who calls the service by one of its names. A page elsewhere whose name was made to point here would otherwise
/// pass for our own. The framework's filter does the same and answers in HTML.
/// </summary>
/// <param name="names">Names without ports, "*.example.com" for all below one, "*" for any.</param>
public sealed class OwnNames(IEnumerable<string> names)
{
    // Browsers send names in Punycode.
    private readonly IList<StringSegment> patterns = [.. names.Select(name => new StringSegment(new HostString(name).ToUriComponent()))];

    /// <exception cref="RequestRefusedException">The request has another name. None at all is HTTP/1.0, which no browser speaks.</exception>
    public void Check(HttpRequest request)
    {
        string? called = request.Headers.Host;
        if (called is { Length: > 0 } && !HostString.MatchesAny(called, patterns))
        {
            throw new RequestRefusedException(ErrorCode.HostUnknown);
        }
    }
}
