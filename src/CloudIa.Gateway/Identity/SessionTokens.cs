using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CloudIa.Core.Conversations;
using CloudIa.Core.Intake;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Identity;

/// <summary>A session that has just been made.</summary>
public sealed record NewSession(Caller Caller, string Token, DateTimeOffset ExpiresAt);

/// <summary>What a token says: a caller until a time, or why it says nothing.</summary>
/// <param name="Caller">Whose it is.</param>
/// <param name="ExpiresAt">Until when.</param>
/// <param name="Error">Null where it is good; else one of <see cref="ErrorCode"/>.</param>
public readonly record struct TokenReading(Caller Caller, DateTimeOffset ExpiresAt, string? Error);

/// <summary>
/// Tokens of anonymous sessions: "v1.session.expiry.signature", signed with HMAC-SHA-256. The session is the owner.
/// </summary>
public sealed class SessionTokens(SigningKey key, GatewayOptions options, TimeProvider time)
{
    private const string Version = "v1";
    private const int SignatureBytes = HMACSHA256.HashSizeInBytes;

    /// <summary>Makes a session that nobody else can name.</summary>
    public NewSession Create() => Issue(Identifiers.NewSecret());

    /// <summary>The same session with a new end. Earlier tokens of it stay good until their own.</summary>
    public NewSession Renew(Caller caller) => Issue(caller.SessionId);

    /// <summary>Reads a token that somebody sent.</summary>
    public TokenReading Read(string token)
    {
        var end = token.LastIndexOf('.');
        Span<byte> sent = stackalloc byte[SignatureBytes];
        Span<byte> right = stackalloc byte[SignatureBytes];
        if (end < 0
            || Base64Url.DecodeFromChars(token.AsSpan(end + 1), sent, out _, out var written) != OperationStatus.Done
            || written != SignatureBytes)
        {
            return Bad(ErrorCode.TokenInvalid);
        }

        Sign(token.AsSpan(0, end), right);
        var parts = token.Split('.');
        if (!CryptographicOperations.FixedTimeEquals(sent, right)
            || parts is not [Version, var sessionId, var expiry, _]
            || !long.TryParse(expiry, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
        {
            return Bad(ErrorCode.TokenInvalid);
        }

        var expiresAt = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return expiresAt <= time.GetUtcNow()
            ? Bad(ErrorCode.TokenExpired)
            : new TokenReading(CallerOf(sessionId), expiresAt, null);
    }

    private NewSession Issue(string sessionId)
    {
        var expiresAt = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().AddHours(options.SessionHours).ToUnixTimeSeconds());
        var claims = string.Create(CultureInfo.InvariantCulture, $"{Version}.{sessionId}.{expiresAt.ToUnixTimeSeconds()}");
        Span<byte> signature = stackalloc byte[SignatureBytes];
        Sign(claims, signature);
        return new NewSession(CallerOf(sessionId), $"{claims}.{Base64Url.EncodeToString(signature)}", expiresAt);
    }

    // A prefix, so that no subject of another issuer can ever be an anonymous owner.
    private static Caller CallerOf(string sessionId) => new($"anonymous:{sessionId}", sessionId);

    private static TokenReading Bad(string error) => new(default, default, error);

    private void Sign(ReadOnlySpan<char> claims, Span<byte> signature)
    {
        // Claims of any length that a header may hold: what is signed by us is 60 characters.
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(claims.Length)];
        var length = Encoding.UTF8.GetBytes(claims, bytes);
        HMACSHA256.HashData(key.Bytes, bytes.AsSpan(0, length), signature);
    }
}

/// <summary>The secret that signs sessions.</summary>
public sealed class SigningKey(byte[] bytes)
{
    /// <summary>As long as the hash, which is as strong as a key can be here.</summary>
    public const int Length = 32;

    public ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>The one that a configured text stands for.</summary>
    public static SigningKey Of(string text) => new(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>A new one.</summary>
    public static byte[] Make() => RandomNumberGenerator.GetBytes(Length);
}
