using CloudIa.EndToEnd.Tests.History;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Killing;

/// <summary>
/// Kills a server at random instants and starts it again. Half of the instants fall anywhere in time; the others
/// follow within microseconds on a receipt, on the news of an answer's end, or on a piece of text, for it is
/// between those and the next write that a service loses things.
/// </summary>
internal sealed class Executioner(CloudiaProcess server, HistoryRecorder recorder, Random random)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    /// <summary>What each kill followed on.</summary>
    public List<string> Kills { get; } = [];

    public async Task Kill(int times)
    {
        while (Kills.Count < times)
        {
            var kind = random.Next(10);
            if (kind < 4)
            {
                await Pass(random.Next(600));
                server.KillNine();
                Kills.Add("time");
            }
            else if (kind < 9)
            {
                await KillOnSight(kind);
            }
            else
            {
                // It dies before it is ready: also the recovery from a death may be cut short.
                server.KillNine();
                server.Launch();
                await Pass(random.Next(400));
                server.KillNine();
                Kills.Add("start");
            }

            await server.StartAgain();
        }
    }

    private async Task KillOnSight(int kind)
    {
        var skip = random.Next(6);
        var what = kind switch { 4 or 5 => "receipt", 6 or 7 => "end", _ => "text" };
        var dead = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var aim = new Lock();
        var armed = true;
        recorder.Watch = seen =>
        {
            if (!Fits(what, seen)) return;
            lock (aim)
            {
                // A thread that was on its way here must not kill the next server.
                if (!armed || skip-- > 0) return;
                armed = false;
                server.KillNine();
                dead.SetResult();
            }
        };
        await Task.WhenAny(dead.Task, Pass((int)Longest.TotalMilliseconds));
        recorder.Watch = null;
        lock (aim) armed = false;
        server.KillNine();
        Kills.Add(dead.Task.IsCompleted ? what : "time");
    }

    private static bool Fits(string what, object seen) => what switch
    {
        "receipt" => seen is Receipt,
        "end" => seen is Heard { Event: MessageCompleted },
        _ => seen is Heard { Event: MessageDelta or MessageStarted },
    };

    private static Task Pass(int milliseconds) =>
        Task.Delay(TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System, TestContext.Current.CancellationToken);
}
