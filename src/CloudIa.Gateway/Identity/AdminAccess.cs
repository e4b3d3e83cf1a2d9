using System.Net;
using System.Security.Cryptography;
using System.Text;
using CloudIa.Gateway.Errors;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Gateway.Identity;

/// <summary>Lets in who has the admin role: whoever shows its token, from this machine unless the settings say otherwise.</summary>
public sealed class AdminAccess(AdminToken token, Authentication authentication, GatewayOptions options)
{
    private const string Scheme = "Bearer ";

    /// <summary>What a proxy says of a request that it passes on: whoever sent that is not on this machine, though the proxy may be.</summary>
    private static readonly string[] PassedOn = ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"];

    /// <exception cref="RequestRefusedException">The request is not an administrator's.</exception>
    public void Check(HttpContext context)
    {
        if (!authentication.OriginAllowed(context.Request))
        {
            throw new RequestRefusedException(ErrorCode.OriginForbidden);
        }

        if (!options.AdminFromAnywhere && !IsOfThisMachine(context))
        {
            throw new RequestRefusedException(ErrorCode.AdminLocalOnly);
        }

        string? header = context.Request.Headers.Authorization;
        if (string.IsNullOrEmpty(header))
        {
            throw new RequestRefusedException(ErrorCode.TokenMissing);
        }

        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || !token.Is(header[Scheme.Length..].Trim()))
        {
            throw new RequestRefusedException(ErrorCode.TokenInvalid);
        }
    }

    private static bool IsOfThisMachine(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } peer
        && IPAddress.IsLoopback(peer.IsIPv4MappedToIPv6 ? peer.MapToIPv4() : peer)
        && !PassedOn.Any(context.Request.Headers.ContainsKey);
}

/// <summary>The secret of the admin role.</summary>
/// <param name="Text">As it stands behind "Bearer".</param>
/// <param name="IsGiven">Whether it was configured; else it was made here, and has to be told.</param>
public sealed record AdminToken(string Text, bool IsGiven)
{
    /// <summary>A configured one has at least so many characters.</summary>
    public const int Shortest = 20;

    public const int Longest = 256;

    private readonly byte[] hash = Hash(Text);

    /// <summary>Whether somebody sent this token; it takes as long for any other.</summary>
    public bool Is(string sent) => CryptographicOperations.FixedTimeEquals(Hash(sent), hash);

    /// <summary>Not the token.</summary>
    public override string ToString() => nameof(AdminToken);

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
