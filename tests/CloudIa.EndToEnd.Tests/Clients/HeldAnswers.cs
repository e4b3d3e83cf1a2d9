using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Clients;

/// <summary>What a client holds of each answer: text placed by its position, kept from one socket to the next.</summary>
internal sealed class HeldAnswers
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Held> _held = [];

    private sealed record Held(int Attempt, string Text, bool Ended);

    public void Expect(string jobId)
    {
        lock (_lock) _held.TryAdd(jobId, new Held(0, "", false));
    }

    public void Take(ServerEvent received)
    {
        lock (_lock)
        {
            switch (received)
            {
                case MessageDelta delta:
                    Place(delta);
                    break;
                case MessageRestarted restarted when !Of(restarted.JobId).Ended:
                    _held[restarted.JobId] = new Held(restarted.Attempt, "", false);
                    break;
                case MessageCompleted completed:
                    _held[completed.JobId] = new Held(completed.Attempt, completed.Content ?? Of(completed.JobId).Text, true);
                    break;
                case MessageStopped stopped:
                    _held[stopped.JobId] = new Held(stopped.Attempt, stopped.Content ?? Of(stopped.JobId).Text, true);
                    break;
            }
        }
    }

    /// <summary>The answer as a poll shows it; while it shows no text, what is held stays.</summary>
    public void Take(JobView seen)
    {
        lock (_lock)
        {
            var held = Of(seen.JobId);
            if (held.Ended || seen.Attempt < held.Attempt || seen.Content is not { } content) return;
            _held[seen.JobId] = new Held(seen.Attempt, content, seen.Status.IsEnd());
        }
    }

    public string Text(string jobId)
    {
        lock (_lock) return Of(jobId).Text;
    }

    public bool HasEnded(string jobId)
    {
        lock (_lock) return Of(jobId).Ended;
    }

    /// <summary>Where the held text of an answer ends.</summary>
    public Position At(string jobId)
    {
        lock (_lock) return new Position(Of(jobId).Attempt, Of(jobId).Text.Length);
    }

    /// <summary>Where the answers that have not ended go on.</summary>
    public IReadOnlyList<ResumePoint> Open()
    {
        lock (_lock)
        {
            return
            [
                .. _held.Where(pair => !pair.Value.Ended)
                    .Select(pair => new ResumePoint(pair.Key, pair.Value.Attempt, pair.Value.Text.Length)),
            ];
        }
    }

    private void Place(MessageDelta delta)
    {
        var held = Of(delta.JobId);
        if (held.Ended || delta.Attempt < held.Attempt) return;
        var text = delta.Attempt > held.Attempt ? "" : held.Text;

        // A gap is not filled with guesses: the text stays until a resume brings what is missing.
        if (delta.Offset > text.Length) return;
        _held[delta.JobId] = new Held(delta.Attempt, text[..delta.Offset] + delta.Delta, false);
    }

    private Held Of(string jobId) => _held.GetValueOrDefault(jobId) ?? new Held(0, "", false);
}
