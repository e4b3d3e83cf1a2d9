using System.Buffers;
using System.Text;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Http;
using CloudIa.Protocol;

namespace CloudIa.Tests.Gateway;

public sealed class JsonTests
{
    [Theory]
    [InlineData("{\"message\":7}", "at $.message")]
    [InlineData("[]", null)]
    public void What_is_wrong_with_a_body_is_told_by_its_place(string body, string? details) => Assert.Equal(details, Refusal(body).Details);

    [Fact]
    public void A_name_that_the_sender_made_up_is_not_sent_back_however_long_it_is() =>
        Assert.Null(Refusal($"{{\"{new string('a', 50_000)}\":oops}}").Details);

    private static RequestRefusedException Refusal(string body)
    {
        var refused = Assert.Throws<RequestRefusedException>(() =>
            Json.Parse(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(body)), ProtocolJson.Default.ChatRequest));
        Assert.Equal(ErrorCode.InvalidJson, refused.Code);
        return refused;
    }
}
