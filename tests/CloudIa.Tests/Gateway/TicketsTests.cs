using CloudIa.Core.Intake;
using CloudIa.Gateway;
using CloudIa.Gateway.Identity;
using CloudIa.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Gateway;

public class TicketsTests
{
    private readonly FakeTimeProvider time = new();
    private readonly Tickets tickets;
    private readonly TokenReading caller;

    public TicketsTests()
    {
        tickets = new Tickets(new GatewayOptions { TicketSeconds = 30 }, time);
        caller = new TokenReading(new Caller("owner", "session"), time.GetUtcNow().AddHours(1), null);
    }

    [Fact]
    public void A_ticket_opens_for_its_caller_once()
    {
        var issued = tickets.Issue(caller);

        Assert.Equal(time.GetUtcNow().AddSeconds(30), issued.ExpiresAt);
        Assert.Equal(caller, tickets.Take(issued.Ticket));
        Assert.Equal(ErrorCode.TicketInvalid, tickets.Take(issued.Ticket).Error);
    }

    [Fact]
    public async Task Of_many_who_take_a_ticket_at_once_one_has_it()
    {
        var issued = tickets.Issue(caller);
        var taken = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => tickets.Take(issued.Ticket), TestContext.Current.CancellationToken)));

        Assert.Single(taken, reading => reading.Error is null);
    }

    [Fact]
    public void A_ticket_that_was_not_taken_in_time_is_void()
    {
        var (early, late) = (tickets.Issue(caller), tickets.Issue(caller));
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Null(tickets.Take(early.Ticket).Error);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ErrorCode.TicketInvalid, tickets.Take(late.Ticket).Error);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0af7651916cd43dd8448eb211c80319c")]
    public void A_ticket_that_never_was_is_invalid(string ticket)
    {
        tickets.Issue(caller);

        Assert.Equal(ErrorCode.TicketInvalid, tickets.Take(ticket).Error);
    }

    [Fact]
    public void Tickets_cannot_be_guessed_from_each_other()
    {
        var issued = Enumerable.Range(0, 100).Select(_ => tickets.Issue(caller).Ticket).ToList();

        Assert.Equal(100, issued.Distinct().Count());
        Assert.All(issued, ticket => Assert.Matches("^[0-9a-f]{32}$", ticket));
    }
}
