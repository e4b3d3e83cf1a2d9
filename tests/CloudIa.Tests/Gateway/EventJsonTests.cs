using System.Text;
using System.Text.Json;
using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;
using CsCheck;

namespace CloudIa.Tests.Gateway;

public class EventJsonTests
{
    private static readonly Gen<string> Parts =
        Gen.OneOf(Gen.String[Gen.Char["ab\"\\\n\u0001é漢"], 0, 40], Gen.Const("😀"), Gen.Const("\ud83d"), Gen.Const("\ude00"), Gen.Const("\"content\":\"\""));

    private static readonly Gen<string> Texts =
        from parts in Parts.Array[1, 40]
        from times in Gen.Int[1, 40]
        select string.Concat(Enumerable.Repeat(string.Concat(parts), times));

    [Fact]
    public void The_pieces_of_an_event_are_its_json_and_each_is_small() => Texts.Sample(
        text =>
        {
            var completed = Completed(text);
            Assert.Equal(Whole(completed), Pieces(completed with { Content = "" }, new SentText(text)));
            var delta = new MessageDelta { JobId = "j", ConversationId = "c", Attempt = 1, Offset = 0, Delta = text };
            Assert.Equal(Whole(delta), Pieces(delta with { Delta = "" }, new SentText(text)));
            var accepted = new Accepted { JobId = "j", ConversationId = "c", ClientId = text, Status = JobStatus.Queued, Message = text };
            Assert.Equal(Whole(accepted), Pieces(accepted with { Message = "" }, new SentText(text)));
        },
        iter: 300);

    [Fact]
    public async Task A_text_that_was_let_go_is_read_again_and_is_the_same()
    {
        var reads = 0;
        var text = Read(ref reads);
        text.LetGo();
        Collect();
        await text.HoldAsync();

        Assert.Equal(1, reads);
        Assert.Equal(Stored(), text.Span.ToString());

        SentText Read(ref int count) => new(Stored(), () => Task.FromResult<string?>(Counted()));

        string Counted()
        {
            reads++;
            return Stored();
        }
    }

    [Fact]
    public async Task A_text_that_is_gone_when_it_is_needed_ends_the_connection()
    {
        var text = Gone();
        text.LetGo();
        Collect();

        await Assert.ThrowsAsync<IOException>(() => text.HoldAsync().AsTask());

        static SentText Gone() => new(Stored(), () => Task.FromResult<string?>(null));
    }

    [Fact]
    public void A_piece_of_a_text_never_ends_within_a_character()
    {
        var text = new SentText("ab😀cd");

        Assert.Equal("ab", text.Piece(0, 3));
        Assert.Equal("ab😀", text.Piece(0, 4));
        Assert.Equal("😀cd", text.Piece(2, 100));
    }

    // A new string every time, so that nothing but the text under test keeps it.
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static string Stored() => new('x', 5_000);

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    private static string Whole(ServerEvent sent) => Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(sent, ProtocolJson.Wire.ServerEvent));

    private static string Pieces(ServerEvent sent, SentText text)
    {
        using var json = new EventJson(sent, text);
        var all = new List<byte>();
        while (!json.Done)
        {
            var piece = json.Next();
            Assert.InRange(piece.Length, 1, EventJson.PieceBytes);
            all.AddRange(piece.Span);
        }

        return Encoding.UTF8.GetString([.. all]);
    }

    private static MessageCompleted Completed(string text) => new()
    {
        JobId = "j",
        ConversationId = "c",
        Turn = 1,
        Attempt = 1,
        Content = text,
        Metadata = new AnswerMetadata { Model = "demo", Tokens = 0, InputTokens = 0, OutputTokens = 0, Attempts = 1, DurationMs = 0, FinishReason = "stop" },
    };
}
