using System.Net.WebSockets;
using System.Text;
using CloudIa.Gateway.Sockets;

namespace CloudIa.Tests.Gateway;

public sealed class FrameReaderTests : IDisposable
{
    private const int Limit = 10_000;

    private readonly WebSocket client;
    private readonly WebSocket server;
    private readonly FrameReader reader;

    public FrameReaderTests()
    {
        var (near, far) = StreamPair.Create();
        client = WebSocket.CreateFromStream(near, isServer: false, null, Timeout.InfiniteTimeSpan);
        server = WebSocket.CreateFromStream(far, isServer: true, null, Timeout.InfiniteTimeSpan);
        reader = new FrameReader(server, Limit);
    }

    public void Dispose()
    {
        reader.Dispose();
        client.Dispose();
        server.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(Limit)]
    public async Task A_message_up_to_the_limit_is_read_whole(int length)
    {
        var text = new string('x', length);
        await SendAsync(text);

        Assert.Equal((FrameKind.Text, text), await ReadAsync());
    }

    [Fact]
    public async Task A_message_in_many_fragments_is_one()
    {
        for (var i = 0; i < 100; i++)
        {
            await SendAsync(new string((char)('a' + (i % 26)), 90), end: i == 99);
        }

        var (kind, text) = await ReadAsync();
        Assert.Equal((FrameKind.Text, 9_000), (kind, text.Length));
        Assert.Equal(new string('b', 90), text[90..180]);
    }

    [Theory]
    [InlineData(Limit + 1)]
    [InlineData(Limit * 7)]
    public async Task A_message_over_the_limit_is_said_so_and_the_next_one_is_read(int length)
    {
        await SendAsync(new string('x', length));
        await SendAsync("next");

        Assert.Equal(FrameKind.TooLarge, (await ReadAsync()).Kind);
        Assert.Equal((FrameKind.Text, "next"), await ReadAsync());
    }

    [Fact]
    public async Task A_message_without_end_is_cut_off()
    {
        var sending = Task.Run(
            async () =>
            {
                for (var i = 0; i < 9; i++)
                {
                    await SendAsync(new string('x', Limit), end: false);
                }
            },
            TestContext.Current.CancellationToken);

        Assert.Equal(FrameKind.Close, (await ReadAsync()).Kind);
        await sending;
    }

    [Fact]
    public async Task A_binary_message_is_told_from_text()
    {
        await client.SendAsync(new byte[] { 1, 2, 3 }, WebSocketMessageType.Binary, true, TestContext.Current.CancellationToken);
        await SendAsync("text");

        Assert.Equal(FrameKind.Binary, (await ReadAsync()).Kind);
        Assert.Equal((FrameKind.Text, "text"), await ReadAsync());
    }

    [Fact]
    public async Task A_close_is_the_end()
    {
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, TestContext.Current.CancellationToken);

        Assert.Equal(FrameKind.Close, (await ReadAsync()).Kind);
    }

    private Task SendAsync(string text, bool end = true) =>
        client.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, end, TestContext.Current.CancellationToken);

    private async Task<(FrameKind Kind, string Text)> ReadAsync()
    {
        var frame = await reader.ReadAsync(await reader.WaitAsync(TestContext.Current.CancellationToken), TestContext.Current.CancellationToken);
        return (frame.Kind, Encoding.UTF8.GetString(frame.Text.Span));
    }
}
