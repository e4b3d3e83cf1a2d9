using System.Text.Encodings.Web;
using System.Text.Json;

namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>JSON as providers write it: characters stand as they are, so that a cut may fall into one.</summary>
internal static class ModelJson
{
    public static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
