using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>Conversations are found by their words, by their owner alone.</summary>
public abstract class SearchTests(Backend backend)
{
    [Fact]
    public async Task Conversations_are_found_by_what_was_asked_answered_and_named_page_by_page()
    {
        await using var model = await FaultyModel.Start(call => ModelReply.Words($"Sobre {call.Asked}: é ótimo."));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        using var stranger = await ApiClient.WithSession(server.Address);
        var receipts = new List<ChatAccepted>();
        foreach (var message in new[] { "Lisboa", "Porto", "Braga" })
        {
            receipts.Add(await person.Post(message));
            await person.End(receipts[^1].JobId, server.Tail);
        }

        await person.Patch($"/conversations/{receipts[1].ConversationId}", """{"title":"Férias"}""");

        Assert.Equal([receipts[0].ConversationId], await Found(person, "OTIMO lisb"));
        Assert.Equal([receipts[1].ConversationId], await Found(person, "ferias"));
        Assert.Empty(await Found(person, "lisboa porto"));
        Assert.Empty(await Found(person, "\" OR * NEAR("));
        Assert.Empty(await Found(stranger, "lisboa"));
        Assert.Equal(3, (await Found(person, "  ")).Count());
        Assert.Equal(ErrorCode.InvalidRequest, (await person.Get($"/conversations?q={new string('x', 7_000)}")).Problem().Code);
        Assert.Equal(System.Net.HttpStatusCode.RequestUriTooLong, (await person.Get($"/conversations?q={new string('x', 10_000)}")).Status);

        var page = await person.Conversations("?q=otimo&limit=2");
        Assert.Equal(["Braga", "Férias"], page.Items.Select(item => item.Title));
        var rest = await person.Conversations($"?q=otimo&limit=2&cursor={Uri.EscapeDataString(page.NextCursor!)}");
        Assert.Equal("Lisboa", Assert.Single(rest.Items).Title);
        Assert.Null(rest.NextCursor);
    }

    private static async Task<IEnumerable<string>> Found(ApiClient who, string text) =>
        (await who.Conversations($"?q={Uri.EscapeDataString(text)}")).Items.Select(item => item.ConversationId);
}
