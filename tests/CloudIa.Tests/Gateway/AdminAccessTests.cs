using System.Net;
using CloudIa.Gateway;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Identity;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Gateway;

public class AdminAccessTests
{
    private const string Token = "0123456789abcdef0123456789abcdef";

    private readonly GatewayOptions options = new() { AllowedOrigins = ["https://ops.example.com"] };

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.8.9.1")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    public void The_token_lets_in_from_this_machine(string peer)
    {
        Assert.Null(Refusal(peer, ("Authorization", $"Bearer {Token}")));
        Assert.Null(Refusal(peer, ("Authorization", $"bearer  {Token} ")));
    }

    [Theory]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Bearer 0123456789abcdef0123456789abcde")]
    [InlineData("Bearer 0123456789abcdef0123456789abcdef0")]
    [InlineData("Bearer 0123456789ABCDEF0123456789ABCDEF")]
    [InlineData("Basic 0123456789abcdef0123456789abcdef")]
    [InlineData("0123456789abcdef0123456789abcdef")]
    public void No_other_token_does(string header) =>
        Assert.Equal(ErrorCode.TokenInvalid, Refusal("127.0.0.1", ("Authorization", header)));

    [Fact]
    public void Without_one_it_is_missing_whatever_the_cookie_says() =>
        Assert.Equal(ErrorCode.TokenMissing, Refusal("127.0.0.1", ("Cookie", $"cloudia_session={Token}")));

    [Theory]
    [InlineData("192.168.0.7", null)]
    [InlineData("::ffff:192.168.0.7", null)]
    [InlineData("fe80::1", null)]
    [InlineData(null, null)]
    [InlineData("127.0.0.1", "X-Forwarded-For")]
    [InlineData("127.0.0.1", "Forwarded")]
    [InlineData("127.0.0.1", "X-Real-IP")]
    [InlineData("127.0.0.1", "Via")]
    public void Another_machine_is_refused_and_what_a_proxy_passed_on_unless_it_is_configured(string? peer, string? header)
    {
        (string, string)[] headers = [("Authorization", $"Bearer {Token}"), .. header is null ? Array.Empty<(string, string)>() : [(header, "192.0.2.1")]];
        Assert.Equal(ErrorCode.AdminLocalOnly, Refusal(peer, headers));

        options.AdminFromAnywhere = true;
        Assert.Null(Refusal(peer, headers));
        Assert.Equal(ErrorCode.TokenMissing, Refusal(peer));
    }

    [Theory]
    [InlineData("Origin", "https://evil.example", false)]
    [InlineData("Origin", "null", false)]
    [InlineData("Sec-Fetch-Site", "cross-site", false)]
    [InlineData("Sec-Fetch-Site", "same-site", false)]
    [InlineData("Origin", "http://localhost:3000", true)]
    [InlineData("Origin", "https://ops.example.com", true)]
    [InlineData("Sec-Fetch-Site", "same-origin", true)]
    public void A_page_elsewhere_is_refused_though_it_has_the_token(string name, string value, bool allowed) =>
        Assert.Equal(allowed ? null : ErrorCode.OriginForbidden, Refusal("127.0.0.1", ("Authorization", $"Bearer {Token}"), (name, value)));

    [Fact]
    public void A_token_does_not_tell_itself() => Assert.DoesNotContain(Token, $"{new AdminToken(Token, IsGiven: true)}", StringComparison.Ordinal);

    private string? Refusal(string? peer, params (string Name, string Value)[] headers)
    {
        var authentication = new Authentication(new SessionTokens(new SigningKey(SigningKey.Make()), options, new FakeTimeProvider()), options);
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = peer is null ? null : IPAddress.Parse(peer);
        context.Request.Scheme = "http";
        context.Request.Host = new HostString("localhost", 3000);
        foreach (var (name, value) in headers)
        {
            context.Request.Headers[name] = value;
        }

        try
        {
            new AdminAccess(new AdminToken(Token, IsGiven: false), authentication, options).Check(context);
            return null;
        }
        catch (RequestRefusedException refused)
        {
            return refused.Code;
        }
    }
}
