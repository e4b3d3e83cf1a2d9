using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Clients;

/// <summary>An HTTP answer, read to its end.</summary>
internal sealed record Reply(HttpStatusCode Status, string? ContentType, string Body, HttpResponseHeaders Headers)
{
    public ContentDispositionHeaderValue? Disposition { get; init; }

    public T Read<T>(JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(Body, type)!;
        }
        catch (JsonException error)
        {
            throw new InvalidOperationException($"{this} is no {typeof(T).Name}: {error.Message}", error);
        }
    }

    /// <summary>The problem details; fails where the answer is of another kind or lacks what every problem has.</summary>
    public Problem Problem()
    {
        Assert.True(ContentType == "application/problem+json", $"Not problem details: {this}");
        var problem = Read(ProtocolJson.Default.Problem);
        Assert.Equal((int)Status, problem.Status);
        Assert.NotEmpty(problem.Code);
        Assert.NotEmpty(problem.TraceId);
        Assert.NotEmpty(problem.Title);
        return problem;
    }

    public override string ToString() => $"{(int)Status} {ContentType}: {Body}";
}
