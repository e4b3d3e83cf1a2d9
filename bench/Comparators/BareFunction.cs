using System.Text;
using System.Text.Json.Nodes;
using Amazon.SQS;
using Amazon.SQS.Model;

namespace CloudIa.Bench.Comparators;

/// <summary>Comparator of row 12's function: it sends the body of each event to the same queue, and does nothing else.</summary>
internal static class BareFunction
{
    public static async Task RunAsync(string queue)
    {
        var root = new Uri($"http://{Environment.GetEnvironmentVariable("AWS_LAMBDA_RUNTIME_API")}/2018-06-01/runtime/invocation/");
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        using var sqs = new AmazonSQSClient();
        var url = (await sqs.GetQueueUrlAsync(queue)).QueueUrl;
        while (true)
        {
            using var next = await http.GetAsync(new Uri(root, "next"));
            var id = next.Headers.GetValues("Lambda-Runtime-Aws-Request-Id").First();
            var body = (string?)JsonNode.Parse(await next.Content.ReadAsStringAsync())!["body"];
            await sqs.SendMessageAsync(new SendMessageRequest { QueueUrl = url, MessageBody = body, MessageGroupId = id, MessageDeduplicationId = id });
            using var answer = new StringContent("{\"statusCode\":202}", Encoding.UTF8, "application/json");
            using var taken = await http.PostAsync(new Uri(root, $"{id}/response"), answer);
            taken.EnsureSuccessStatusCode();
        }
    }
}
