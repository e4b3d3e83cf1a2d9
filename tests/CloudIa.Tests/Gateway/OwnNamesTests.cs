using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Identity;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Tests.Gateway;

public class OwnNamesTests
{
    private static readonly string[] Loopback = ["localhost", "127.0.0.1", "[::1]"];

    [Theory]
    [InlineData("localhost")]
    [InlineData("LocalHost:3000")]
    [InlineData("127.0.0.1:3000")]
    [InlineData("[::1]:3000")]
    [InlineData("")]
    [InlineData(null)]
    public void Its_own_name_is_let_in_with_any_port_and_so_is_a_request_without_one(string? host) =>
        new OwnNames(Loopback).Check(Request(host));

    [Theory]
    [InlineData("evil.example")]
    [InlineData("localhost.evil.example:3000")]
    [InlineData("evillocalhost")]
    [InlineData("127.0.0.10")]
    [InlineData("localhost.")]
    public void Any_other_name_is_refused(string host) =>
        Assert.Equal(ErrorCode.HostUnknown, Assert.Throws<RequestRefusedException>(() => new OwnNames(Loopback).Check(Request(host))).Code);

    [Theory]
    [InlineData("*", "anything.example", true)]
    [InlineData("*.example.com", "chat.example.com:443", true)]
    [InlineData("*.example.com", "example.com", false)]
    [InlineData("bücher.example", "xn--bcher-kva.example", true)]
    public void A_name_may_stand_for_many_and_be_written_as_people_write_it(string name, string host, bool own)
    {
        var refusal = Record.Exception(() => new OwnNames([name]).Check(Request(host)));

        Assert.Equal(own, refusal is null);
    }

    private static HttpRequest Request(string? host)
    {
        var request = new DefaultHttpContext().Request;
        request.Headers.Host = host;
        return request;
    }
}
