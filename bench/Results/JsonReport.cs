using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CloudIa.Bench.Results;

/// <summary>The same results for programs: every repeat of every figure, with the machine they were measured on.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static Task WriteAsync(string path, IReadOnlyList<RowResult> rows, CancellationToken cancellation) =>
        File.WriteAllTextAsync(path, JsonSerializer.Serialize(new Document(rows), Indented), cancellation);

    private sealed record Document(IReadOnlyList<RowResult> Rows)
    {
        public DateTimeOffset MeasuredAt { get; } = TimeProvider.System.GetUtcNow();

        public string Runtime { get; } = RuntimeInformation.FrameworkDescription;

        public string System { get; } = RuntimeInformation.OSDescription;

        public int Processors { get; } = Environment.ProcessorCount;
    }
}
