using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using CloudIa.Core.Intake;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Identity;

/// <summary>
/// Tickets that open one socket, once, for those who cannot send a header with a handshake. What a ticket says is sealed
/// in it (AES-256-GCM), so any gateway of the installation may take it; that it was taken all of them learn from the quota.
/// </summary>
public sealed class Tickets(SigningKey key, IQuota quota, GatewayOptions options, TimeProvider time)
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly byte[] sealing = HKDF.DeriveKey(HashAlgorithmName.SHA256, key.Bytes.ToArray(), 32, info: "cloudia socket ticket"u8.ToArray());

    /// <summary>A ticket for a caller who has shown a good token.</summary>
    public TicketView Issue(TokenReading caller)
    {
        var until = time.GetUtcNow().AddSeconds(options.TicketSeconds);
        using var claims = new MemoryStream();
        using var writer = new BinaryWriter(claims);
        writer.Write(caller.Caller.Owner);
        writer.Write(caller.Caller.SessionId);
        writer.Write(caller.ExpiresAt.UtcTicks);
        writer.Write(until.UtcTicks);
        return new TicketView(Base64Url.EncodeToString(Seal(claims.ToArray())), until);
    }

    /// <summary>Takes a ticket: whoever is first has it.</summary>
    public async ValueTask<TokenReading> TakeAsync(string ticket, CancellationToken cancellation)
    {
        // Spent by its nonce, as one ticket may be written in many ways; and known for longer than it is good, for gateways
        // whose clocks are behind.
        return Read(ticket) is var (nonce, caller, until)
            && until > time.GetUtcNow()
            && await quota.SpendAsync($"ticket:{nonce}", TimeSpan.FromSeconds(2 * options.TicketSeconds), cancellation)
            ? caller
            : new TokenReading(default, default, ErrorCode.TicketInvalid);
    }

    private byte[] Seal(byte[] claims)
    {
        var ticket = new byte[NonceBytes + claims.Length + TagBytes];
        var nonce = ticket.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(sealing, TagBytes);
        aes.Encrypt(nonce, claims, ticket.AsSpan(NonceBytes, claims.Length), ticket.AsSpan(NonceBytes + claims.Length));
        return ticket;
    }

    /// <summary>What is sealed in a ticket; null where it was not sealed with this key.</summary>
    private (string Nonce, TokenReading Caller, DateTimeOffset Until)? Read(string ticket)
    {
        var sent = new byte[Base64Url.GetMaxDecodedLength(ticket.Length)];
        if (Base64Url.DecodeFromChars(ticket, sent, out _, out var length) != OperationStatus.Done || length < NonceBytes + TagBytes)
        {
            return null;
        }

        var claims = new byte[length - NonceBytes - TagBytes];
        try
        {
            using var aes = new AesGcm(sealing, TagBytes);
            aes.Decrypt(sent.AsSpan(0, NonceBytes), sent.AsSpan(NonceBytes, claims.Length), sent.AsSpan(NonceBytes + claims.Length, TagBytes), claims);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }

        using var reader = new BinaryReader(new MemoryStream(claims));
        var caller = new Caller(reader.ReadString(), reader.ReadString());
        return (Convert.ToHexString(sent, 0, NonceBytes), new TokenReading(caller, At(reader.ReadInt64()), null), At(reader.ReadInt64()));
    }

    private static DateTimeOffset At(long ticks) => new(ticks, TimeSpan.Zero);
}
