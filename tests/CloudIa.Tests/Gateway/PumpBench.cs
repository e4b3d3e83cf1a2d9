using System.Text;
using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Embedded.Delivery;
using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Gateway;

/// <summary>
/// A pump between a bus and a client that folds what it is sent, one step at a time: everything that can go on
/// goes on inside <see cref="Settle"/>, on the test's own thread.
/// </summary>
internal sealed class PumpBench : SynchronizationContext, IEventSink, IDisposable
{
    public static readonly TimeSpan Coalesce = TimeSpan.FromMilliseconds(50);

    public static readonly TimeSpan SteadyCoalesce = TimeSpan.FromMilliseconds(125);

    private readonly Queue<(SendOrPostCallback Callback, object? State)> posted = new();
    private readonly StringBuilder held = new();
    private TaskCompletionSource? busy;
    private OwnerFeed? feed;

    private readonly StatedBus stated;

    /// <param name="state">What the bus says of itself.</param>
    public PumpBench(DeliveryState state = DeliveryState.Sure)
    {
        stated = new StatedBus(Bus) { State = state };
        Connect(resume: false);
    }

    public FakeTimeProvider Time { get; } = new();

    public InProcessDeliveryBus Bus { get; } = new();

    public JobMessage Job { get; } = Core.Workshop.Job();

    /// <summary>What this connection was sent, and when the pump said so: its client may have read it later.</summary>
    public List<(ServerEvent Sent, DateTimeOffset At)> Sent { get; } = [];

    /// <summary>Where the client stands, and the text that it holds.</summary>
    public Position Holds { get; private set; }

    public string Text => held.ToString();

    public IEnumerable<MessageDelta> Deltas => Sent.Select(one => one.Sent).OfType<MessageDelta>();

    /// <summary>Begins a connection; one that was there breaks, with what was under way to it.</summary>
    public void Connect(bool resume, Position? from = null)
    {
        feed?.Dispose();
        feed?.Close();
        posted.Clear();
        busy = null;
        Sent.Clear();
        feed = Bus.Follow(Job.Owner);
        var pump = Pump(feed, this);
        if (resume)
        {
            feed.Resume(Job.JobId, from ?? Holds);
        }

        // The task is left where it waits when the connection breaks, as nothing ends it.
        Within(() => Running = pump.RunAsync());
        Settle();
    }

    public Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>From now on its words are lost on the way to this connection.</summary>
    public void LoseWords() => feed?.Dispose();

    /// <summary>The connection is told that words may have been lost.</summary>
    public void TellToLook()
    {
        feed?.Look();
        Settle();
    }

    /// <summary>What the bus says of itself.</summary>
    public DeliveryState State
    {
        get => stated.State;
        set => stated.State = value;
    }

    /// <summary>The client reads nothing until it is told to.</summary>
    public void Stall() => busy ??= new TaskCompletionSource();

    public void Unstall()
    {
        var was = busy;
        busy = null;
        was?.SetResult();
        Settle();
    }

    public void Do(Func<ValueTask> action)
    {
        Assert.True(action().AsTask().IsCompletedSuccessfully);
        Settle();
    }

    public void Pass(TimeSpan time)
    {
        Time.Advance(time);
        Settle();
    }

    /// <summary>A pump from a feed of the bench's bus to a sink.</summary>
    public AnswerPump Pump(OwnerFeed from, IEventSink to) => new(new PumpServices(stated, FindAsync, Coalesce, SteadyCoalesce, Time), from, to, "session", "trace");

    /// <summary>What the history has of a job.</summary>
    public Dictionary<string, Turn> Stored { get; } = [];

    /// <summary>Whether reads of the history fail.</summary>
    public bool HistoryFails { get; set; }

    public ValueTask BeatAsync() => ValueTask.CompletedTask;

    public async ValueTask SendAsync(ServerEvent sent, Position after, SentText? text)
    {
        sent = Whole(sent, text);
        var (connection, at) = (feed, Time.GetUtcNow());
        if (busy is { } stalled)
        {
            await stalled.Task;
        }

        if (connection == feed)
        {
            Sent.Add((sent, at));
            Fold(sent);
            Assert.True(sent is not JobEvent || Holds == after, $"after {sent} the client holds {Holds} and not {after}");
        }
    }

    public void Dispose()
    {
        feed?.Dispose();
        feed?.Close();
    }

    /// <summary>An event with the text that was taken out of it.</summary>
    public static ServerEvent Whole(ServerEvent sent, SentText? text) => (sent, text) switch
    {
        (MessageDelta delta, { } taken) => delta with { Delta = taken.Span.ToString() },
        (MessageCompleted completed, { } taken) => completed with { Content = taken.Span.ToString() },
        (MessageStopped stopped, { } taken) => stopped with { Content = taken.Span.ToString() },
        _ => sent,
    };

    public override void Post(SendOrPostCallback d, object? state) => posted.Enqueue((d, state));

    /// <summary>How often the history was asked.</summary>
    public int Finds { get; private set; }

    private Task<Turn?> FindAsync(JobKey job, CancellationToken cancellation)
    {
        Finds++;
        return HistoryFails
            ? Task.FromException<Turn?>(new HistoryUnavailableException("away", new IOException()))
            : Task.FromResult(Stored.GetValueOrDefault(job.JobId));
    }

    private void Settle() => Within(() =>
    {
        while (posted.TryDequeue(out var next))
        {
            next.Callback(next.State);
        }
    });

    private void Within(Action action)
    {
        var outer = Current;
        SetSynchronizationContext(this);
        try
        {
            action();
        }
        finally
        {
            SetSynchronizationContext(outer);
        }
    }

    // What a client does, by the contract of the wire.
    private void Fold(ServerEvent sent)
    {
        switch (sent)
        {
            case MessageStarted started when started.Attempt > Holds.Attempt:
                Replace(started.Attempt, "");
                break;
            case MessageRestarted restarted:
                Assert.True(restarted.Attempt >= Holds.Attempt, "a restart goes back");
                Replace(restarted.Attempt, "");
                break;
            case MessageDelta delta:
                Assert.True(delta.Attempt == Holds.Attempt || Holds == Position.Start, "a delta of an attempt that was not announced");
                Assert.Equal(Holds.Offset, delta.Offset);
                Assert.NotEmpty(delta.Delta);
                Replace(delta.Attempt, Text + delta.Delta);
                break;
            case MessageCompleted completed:
                Assert.True(Holds.Attempt != completed.Attempt || Text == completed.Content, "the deltas are not the whole text");
                Replace(completed.Attempt, completed.Content!);
                break;
        }
    }

    private void Replace(int attempt, string text)
    {
        held.Clear().Append(text);
        Holds = new Position(attempt, text.Length);
    }
}
