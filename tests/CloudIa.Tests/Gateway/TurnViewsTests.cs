using CloudIa.Core.Conversations;
using CloudIa.Gateway.Http;
using CloudIa.Protocol;

namespace CloudIa.Tests.Gateway;

public class TurnViewsTests
{
    [Fact]
    public void A_message_that_begins_while_its_page_is_read_stands_there_once()
    {
        Turn[] pending = [Waiting("third"), Waiting("second")];
        Turn[] turns = [Waiting("second") with { Number = 2, Attempt = 1, Status = JobStatus.Running }, Waiting("first") with { Number = 1 }];

        Assert.Equal(["third"], TurnViews.Waiting(pending, turns).Select(turn => turn.JobId));
    }

    private static Turn Waiting(string name) => new()
    {
        JobId = name,
        ConversationId = "conversation",
        Message = name,
        Fingerprint = "",
        AcceptedAt = DateTimeOffset.UnixEpoch,
        Status = JobStatus.Queued,
    };
}
