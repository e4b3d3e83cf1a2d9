using System.Text;

namespace CloudIa.Bench.Load;

/// <summary>The bytes of the requests that the rows send; both sides of an accept row get the same.</summary>
internal static class HttpRequests
{
    /// <summary>A message of the length people write: 120 bytes of JSON.</summary>
    public const string Message =
        """{"message":"Olá, IA! Explique em uma frase por que o céu é azul e o pôr do sol é vermelho, por favor."}""";

    public static byte[] Get(string path, string? token = null) => Encoding.UTF8.GetBytes(
        $"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{(token is null ? "" : $"Authorization: Bearer {token}\r\n")}\r\n");

    /// <summary>A POST of JSON; with the Authorization header where a token is given.</summary>
    public static byte[] Post(string path, string json, string? token = null)
    {
        var authorization = token is null ? "" : $"Authorization: Bearer {token}\r\n";
        return Encoding.UTF8.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}Content-Type: application/json\r\n"
            + $"Content-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}");
    }

    /// <summary>The opening handshake of a WebSocket (RFC 6455).</summary>
    public static byte[] Upgrade(string path, string? token = null)
    {
        var authorization = token is null ? "" : $"Authorization: Bearer {token}\r\n";
        return Encoding.UTF8.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}Connection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    }
}
