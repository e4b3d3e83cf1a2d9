using System.Net;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>What an operator sees of the queue and does with its dead letters.</summary>
public sealed class DeadLetterTests
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
    public async Task The_queue_says_how_much_waits_since_when_and_for_whom()
    {
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(_ => ModelReply.Words("Done") with { Gate = gate.Task });
        await using var server = await Serve(model);
        using var person = await ApiClient.WithSession(server.Address);
        using var admin = await Operator.Of(server);
        Assert.Equal((0, null, null), await admin.Queue() is var idle ? (idle.Waiting, idle.OldestEnqueuedAt, idle.OldestAgeSeconds) : default);

        var first = await person.Post("one");
        var second = await person.Post("two", first.ConversationId);
        var queue = await admin.Queue();
        Assert.Equal((2, 0), (queue.Waiting, queue.DeadLetters));
        Assert.InRange(queue.OldestAgeSeconds!.Value, 0, 60);
        Assert.Equal(first.Timestamp, queue.OldestEnqueuedAt!.Value, TimeSpan.FromSeconds(30));
        Assert.Equal("tested", Assert.Single(queue.Models).Name);

        gate.SetResult();
        await person.End(second.JobId, server.Tail);
        await Patience.Until(async _ => (await admin.Queue()).Waiting == 0 ? "idle" : null, "the queue to be idle", server.Tail);
    }

    [Fact]
    public async Task Nobody_but_the_operator_of_this_machine_is_let_in()
    {
        const string token = "a-token-that-was-configured";
        await using var model = await FaultyModel.Start(_ => ModelReply.Error(400));
        await using var server = await CloudiaProcess.Start(new CloudiaSettings
        {
            ModelEndpoint = model.Endpoint,
            More = new Dictionary<string, string> { ["CLOUDIA__GATEWAY__ADMINTOKEN"] = token },
        });
        using var person = await ApiClient.WithSession(server.Address);
        await person.End((await person.Post("private")).JobId, server.Tail);
        using var nobody = new ApiClient(server.Address);
        using var admin = new ApiClient(server.Address, token);
        await Patience.Until(
            async _ => (await admin.Get("/admin/queue")).Read(ProtocolJson.Default.QueueView).DeadLetters == 1 ? "there" : null, "the dead letter", server.Tail);

        foreach (var (method, path) in new[]
        {
            (HttpMethod.Get, "/admin/queue"),
            (HttpMethod.Get, "/admin/dead-letters"),
            (HttpMethod.Get, "/admin/dead-letters/1"),
            (HttpMethod.Post, "/admin/dead-letters/1/redrive"),
            (HttpMethod.Post, "/admin/dead-letters/redrive"),
            (HttpMethod.Delete, "/admin/dead-letters/1"),
            (HttpMethod.Delete, "/admin/dead-letters"),
        })
        {
            await Refused(nobody.Send(method, path), HttpStatusCode.Unauthorized, ErrorCode.TokenMissing);
            await Refused(person.Send(method, path), HttpStatusCode.Unauthorized, ErrorCode.TokenInvalid);
            await Refused(admin.Send(method, path, headers: With("Origin", "https://evil.example")), HttpStatusCode.Forbidden, ErrorCode.OriginForbidden);
            await Refused(admin.Send(method, path, headers: With("X-Forwarded-For", "192.0.2.1")), HttpStatusCode.Forbidden, ErrorCode.AdminLocalOnly);
        }

        Assert.Equal(1, (await admin.Get("/admin/queue")).Read(ProtocolJson.Default.QueueView).DeadLetters);

        // What was configured is told nobody, and the data folder knows of none.
        Assert.DoesNotContain(token, server.Tail(), StringComparison.Ordinal);
        using var lost = Repository.Run(["dead-letters", "list", "--server", server.Address.AbsoluteUri, "--data", server.DataFolder], new CloudiaSettings(), "");
        Assert.Equal(1, await lost.Exit());
        Assert.Contains("CLOUDIA_ADMIN_TOKEN", lost.Errors, StringComparison.Ordinal);
        using var found = Repository.Run(
            ["dead-letters", "list", "--server", server.Address.AbsoluteUri],
            new CloudiaSettings { More = new Dictionary<string, string> { ["CLOUDIA_ADMIN_TOKEN"] = token } },
            "");
        Assert.Equal(0, await found.Exit());
        Assert.Contains("private", found.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_admin_token_outlives_its_process_and_a_service_that_is_away_is_said_so()
    {
        await using var server = await CloudiaProcess.Start();
        using var before = await Operator.Of(server);
        server.KillNine();
        Assert.Equal(1, (await before.Run("list")).Code);
        await server.StartAgain();

        Assert.Equal(0, (await before.Queue()).DeadLetters);
        Assert.Equal((0, ""), await before.Run("list") is var list ? (list.Code, list.Output) : default);
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

    private static Task<CloudiaProcess> Serve(FaultyModel model) => CloudiaProcess.Start(new CloudiaSettings { ModelEndpoint = model.Endpoint });

    private static Dictionary<string, string> With(string name, string value) => new() { [name] = value };

    private static async Task Refused(Task<Reply> answer, HttpStatusCode status, string code)
    {
        var reply = await answer;
        Assert.Equal((status, code), (reply.Status, reply.Problem().Code));
    }
}
