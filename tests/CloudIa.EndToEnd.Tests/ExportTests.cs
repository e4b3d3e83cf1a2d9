using System.Net;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>A conversation as a file.</summary>
public abstract class ExportTests(Backend backend)
{
    private const string Answer = "# Own heading\n\n| a | \"b\" |\n<b>é 世界 😀</b>";

    [Fact]
    public async Task An_export_holds_every_turn_in_order_with_all_its_versions_and_is_named_after_the_title()
    {
        // More turns than one read has.
        const int turns = 23;
        await using var model = await FaultyModel.Start(call => ModelReply.Words(call.Asked == "q1" ? Answer : $"a{call.Asked[1..]} ({call.Number})"));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        using var stranger = await ApiClient.WithSession(server.Address);
        var conversation = (await person.PostBody("/chat", """{"message":"q1","systemPrompt":"Be *brief*."}""")).Read(ProtocolJson.Default.ChatAccepted).ConversationId;
        for (var turn = 2; turn <= turns; turn++)
        {
            await person.End((await person.Post($"q{turn}", conversation)).JobId, server.Tail);
        }

        var again = (await person.Send(HttpMethod.Post, $"/conversations/{conversation}/regenerate")).Read(ProtocolJson.Default.ChatAccepted);
        await person.End(again.JobId, server.Tail);
        await person.Patch($"/conversations/{conversation}", """{"title":"Férias: \"2025\" / ../x"}""");

        var json = await person.Get($"/conversations/{conversation}/export?format=json");
        Assert.Equal((HttpStatusCode.OK, "application/json"), (json.Status, json.ContentType));
        Assert.Equal("attachment", json.Disposition!.DispositionType);
        Assert.Equal("Férias_ _2025_ _ .._x.json", json.Disposition.FileNameStar);
        Assert.Matches("^[ -~]+$", json.Disposition.FileName!);
        var export = json.Read(ProtocolJson.Default.ConversationExport);
        Assert.Equal(("Be *brief*.", turns), (export.Conversation.SystemPrompt, export.Conversation.Turns));
        Assert.Equal(Enumerable.Range(1, turns), export.Turns.Select(turn => turn.Turn));
        Assert.Equal(Enumerable.Range(1, turns).Select(turn => $"q{turn}"), export.Turns.Select(turn => turn.User.Content));
        Assert.Equal(Answer, Assert.Single(export.Turns[0].Answers).Content);
        Assert.Equal([$"a{turns} ({turns})", $"a{turns} ({turns + 1})"], export.Turns[^1].Answers.Select(answer => answer.Content));

        var markdown = await person.Get($"/conversations/{conversation}/export");
        Assert.Equal("text/markdown", markdown.ContentType);
        Assert.Equal("Férias_ _2025_ _ .._x.md", markdown.Disposition!.FileNameStar);
        Assert.StartsWith("# Férias: \"2025\" / ../x\n", markdown.Body, StringComparison.Ordinal);
        Assert.Contains($"\n\n{Answer}\n\n", markdown.Body, StringComparison.Ordinal);
        Assert.Contains("\n\nBe *brief*.\n\n", markdown.Body, StringComparison.Ordinal);
        Assert.Contains($"a{turns} ({turns + 1})", markdown.Body, StringComparison.Ordinal);
        Assert.DoesNotContain($"a{turns} ({turns})", markdown.Body, StringComparison.Ordinal);
        Assert.True(markdown.Body.IndexOf("## 2. You", StringComparison.Ordinal) < markdown.Body.IndexOf("## 3. You", StringComparison.Ordinal));

        Assert.Equal(ErrorCode.InvalidRequest, (await person.Get($"/conversations/{conversation}/export?format=pdf")).Problem().Code);
        Assert.Equal(ErrorCode.NotFound, (await stranger.Get($"/conversations/{conversation}/export")).Problem().Code);
        Assert.Equal(ErrorCode.NotFound, (await person.Get("/conversations/unknown/export?format=json")).Problem().Code);
    }
}
