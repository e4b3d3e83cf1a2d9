using CloudIa.Gateway;
using CloudIa.Gateway.Identity;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Gateway;

public class AuthenticationTests
{
    private readonly SessionTokens tokens;
    private readonly Authentication authentication;
    private readonly NewSession session;

    public AuthenticationTests()
    {
        var options = new GatewayOptions { AllowedOrigins = ["https://chat.example.com"] };
        tokens = new SessionTokens(new SigningKey(SigningKey.Make()), options, new FakeTimeProvider());
        authentication = new Authentication(tokens, options);
        session = tokens.Create();
    }

    [Theory]
    [InlineData("Bearer {0}")]
    [InlineData("bearer {0}")]
    [InlineData("Bearer   {0} ")]
    public void A_bearer_token_says_who_asks(string header)
    {
        var reading = authentication.Identify(Request(("Authorization", string.Format(System.Globalization.CultureInfo.InvariantCulture, header, session.Token))));

        Assert.Equal((session.Caller, null), (reading.Caller, reading.Error));
    }

    [Theory]
    [InlineData("Basic dXNlcjpwYXNz")]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Bearer not-a-token")]
    [InlineData("Bearer v1.session.999.é")]
    public void Any_other_authorization_is_invalid_also_beside_a_good_cookie(string header)
    {
        Assert.Equal(ErrorCode.TokenInvalid, authentication.Identify(Request(("Authorization", header))).Error);
        Assert.Equal(ErrorCode.TokenInvalid, authentication.Identify(Request(("Authorization", header), ("Cookie", $"cloudia_session={session.Token}"))).Error);
    }

    [Fact]
    public void Without_credentials_the_token_is_missing() =>
        Assert.Equal(ErrorCode.TokenMissing, authentication.Identify(Request()).Error);

    [Theory]
    [InlineData(null, null, true)]
    [InlineData("http://localhost:3000", null, true)]
    [InlineData("http://LOCALHOST:3000", null, true)]
    [InlineData("https://chat.example.com", "cross-site", true)]
    [InlineData(null, "same-origin", true)]
    [InlineData(null, "none", true)]
    [InlineData(null, "cross-site", false)]
    [InlineData(null, "same-site", false)]
    [InlineData("http://localhost:3001", null, false)]
    [InlineData("http://localhost", null, false)]
    [InlineData("http://localhost.evil.example:3000", null, false)]
    [InlineData("https://evil.example", "same-origin", false)]
    [InlineData("https://chat.example.com.evil.example", null, false)]
    [InlineData("http://chat.example.com", null, false)]
    [InlineData("null", null, false)]
    [InlineData("not an origin", null, false)]
    public void The_cookie_counts_for_our_own_pages_and_the_allowed_ones(string? origin, string? site, bool allowed)
    {
        var request = Request(("Cookie", $"cloudia_session={session.Token}"), ("Origin", origin), ("Sec-Fetch-Site", site));

        Assert.Equal(allowed, authentication.OriginAllowed(request.Request));
        Assert.Equal(allowed ? null : ErrorCode.OriginForbidden, authentication.Identify(request).Error);
    }

    [Fact]
    public void A_host_that_is_no_address_is_nobodys_origin()
    {
        var request = Request(("Cookie", $"cloudia_session={session.Token}"), ("Origin", "https://evil.example"));
        request.Request.Host = new HostString("");

        Assert.Equal(ErrorCode.OriginForbidden, authentication.Identify(request).Error);
    }

    [Fact]
    public void A_browser_keeps_the_session_where_no_script_and_no_other_site_can_read_it()
    {
        var context = Request();
        Authentication.SetCookie(context, session);
        var cookie = context.Response.Headers.SetCookie.ToString();

        Assert.Contains($"cloudia_session={session.Token}", cookie, StringComparison.Ordinal);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("secure", cookie, StringComparison.OrdinalIgnoreCase);

        context = Request();
        context.Request.Scheme = "https";
        Authentication.SetCookie(context, session);
        Assert.Contains("secure", context.Response.Headers.SetCookie.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    private static DefaultHttpContext Request(params (string Name, string? Value)[] headers)
    {
        var context = new DefaultHttpContext();
        context.Request.Scheme = "http";
        context.Request.Host = new HostString("localhost", 3000);
        foreach (var (name, value) in headers)
        {
            if (value is not null)
            {
                context.Request.Headers[name] = value;
            }
        }

        return context;
    }
}
