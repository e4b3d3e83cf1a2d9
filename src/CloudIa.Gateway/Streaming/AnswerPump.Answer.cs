using CloudIa.Protocol;

namespace CloudIa.Gateway.Streaming;

/// <summary>This part: where the client stands in one answer, and when it is due the next delta.</summary>
internal sealed partial class AnswerPump
{
    private sealed class Answer
    {
        /// <summary>Deltas without a pause after which an answer streams steadily.</summary>
        private const int Steady = 4;

        /// <summary>Of so many looks one is at an answer of which nothing was heard for long.</summary>
        private const int SeldomLooks = 8;

        private long? sentAt;
        private int unpaused;
        private int looks;

        public Position At { get; set; }

        /// <summary>Where the text began that this connection was sent of the attempt without a gap.</summary>
        public Position Began { get; set; }

        /// <summary>Whether text waits for the next delta's time.</summary>
        public bool Held { get; set; }

        /// <summary>Whether the place is only what the client says, until the answer was read.</summary>
        public bool Claimed { get; set; }

        /// <summary>Whether a client that held the text up to a place has been sent all that follows it.</summary>
        public bool Covers(Position held) => At.Attempt > 0 && Began.Attempt == At.Attempt
            && (held == Position.Start ? Began.Offset == 0 : held.Attempt == At.Attempt && Began.Offset <= held.Offset && held.Offset <= At.Offset);

        /// <summary>How long the next delta still has to wait; nothing or less: it may go.</summary>
        public TimeSpan Left(PumpServices services) =>
            sentAt is { } at ? Window(services) - services.Time.GetElapsedTime(at) : TimeSpan.Zero;

        /// <summary>A delta goes.</summary>
        public void Sent(PumpServices services)
        {
            unpaused = sentAt is { } at && services.Time.GetElapsedTime(at) < 2 * Window(services) ? unpaused + 1 : 0;
            sentAt = services.Time.GetTimestamp();
        }

        /// <summary>A word came of it.</summary>
        public void Heard() => looks = 0;

        /// <summary>Whether the next look is for this answer: not just after a word came, and less and less often where none does.</summary>
        public bool IsLookedAt()
        {
            looks++;
            return looks > 1 && (looks % SeldomLooks == 0 || int.IsPow2(looks));
        }

        private TimeSpan Window(PumpServices services) => unpaused < Steady ? services.Coalesce : services.SteadyCoalesce;
    }
}
