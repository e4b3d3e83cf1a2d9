using System.Net;
using System.Net.Sockets;
using CloudIa.Core.Delivery;
using CloudIa.Gateway;
using CloudIa.Gateway.Connections;
using CloudIa.Gateway.Errors;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Gateway;

public sealed class ConnectionRegistryTests : IDisposable
{
    private readonly GatewayOptions options = new() { MaxConnectionsPerOwner = 2, SlowReaderSeconds = 10, SessionWarningSeconds = 60, SseHeartbeatSeconds = 15 };
    private readonly FakeTimeProvider time = new();
    private readonly Lifetime lifetime = new();
    private readonly ConnectionRegistry registry;

    public ConnectionRegistryTests() => registry = new ConnectionRegistry(options, lifetime, time);

    public void Dispose()
    {
        registry.Dispose();
        lifetime.Dispose();
    }

    [Fact]
    public void An_owner_has_as_many_connections_as_allowed_and_one_that_ends_makes_room()
    {
        var first = Open();
        Open();
        Assert.Equal(ErrorCode.TooManyConnections, Assert.Throws<RequestRefusedException>(() => Open()).Code);
        Open("another");

        registry.Remove(first.Connection);
        Open();
        Assert.Throws<RequestRefusedException>(() => Open());
        Assert.Equal(3, registry.Count);
    }

    [Fact]
    public void A_send_that_makes_no_progress_ends_the_connection_and_later_cuts_it()
    {
        var (slow, cut) = Open();
        slow.Blocked();
        Pass(10);
        Assert.Equal(Ending.None, slow.Ending);

        Pass(1);
        Assert.Equal(Ending.SlowReader, slow.Ending);
        Assert.True(slow.Feed.Closed);
        Assert.False(cut.Cut);

        Pass(3);
        Assert.True(cut.Cut);
    }

    [Fact]
    public void A_slow_client_that_moves_is_not_cut()
    {
        var (slow, _) = Open(session: 1_000_000);
        for (var i = 0; i < 100; i++)
        {
            slow.Blocked();
            Pass(9);
            slow.Progressed();
        }

        Assert.Equal(Ending.None, slow.Ending);
    }

    [Fact]
    public void A_feed_that_is_overrun_ends_the_connection_though_its_pump_waits_for_a_send()
    {
        var (slow, _) = Open();
        slow.Blocked();
        for (var i = 0; i < 2_000; i++)
        {
            slow.Feed.Announce("job", new ErrorEvent { JobId = "job", Code = ErrorCode.ModelTimeout, Retryable = true, Final = false });
        }

        Pass(1);
        Assert.Equal(Ending.SlowReader, slow.Ending);
    }

    [Fact]
    public void A_pump_that_leaves_its_overrun_feed_before_the_registry_looks_ends_a_slow_reader_too()
    {
        var (slow, _) = Open();
        for (var i = 0; i < 2_000; i++)
        {
            slow.Feed.Announce("job", new ErrorEvent { JobId = "job", Code = ErrorCode.ModelTimeout, Retryable = true, Final = false });
        }

        Assert.True(slow.Feed.Closed);
        slow.End(Ending.Left);
        Assert.Equal(Ending.SlowReader, slow.Ending);
    }

    [Fact]
    public void A_session_that_ends_ends_the_connection_and_the_first_reason_stands()
    {
        var (connection, _) = Open(session: 100);
        Pass(99);
        Assert.Equal(Ending.None, connection.Ending);
        Pass(1);
        Assert.Equal(Ending.SessionExpired, connection.Ending);

        connection.End(Ending.Left);
        Assert.Equal(Ending.SessionExpired, connection.Ending);
    }

    [Fact]
    public void A_silent_stream_is_asked_for_a_comment_once_at_a_time()
    {
        var (stream, _) = Open();
        Pass(14);
        Assert.False(stream.Feed.TryTake(out _));
        Pass(3);
        Assert.True(stream.Feed.TryTake(out var item));
        Assert.Same(FeedItem.Beat, item);
        Assert.False(stream.Feed.TryTake(out _));

        stream.Progressed();
        Pass(14);
        Assert.False(stream.Feed.TryTake(out _));
    }

    [Fact]
    public void When_the_process_leaves_all_are_sent_away_and_no_more_are_taken()
    {
        var (connection, _) = Open();
        lifetime.Stopping.Cancel();

        Assert.Equal(Ending.GoingAway, connection.Ending);
        Assert.True(registry.Leaving);
        Assert.Equal(ErrorCode.ShuttingDown, Assert.Throws<RequestRefusedException>(() => Open("another")).Code);
    }

    [Fact]
    public async Task With_a_grace_the_process_is_not_ready_at_once_and_serves_until_it_is_over()
    {
        options.GraceSeconds = 3;
        var (connection, _) = Open();
        await lifetime.Stopping.CancelAsync();
        var departing = new Departure(registry, options, time).StoppingAsync(TestContext.Current.CancellationToken);
        Pass(2);

        Assert.True(registry.Stopping);
        Assert.False(registry.Leaving);
        Assert.Equal(Ending.None, connection.Ending);
        Open("another");

        Assert.False(departing.IsCompleted);
        Pass(1);
        await departing;
        Assert.True(registry.Leaving);
        Assert.Equal(Ending.GoingAway, connection.Ending);
    }

    [Fact]
    public async Task A_grace_that_the_host_has_no_time_for_is_cut_short()
    {
        options.GraceSeconds = 3;
        using var enough = new CancellationTokenSource();
        var departing = new Departure(registry, options, time).StoppingAsync(enough.Token);
        await enough.CancelAsync();
        await departing;

        Assert.True(registry.Leaving);
    }

    [Fact]
    public async Task What_the_kernel_takes_for_a_client_that_does_not_read_is_bounded()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux has an option for it.");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(listener.LocalEndpoint, TestContext.Current.CancellationToken);
        using var accepted = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        var context = new DefaultHttpContext();
        context.Features.Set<IConnectionSocketFeature>(new Below(accepted));

        Open().Connection.BoundSends(context);

        accepted.Blocking = false;
        var (sent, piece) = (0, new byte[1024]);
        for (var error = SocketError.Success; error == SocketError.Success; sent += piece.Length)
        {
            accepted.Send(piece, SocketFlags.None, out error);
        }

        // 13 KiB as measured, with what the client's side took; a send buffer of 64 KiB alone lets 73 KiB go.
        Assert.InRange(sent, options.MaxUnsentBytes, 40_000);
    }

    private (StreamConnection Connection, Transport Transport) Open(string owner = "owner", int session = 100_000)
    {
        var transport = new Transport();
        var context = new DefaultHttpContext();
        context.Features.Set<IConnectionLifetimeFeature>(transport);
        var feed = new OwnerFeed(owner, "job", _ => { });
        var connection = new StreamConnection(registry, context, feed, time.GetUtcNow().AddSeconds(session));
        registry.Add(connection);
        return (connection, transport);
    }

    private void Pass(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    private sealed class Below(Socket socket) : IConnectionSocketFeature
    {
        public Socket Socket => socket;
    }

    private sealed class Transport : IConnectionLifetimeFeature
    {
        public bool Cut { get; private set; }

        public CancellationToken ConnectionClosed { get; set; }

        public void Abort() => Cut = true;
    }

    private sealed class Lifetime : IHostApplicationLifetime, IDisposable
    {
        public CancellationTokenSource Stopping { get; } = new();

        public CancellationToken ApplicationStarted => CancellationToken.None;

        public CancellationToken ApplicationStopping => Stopping.Token;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication() => Stopping.Cancel();

        public void Dispose() => Stopping.Dispose();
    }
}
