using System.Buffers;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Clients;

/// <summary>A socket whose client reads nothing until it is told to; its kernel keeps as little as it may.</summary>
internal sealed class StalledSocket : IDisposable
{
    private const int KernelBytes = 4096;

    private readonly Socket _transport = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private WebSocket? _socket;

    private StalledSocket() => _transport.ReceiveBufferSize = KernelBytes;

    public int? CloseCode => (int?)_socket?.CloseStatus;

    public static async Task<StalledSocket> Open(Uri server, string token)
    {
        var cancel = TestContext.Current.CancellationToken;
        var stalled = new StalledSocket();
        try
        {
            await stalled._transport.ConnectAsync(server.Host, server.Port, cancel);
            var stream = new NetworkStream(stalled._transport, ownsSocket: false);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                $"GET /ws HTTP/1.1\r\nHost: {server.Authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + $"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {token}\r\n\r\n"), cancel);

            // One byte at a time, so that no frame is taken along.
            var answer = new StringBuilder();
            var one = new byte[1];
            while (!answer.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                await stream.ReadExactlyAsync(one, cancel);
                answer.Append((char)one[0]);
            }

            Assert.StartsWith("HTTP/1.1 101", answer.ToString(), StringComparison.Ordinal);
            stalled._socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions());
            return stalled;
        }
        catch
        {
            stalled.Dispose();
            throw;
        }
    }

    public async Task Send(ClientFrame frame) => await _socket!.SendAsync(
        JsonSerializer.SerializeToUtf8Bytes(frame, ProtocolJson.Default.ClientFrame),
        WebSocketMessageType.Text,
        endOfMessage: true,
        TestContext.Current.CancellationToken);

    /// <summary>Reads on to the connection's end, however it ends, and folds what came.</summary>
    public Task ReadToEnd(HeldAnswers held) => Read(held, () => false, TimeSpan.Zero);

    /// <summary>Reads a little, waits, and so on, until a job's answer has ended.</summary>
    public Task ReadSlowly(HeldAnswers held, string jobId, TimeSpan pause) => Read(held, () => held.HasEnded(jobId), pause);

    private async Task Read(HeldAnswers held, Func<bool> enough, TimeSpan pause)
    {
        var buffer = new byte[16 * 1024];
        var message = new ArrayBufferWriter<byte>();
        var sincePause = 0;
        try
        {
            while (!enough())
            {
                var part = await _socket!.ReceiveAsync(buffer.AsMemory(), TestContext.Current.CancellationToken);
                if (part.MessageType == WebSocketMessageType.Close) return;
                message.Write(buffer.AsSpan(0, part.Count));
                sincePause += part.Count;
                if (pause > TimeSpan.Zero && sincePause >= buffer.Length)
                {
                    sincePause = 0;
                    await Task.Delay(pause, TimeProvider.System, TestContext.Current.CancellationToken);
                }

                if (!part.EndOfMessage) continue;
                held.Take(JsonSerializer.Deserialize(message.WrittenSpan, ProtocolJson.Default.ServerEvent)!);
                message.ResetWrittenCount();
            }
        }
        catch (WebSocketException)
        {
            // Cut off without a word.
        }
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _transport.Dispose();
    }
}
