using System.IO.Pipelines;

namespace CloudIa.Bench.Comparators;

/// <summary>Comparator of row 3: bare Kestrel that reads the body, keeps nothing and answers 202.</summary>
internal static class ReadBody
{
    public static Task RunAsync(int port) => BareKestrel.RunAsync(port, async context =>
    {
        if (context.Request.Method == "GET")
            return;

        var reader = context.Request.BodyReader;
        ReadResult read;
        do
        {
            read = await reader.ReadAsync(context.RequestAborted);
            reader.AdvanceTo(read.Buffer.End);
        }
        while (!read.IsCompleted);

        await BareKestrel.AnswerAcceptedAsync(context);
    });
}
