using System.Buffers.Text;
using System.Text;
using CloudIa.Gateway;
using CloudIa.Gateway.Identity;
using CloudIa.Protocol;
using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Gateway;

public class SessionTokensTests
{
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2025, 3, 14, 9, 26, 53, TimeSpan.Zero));
    private readonly GatewayOptions options = new() { SessionHours = 2 };
    private readonly SigningKey key = new(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());

    private SessionTokens Tokens => new(key, options, time);

    [Fact]
    public void A_token_names_its_session_until_it_expires()
    {
        var session = Tokens.Create();
        Assert.Equal(time.GetUtcNow().AddHours(2), session.ExpiresAt);
        Assert.Equal($"anonymous:{session.Caller.SessionId}", session.Caller.Owner);

        Assert.Equal(new TokenReading(session.Caller, session.ExpiresAt, null), Tokens.Read(session.Token));
        time.Advance(TimeSpan.FromHours(2) - TimeSpan.FromSeconds(1));
        Assert.Null(Tokens.Read(session.Token).Error);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(new TokenReading(default, default, ErrorCode.TokenExpired), Tokens.Read(session.Token));
    }

    [Fact]
    public void No_two_sessions_are_the_same() =>
        Assert.Equal(100, Enumerable.Range(0, 100).Select(_ => Tokens.Create().Caller.Owner).Distinct().Count());

    [Fact]
    public void A_token_of_another_key_is_forged()
    {
        var other = new SessionTokens(new SigningKey(SigningKey.Make()), options, time);

        Assert.Equal(ErrorCode.TokenInvalid, Tokens.Read(other.Create().Token).Error);
    }

    [Fact]
    public void A_token_that_was_cut_anywhere_is_invalid()
    {
        var token = Tokens.Create().Token;
        for (var length = 0; length < token.Length; length++)
        {
            Assert.Equal(ErrorCode.TokenInvalid, Tokens.Read(token[..length]).Error);
            Assert.Equal(ErrorCode.TokenInvalid, Tokens.Read(token[(length + 1)..]).Error);
        }
    }

    [Fact]
    public void A_token_with_any_character_changed_names_nobody_else()
    {
        var session = Tokens.Create();
        Gen.Select(Gen.Int[0, session.Token.Length - 1], Gen.Char[' ', '~']).Sample((at, other) =>
        {
            var changed = session.Token[..at] + other + session.Token[(at + 1)..];
            var reading = Tokens.Read(changed);
            Assert.True(reading.Error == ErrorCode.TokenInvalid || reading.Caller == session.Caller, changed);
        });
    }

    [Fact]
    public void Whatever_is_sent_as_a_token_is_answered_and_never_breaks() =>
        Gen.OneOf(Gen.String, Gen.String[Gen.Char["v1.=-_+/ é😀0"], 0, 100]).Sample(sent => Assert.Equal(ErrorCode.TokenInvalid, Tokens.Read(sent).Error));

    [Theory]
    [InlineData("v2.{0}.{1}")]
    [InlineData("v1.{0}")]
    [InlineData("v1.{0}.{1}.extra")]
    [InlineData("v1.{0}.-{1}")]
    [InlineData("v1.{0}.soon")]
    [InlineData("v1.{0}.99999999999999999999999")]
    public void A_signature_of_ours_under_other_claims_is_no_token(string form)
    {
        var claims = string.Format(System.Globalization.CultureInfo.InvariantCulture, form, "0af7651916cd43dd8448eb211c80319c", time.GetUtcNow().AddHours(1).ToUnixTimeSeconds());
        var signature = System.Security.Cryptography.HMACSHA256.HashData(key.Bytes, Encoding.UTF8.GetBytes(claims));

        Assert.Equal(ErrorCode.TokenInvalid, Tokens.Read($"{claims}.{Base64Url.EncodeToString(signature)}").Error);
    }
}
