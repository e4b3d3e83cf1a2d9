using System.Text;
using CloudIa.Core.Conversations;
using CloudIa.Core.Intake;
using CloudIa.Gateway;
using CloudIa.Gateway.Identity;
using CloudIa.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Gateway;

public class TicketsTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly FakeTimeProvider time = new();
    private readonly SigningKey key = new(SigningKey.Make());
    private readonly Spending quota;
    private readonly Tickets tickets;
    private readonly Tickets elsewhere;
    private readonly TokenReading caller;

    public TicketsTests()
    {
        quota = new Spending(time);
        (tickets, elsewhere) = (Open(key), Open(key));
        caller = new TokenReading(new Caller("anonymous:a session", "a session"), time.GetUtcNow().AddHours(1), null);
    }

    [Fact]
    public async Task A_ticket_opens_for_its_caller_once()
    {
        var issued = tickets.Issue(caller);

        Assert.Equal(time.GetUtcNow().AddSeconds(30), issued.ExpiresAt);
        Assert.Equal(caller, await tickets.TakeAsync(issued.Ticket, None));
        Assert.Equal(ErrorCode.TicketInvalid, (await tickets.TakeAsync(issued.Ticket, None)).Error);
    }

    [Fact]
    public async Task A_ticket_of_one_gateway_opens_at_another_once()
    {
        var issued = tickets.Issue(caller);

        Assert.Equal(caller, await elsewhere.TakeAsync(issued.Ticket, None));
        Assert.Equal(ErrorCode.TicketInvalid, (await tickets.TakeAsync(issued.Ticket, None)).Error);
    }

    [Fact]
    public async Task Of_many_who_take_a_ticket_at_once_one_has_it()
    {
        var issued = tickets.Issue(caller);
        var taken = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(async () => await (i % 2 == 0 ? tickets : elsewhere).TakeAsync(issued.Ticket, None))));

        Assert.Single(taken, reading => reading.Error is null);
    }

    [Fact]
    public async Task A_ticket_that_was_not_taken_in_time_is_void()
    {
        var (early, late) = (tickets.Issue(caller), tickets.Issue(caller));
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Null((await tickets.TakeAsync(early.Ticket, None)).Error);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ErrorCode.TicketInvalid, (await tickets.TakeAsync(late.Ticket, None)).Error);
    }

    [Fact]
    public async Task That_a_ticket_was_taken_is_known_for_longer_than_it_is_good()
    {
        var behind = new FakeTimeProvider(time.GetUtcNow());
        var slow = Open(key, behind);
        var issued = tickets.Issue(caller);
        Assert.Null((await tickets.TakeAsync(issued.Ticket, None)).Error);
        time.Advance(TimeSpan.FromSeconds(59));

        Assert.Equal(ErrorCode.TicketInvalid, (await slow.TakeAsync(issued.Ticket, None)).Error);
    }

    [Fact]
    public async Task A_ticket_that_is_written_in_another_way_is_no_second_one()
    {
        var issued = tickets.Issue(caller);
        Assert.Null((await tickets.TakeAsync(issued.Ticket, None)).Error);

        foreach (var other in new[] { issued.Ticket + "=", issued.Ticket + "==", issued.Ticket.Insert(7, " "), issued.Ticket + "\n" })
        {
            Assert.Equal(ErrorCode.TicketInvalid, (await tickets.TakeAsync(other, None)).Error);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("0af7651916cd43dd8448eb211c80319c")]
    [InlineData("0af7651916cd43dd8448eb211c80319c0af7651916cd43dd8448eb211c80319c0af7651916cd43dd8448eb211c80319c")]
    [InlineData("not a ticket ✂")]
    public async Task A_ticket_that_never_was_is_invalid(string ticket)
    {
        tickets.Issue(caller);

        Assert.Equal(ErrorCode.TicketInvalid, (await tickets.TakeAsync(ticket, None)).Error);
        Assert.Empty(quota.Spent);
    }

    [Fact]
    public async Task A_ticket_with_any_letter_changed_is_invalid_and_takes_nothing_of_the_right_one()
    {
        var issued = tickets.Issue(caller).Ticket;
        for (var at = 0; at < issued.Length - 1; at++)
        {
            var changed = issued[..at] + (issued[at] == 'A' ? 'B' : 'A') + issued[(at + 1)..];
            Assert.Equal(ErrorCode.TicketInvalid, (await tickets.TakeAsync(changed, None)).Error);
        }

        Assert.Equal(caller, await tickets.TakeAsync(issued, None));
    }

    [Fact]
    public async Task A_ticket_of_another_installation_is_invalid() => Assert.Equal(
        ErrorCode.TicketInvalid, (await tickets.TakeAsync(Open(new SigningKey(SigningKey.Make())).Issue(caller).Ticket, None)).Error);

    [Fact]
    public void A_ticket_tells_nobody_whose_it_is_and_no_two_are_alike()
    {
        var issued = Enumerable.Range(0, 100).Select(_ => tickets.Issue(caller).Ticket).ToList();

        Assert.Equal(100, issued.Distinct().Count());
        Assert.All(issued, ticket =>
        {
            Assert.Matches("^[0-9A-Za-z_-]{80,200}$", ticket);
            Assert.True(Convert.FromBase64String(Padded(ticket)).AsSpan().IndexOf(Encoding.UTF8.GetBytes(caller.Caller.SessionId)) < 0);
        });
    }

    private static string Padded(string ticket) =>
        ticket.Replace('-', '+').Replace('_', '/').PadRight((ticket.Length + 3) / 4 * 4, '=');

    private Tickets Open(SigningKey sealedWith, TimeProvider? clock = null) => new(sealedWith, quota, new GatewayOptions { TicketSeconds = 30 }, clock ?? time);

    /// <summary>What two gateways share.</summary>
    private sealed class Spending(TimeProvider time) : IQuota
    {
        private readonly SpentPermits permits = new(time);

        public List<string> Spent { get; } = [];

        public ValueTask<bool> SpendAsync(string permit, TimeSpan keeps, CancellationToken cancellation)
        {
            lock (permits)
            {
                Spent.Add(permit);
                return ValueTask.FromResult(permits.Spend(permit, keeps));
            }
        }

        public ValueTask<QuotaDecision> AdmitAsync(string owner, CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask<QuotaDecision> ReserveAsync(JobKey job, CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask HoldAsync(JobKey job) => throw new NotSupportedException();

        public ValueTask ReleaseAsync(JobKey job) => throw new NotSupportedException();

        public ValueTask SettleAsync(JobKey job) => throw new NotSupportedException();
    }
}
