using System.Buffers;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace CloudIa.Bench.Comparators;

/// <summary>
/// The host that all comparators share: Kestrel with one request delegate; no routing, no logging, no middleware.
/// A GET is answered 200 (the sign of readiness). The process ends when its parent closes standard input.
/// </summary>
internal static class BareKestrel
{
    private static readonly byte[] Queued = """{"status":"queued"}"""u8.ToArray();

    public static async Task RunAsync(int port, RequestDelegate handler, Action<IApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        await using var app = builder.Build();
        configure?.Invoke(app);
        app.Run(handler);
        await app.StartAsync();
        await WaitForParentAsync();
    }

    /// <summary>202 with a small JSON body of known length.</summary>
    public static Task AnswerAcceptedAsync(HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status202Accepted;
        response.ContentType = "application/json";
        response.ContentLength = Queued.Length;
        return response.BodyWriter.WriteAsync(Queued).AsTask();
    }

    /// <summary>The request's body, whole.</summary>
    public static async ValueTask<byte[]> ReadBodyAsync(HttpContext context)
    {
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted);
            if (read.IsCompleted)
            {
                var body = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return body;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static async Task WaitForParentAsync()
    {
        await using var input = Console.OpenStandardInput();
        var buffer = new byte[16];
        while (await input.ReadAsync(buffer) > 0)
        {
        }
    }
}
