using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CloudIa.EndToEnd.Tests.Backends;

namespace CloudIa.EndToEnd.Tests.ManyMachines;

/// <summary>The queue in SQS, spoken to without the service (docs/ARCHITECTURE.md, "The queue in SQS").</summary>
internal static class RawQueue
{
    public static async Task SendAsync(Uri sqs, string queue, RawMessage message)
    {
        using var http = new HttpClient { BaseAddress = sqs };
        var url = (string)(await CallAsync(http, "GetQueueUrl", new JsonObject { ["QueueName"] = queue }))["QueueUrl"]!;
        var attributes = new JsonObject();
        foreach (var (name, value) in new[] { ("jobId", message.JobId), ("owner", message.Owner), ("conversationId", message.ConversationId) })
        {
            if (value.Length > 0) attributes[name] = new JsonObject { ["DataType"] = "String", ["StringValue"] = Uri.EscapeDataString(value) };
        }

        await CallAsync(http, "SendMessage", new JsonObject
        {
            ["QueueUrl"] = url,
            ["MessageBody"] = string.Concat(message.Body.Where(character => !char.IsControl(character))),
            ["MessageGroupId"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes($"{message.Owner}\n{message.ConversationId}"))),
            ["MessageDeduplicationId"] = message.JobId,
            ["MessageAttributes"] = attributes,
        });
    }

    private static async Task<JsonNode> CallAsync(HttpClient http, string action, JsonObject body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new StringContent(body.ToJsonString(), new MediaTypeHeaderValue("application/x-amz-json-1.0")) };
        request.Headers.Add("X-Amz-Target", $"AmazonSQS.{action}");
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{action}: {text}");
        return JsonNode.Parse(text)!;
    }
}
