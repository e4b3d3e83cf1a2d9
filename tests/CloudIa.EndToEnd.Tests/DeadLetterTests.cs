using System.Net;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>What an operator sees of the queue and does with its dead letters.</summary>
public abstract class DeadLetterTests(Backend backend)
{
    [Fact]
    public async Task All_letters_are_redriven_in_order_from_the_terminal_and_their_answers_keep_their_places()
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Error(400));
        await using var server = await Serve(model);
        using var person = await ApiClient.WithSession(server.Address);
        using var admin = await Operator.Of(server);
        var asked = new List<string>();
        foreach (var talk in (string[])["a", "b"])
        {
            string? conversation = null;
            for (var turn = 1; turn <= 3; turn++)
            {
                var accepted = await person.Post($"{talk}{turn}", conversation);
                conversation = accepted.ConversationId;
                asked.Add(accepted.JobId);
                await admin.Letters(asked.Count);
            }
        }

        var letters = await admin.Letters(6);
        Assert.Equal(asked, letters.Select(letter => letter.JobId!));
        Assert.All(letters, letter => Assert.Equal((ErrorCode.ModelBadRequest, 1, 0), (letter.Reason, letter.Attempts!.Value, letter.Redrives!.Value)));
        var before = model.Calls.Count;
        model.Answer = call => ModelReply.Words($"The answer to {call.Asked}");

        var (code, output, errors) = await admin.Run("redrive", "--all");
        Assert.True((code, output) == (0, $"Redriven: 6.{Environment.NewLine}"), $"{code}: {output}{errors}");
        foreach (var job in asked)
        {
            // Until it begins it is shown as failed.
            await Patience.Until(async _ => (await person.Job(job)).Status == JobStatus.Completed ? "answered" : null, $"the answer of job {job}", server.Tail);
        }

        foreach (var talk in (string[])["a", "b"])
        {
            var conversation = (await person.Job(asked[talk == "a" ? 0 : 3])).ConversationId;
            Assert.Equal(
                Enumerable.Range(1, 3).SelectMany(turn => (string[])[$"{talk}{turn}", $"The answer to {talk}{turn}"]),
                (await person.Messages(conversation)).Select(message => message.Content));

            // A conversation's letters went one after the other, in the order of their deaths.
            Assert.Equal(
                Enumerable.Range(1, 3).Select(turn => $"{talk}{turn}"),
                model.Calls.Skip(before).Select(call => call.Asked).Where(question => question.StartsWith(talk, StringComparison.Ordinal)));
        }

        Assert.Equal((0, $"Redriven: 0.{Environment.NewLine}"), await admin.Run("redrive", "--all") is var none ? (none.Code, none.Output) : default);
        Assert.Equal("", (await admin.Run("list")).Output);
    }

    [Fact]
    public async Task Letters_are_listed_shown_and_discarded_from_the_terminal()
    {
        const string unicode = "Olá, 世界!\tdois\nlinhas 👩‍👩‍👧‍👦";
        await using var model = await FaultyModel.Start(_ => ModelReply.Error(400));
        await using var server = await Serve(model);
        using var person = await ApiClient.WithSession(server.Address);
        using var admin = await Operator.Of(server);
        var long1 = new string('x', 5_000);
        await Fail(person, admin, "plain", unicode, long1);

        var letters = await admin.Letters(3);
        var lines = (await admin.Run("list")).Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.All(lines, line => Assert.Equal(8, line.Split('\t').Length));
        Assert.Equal(letters.Select(letter => letter.Id), lines.Select(line => line.Split('\t')[0]));
        Assert.EndsWith("Olá, 世界! dois linhas 👩‍👩‍👧‍👦", lines[1], StringComparison.Ordinal);
        Assert.Equal((200, 5_000), (letters[2].Message!.Length, letters[2].MessageLength!.Value));
        Assert.Single((await admin.Run("list", "--after", letters[1].Id)).Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));

        var (shown, output, _) = await admin.Run("show", letters[1].Id);
        Assert.Equal(0, shown);
        Assert.Contains(unicode, output, StringComparison.Ordinal);
        Assert.Contains(letters[1].JobId!, output, StringComparison.Ordinal);
        Assert.Contains(long1, (await admin.Run("show", letters[2].Id)).Output, StringComparison.Ordinal);
        Assert.Equal(1, (await admin.Run("show", "no-such-letter")).Code);

        // One that is not there does not keep the others from going; all go only if that is meant.
        var (code, _, errors) = await admin.Run("discard", "no-such-letter", letters[0].Id);
        Assert.Equal(1, code);
        Assert.Contains("no-such-letter", errors, StringComparison.Ordinal);
        Assert.Equal(64, (await admin.Run("discard", "--all")).Code);
        Assert.Equal(1, (await admin.Run("discard", "", ".", "..")).Code);
        Assert.Equal(1, (await admin.Run("redrive", ".")).Code);
        Assert.Equal(HttpStatusCode.BadRequest, (await admin.Api.Delete("/admin/dead-letters/")).Status);
        await admin.Letters(2);
        Assert.Equal((0, $"Discarded: 2.{Environment.NewLine}"), await admin.Run("discard", "--all", "--yes") is var all ? (all.Code, all.Output) : default);
        await admin.Letters(0);
        Assert.Equal(JobStatus.Failed, (await person.Job(letters[0].JobId!)).Status);
    }

    [Fact]
    public async Task Pages_of_letters_and_batches_go_on_where_the_last_one_ended()
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Error(400));
        await using var server = await Serve(model);
        using var person = await ApiClient.WithSession(server.Address);
        using var admin = await Operator.Of(server);
        await Fail(person, admin, "0", "1", "2", "3", "4");
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await admin.Letters(cursor is null ? "?limit=2" : $"?limit=2&cursor={cursor}");
            seen.AddRange(page.Items.Select(letter => letter.Message!));
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        Assert.Equal(["0", "1", "2", "3", "4"], seen);

        // What fails again while a sweep goes on is a new letter, and not of the sweep.
        var redriven = 0;
        do
        {
            var reply = await admin.Api.Send(HttpMethod.Post, $"/admin/dead-letters/redrive?limit=2{(cursor is null ? "" : $"&cursor={cursor}")}");
            Assert.Equal(HttpStatusCode.OK, reply.Status);
            var batch = reply.Read(ProtocolJson.Default.DeadLetterBatch);
            redriven += batch.Redriven!.Value;
            cursor = batch.NextCursor;
        }
        while (cursor is not null);
        Assert.Equal(5, redriven);
        Assert.All(await admin.Letters(5), letter => Assert.Equal((1, 2), (letter.Redrives!.Value, letter.Attempts!.Value)));

        foreach (var (path, code) in new[]
        {
            ("/admin/dead-letters?limit=0", ErrorCode.InvalidRequest),
            ("/admin/dead-letters?limit=201", ErrorCode.InvalidRequest),
        })
        {
            Assert.Equal((HttpStatusCode.BadRequest, code), await admin.Api.Get(path) is var reply ? (reply.Status, reply.Problem().Code) : default);
        }

        Assert.Equal(ErrorCode.CursorInvalid, (await admin.Api.Send(HttpMethod.Post, "/admin/dead-letters/redrive?cursor=nonsense")).Problem().Code);
        Assert.Equal(HttpStatusCode.NotFound, (await admin.Api.Delete("/admin/dead-letters/nonsense")).Status);
    }

    [Fact]
    public async Task A_redriven_job_whose_server_is_killed_is_answered_by_the_next_one()
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Error(400));
        await using var server = await Serve(model, new CloudiaSettings { ShortLeases = true });
        using var person = await ApiClient.WithSession(server.Address);
        using var admin = await Operator.Of(server);
        await Fail(person, admin, "Hello");
        var letter = Assert.Single(await admin.Letters(1));
        var before = model.Calls.Count;

        model.Answer = _ => ModelReply.NoByte();
        await admin.Redrive(letter.Id);
        await Patience.Until(_ => Task.FromResult(model.Calls.Count > before ? "called" : null), "the redriven attempt", server.Tail);
        server.KillNine();
        model.Answer = _ => ModelReply.Words("At last");
        await server.StartAgain();

        var end = await person.End(letter.JobId!, server.Tail);
        Assert.Equal((JobStatus.Completed, "At last"), (end.Status, end.Content));
        Assert.Equal(["Hello", "At last"], (await person.Messages(letter.ConversationId!)).Select(message => message.Content));
        Assert.Equal(0, (await admin.Queue()).DeadLetters);
    }

    /// <summary>Posts messages that fail, each when the one before lies in the dead letters: so these are in the same order.</summary>
    private static async Task Fail(ApiClient person, Operator admin, params string[] messages)
    {
        for (var i = 0; i < messages.Length; i++)
        {
            await person.Post(messages[i]);
            await admin.Letters(i + 1);
        }
    }

    private Task<IInstallation> Serve(FaultyModel model, CloudiaSettings? settings = null) => backend.StartAsync(model, settings);
}
