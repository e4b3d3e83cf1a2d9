namespace CloudIa.Tests.Models;

/// <summary>
/// One answer in OpenAI's and in Anthropic's wire: characters of one to four bytes as they are and escaped, text that
/// looks like the wire itself, comments, pings and empty deltas.
/// </summary>
internal static class RecordedStreams
{
    public const string Answer = "Olá! 日本語 🚀 👩‍👩‍👧 — 𝄞 é \"data: [DONE]\"\n\ndata: {}\r\n\\n fim ü🚀.";

    private const string OpenAi =
        """
        : connected

        data: {"id":"chatcmpl-632","object":"chat.completion.chunk","created":1758000000,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}

        data: {"id":"chatcmpl-632","object":"chat.completion.chunk","created":1758000000,"model":"m","choices":[{"index":0,"delta":{"content":"Olá! 日本"},"finish_reason":null}]}

        : keep-alive

        data: {"id":"chatcmpl-632","object":"chat.completion.chunk","created":1758000000,"model":"m","choices":[{"index":0,"delta":{"content":"語 🚀 👩‍👩‍👧 —"},"finish_reason":null}]}

        : with a comment, and without a space
        data:{"id":"chatcmpl-632","object":"chat.completion.chunk","created":1758000000,"model":"m","choices":[{"index":0,"delta":{"content":" 𝄞 \u00e9 \"data: [DONE]\"\n\ndata: {}\r\n\\n"},"finish_reason":null}]}

        data: {"id":"chatcmpl-632","object":"chat.completion.chunk","created":1758000000,"model":"m","choices":[{"index":0,"delta":{"content":""},"finish_reason":null}]}

        data: {"id":"chatcmpl-632","object":"chat.completion.chunk","created":1758000000,"model":"m","choices":[{"index":0,"delta":{"content":" fim \u00fc\ud83d\ude80."},"finish_reason":null}]}

        data: {"id":"chatcmpl-632","object":"chat.completion.chunk","created":1758000000,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

        data: {"id":"chatcmpl-632","object":"chat.completion.chunk","created":1758000000,"model":"m","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":21,"total_tokens":30}}

        data: [DONE]
        """;

    private const string Anthropic =
        """
        event: message_start
        data: {"type":"message_start","message":{"id":"msg_01","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}}}

        event: content_block_start
        data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

        event: ping
        data: {"type": "ping"}

        event: content_block_delta
        data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Olá! 日本"}}

        : keep-alive

        event: content_block_delta
        data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"語 🚀 👩‍👩‍👧 —"}}

        : with a comment, and without a space
        event:content_block_delta
        data:{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" 𝄞 \u00e9 \"data: [DONE]\"\n\ndata: {}\r\n\\n"}}

        event: content_block_delta
        data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}

        event: content_block_delta
        data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" fim \u00fc\ud83d\ude80."}}

        event: content_block_stop
        data: {"type":"content_block_stop","index":0}

        event: message_delta
        data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":21}}

        event: message_stop
        data: {"type":"message_stop"}
        """;

    public static RecordedStream Of(string provider, string newline) =>
        new(provider, provider == "openai" ? OpenAi : Anthropic, newline == "CRLF" ? "\r\n" : "\n");
}
