using System.Net.WebSockets;
using System.Text;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>A bad frame has an <c>error</c> event, and the socket goes on.</summary>
public abstract class BadFrameTests(ServedDemo served)
{
    private IInstallation Server => served.Server;

    [Theory]
    [InlineData("not json", ErrorCode.InvalidJson)]
    [InlineData("", null)]
    [InlineData("null", null)]
    [InlineData("[]", null)]
    [InlineData("{}", ErrorCode.ActionUnknown)]
    [InlineData("{\"action\":\"dance\"}", ErrorCode.ActionUnknown)]
    [InlineData("{\"action\":7}", null)]
    [InlineData("{\"action\":\"chat\"}", ErrorCode.MessageEmpty)]
    [InlineData("{\"action\":\"chat\",\"message\":\"  \"}", ErrorCode.MessageEmpty)]
    [InlineData("{\"action\":\"chat\",\"message\":{\"a\":1}}", null)]
    [InlineData("{\"action\":\"chat\",\"message\":\"hello\",\"model\":\"no-such-model\"}", ErrorCode.ModelUnknown)]
    [InlineData("{\"action\":\"chat\",\"message\":\"hello\",\"conversationId\":\"no-such-conversation\"}", ErrorCode.NotFound)]
    [InlineData("{\"action\":\"stop\",\"jobId\":\"no-such-job\"}", ErrorCode.NotFound)]
    [InlineData("{\"action\":\"stop\"}", null)]
    [InlineData("{\"action\":\"resume\",\"jobs\":[{\"jobId\":\"no-such-job\",\"attempt\":1,\"offset\":0}]}", ErrorCode.NotFound)]
    [InlineData("{\"action\":\"resume\",\"jobs\":[null]}", null)]
    [InlineData("{\"action\":\"refresh\",\"token\":\"forged\"}", null)]
    [InlineData("{\"action\":\"resume\",\"jobs\":[{\"attempt\":1,\"offset\":0}]}", null)]
    [InlineData("{\"action\":\"resume\",\"jobs\":[{\"jobId\":\"no-such-job\",\"attempt\":99999999999,\"offset\":0}]}", null)]
    public async Task A_bad_frame_has_an_error_and_the_socket_stays_open(string frame, string? code)
    {
        await using var socket = await Open();

        await socket.SendText(frame);

        await Refused(socket, code);
    }

    [Fact]
    public async Task A_message_that_is_too_long_has_an_error_with_the_frames_own_mark()
    {
        await using var socket = await Open();

        await socket.Chat(new string('a', 32_001), clientId: "mine");

        var error = await Refused(socket, ErrorCode.MessageTooLong);
        Assert.Equal("mine", error.ClientId);
    }

    [Fact]
    public async Task Names_that_are_longer_than_any_of_ours_are_refused_and_not_sent_back()
    {
        await using var sender = await Open();
        await using var stopper = await Open();
        var name = new string('n', 100_000);

        await sender.Chat("hello", clientId: name);
        Assert.Null((await Refused(sender, ErrorCode.InvalidRequest)).ClientId);
        await stopper.SendText($"{{\"action\":\"stop\",\"jobId\":\"{name}\"}}");
        Assert.Null((await Refused(stopper, ErrorCode.NotFound)).JobId);
    }

    [Fact]
    public async Task A_frame_over_the_limit_has_an_error_and_the_socket_stays_open()
    {
        await using var socket = await Open();

        await socket.SendText(new string('x', 128 * 1024 + 1));

        await Refused(socket, ErrorCode.FrameTooLarge);
    }

    [Fact]
    public async Task A_binary_frame_has_an_error_and_the_socket_stays_open()
    {
        await using var socket = await Open();

        await socket.SendBytes(Encoding.UTF8.GetBytes("{\"action\":\"ping\"}"), WebSocketMessageType.Binary);

        await Refused(socket, ErrorCode.FrameNotText);
    }

    [Fact]
    public async Task A_frame_of_broken_UTF8_harms_no_other_socket()
    {
        await using var good = await Open();
        await using var bad = await Open();

        // RFC 6455 lets a server close for this one.
        await bad.SendBytes([.. "{\"action\":\"chat\",\"message\":\"a"u8, 0xC3, 0x28, .. "\"}"u8], WebSocketMessageType.Text);

        await good.SendText("{\"action\":\"ping\"}");
        await good.Wait<Pong>(_ => true, "the other socket's pong");
        Assert.DoesNotContain(bad.Events, said => said is Accepted);
    }

    [Fact]
    public async Task A_polite_close_has_a_polite_close()
    {
        await using var socket = await Open();

        await socket.SayGoodbye();

        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
    }

    [Theory]
    [InlineData(7, 0)]
    [InlineData(1, 1_000_000)]
    [InlineData(-1, -1)]
    public async Task A_position_that_does_not_exist_ends_in_the_whole_answer_all_the_same(int attempt, int offset)
    {
        await using var socket = await Open();
        await socket.Chat("Hello");
        var completed = await socket.Wait<MessageCompleted>(_ => true, "the answer");
        var before = socket.Events.Count;

        await socket.SendText($$"""{"action":"resume","jobs":[{"jobId":"{{completed.JobId}}","attempt":{{attempt}},"offset":{{offset}}}]}""");

        var again = await socket.Wait<ServerEvent>(
            said => said is MessageCompleted or ErrorEvent, "the answer again, or an error", from: before);
        if (again is MessageCompleted whole) Assert.Equal(completed.Content, whole.Content);
        await Lives(socket);
    }

    private Task<PlainSocket> Open() => PlainSocket.Open(Server.Address, new SocketOptions { ServerLog = Server.Tail });

    private static async Task<ErrorEvent> Refused(PlainSocket socket, string? code)
    {
        var error = await socket.Wait<ErrorEvent>(_ => true, "an error");
        if (code is not null) Assert.Equal(code, error.Code);
        Assert.NotEmpty(error.Code);
        Assert.NotEmpty(error.Message);
        await Lives(socket);
        return error;
    }

    private static async Task Lives(PlainSocket socket)
    {
        await socket.SendText("{\"action\":\"ping\"}");
        await socket.Wait<Pong>(_ => true, "a pong after the bad frame");
    }
}
