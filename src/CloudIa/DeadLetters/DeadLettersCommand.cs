using System.CommandLine;
using System.CommandLine.Parsing;

namespace CloudIa.DeadLetters;

/// <summary><c>cloudia dead-letters</c>: the messages that a running service gave up, for its operator.</summary>
internal static class DeadLettersCommand
{
    private const string Description =
        "See to the messages that a running service gave up: list them, read one, put them back into the queue, throw them away. "
        + "The admin token is taken from CLOUDIA_ADMIN_TOKEN; for a service on this machine it is found in its data folder.";

    public static Command Create()
    {
        var server = ServerAddress.Option();
        var data = new Option<string?>("--data") { Description = "The data folder of a service on this machine (./data), whose admin token is used." };
        server.Recursive = data.Recursive = true;
        var command = new Command("dead-letters", Description) { server, data };
        var access = new AdminDoor(server, data);
        command.Subcommands.Add(List(access));
        command.Subcommands.Add(Show(access));
        command.Subcommands.Add(Redrive(access));
        command.Subcommands.Add(Discard(access));
        return command;
    }

    private static Command List(AdminDoor door)
    {
        var limit = new Option<int>("--limit") { Description = "How many to list (50, at most 200).", DefaultValueFactory = _ => 50 };
        var after = new Option<string?>("--after") { Description = "List those that died after the one with this ID." };
        limit.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 200)
                result.AddError("--limit must be between 1 and 200.");
        });
        var command = new Command(
            "list",
            $"List dead letters, the oldest first. In a pipe each is a line of these, with tabs between: {string.Join(", ", LetterPrinter.Columns)}.")
        {
            limit,
            after,
        };
        command.SetAction((parsed, cancel) => door.EnterAsync(
            parsed, client => LetterActions.ListAsync(client, parsed.GetValue(after), parsed.GetValue(limit), cancel)));
        return command;
    }

    private static Command Show(AdminDoor door)
    {
        var id = new Argument<string>("ID") { Description = "The letter, by its ID in the list." };
        var command = new Command("show", "Show one dead letter with all of its text.") { id };
        command.SetAction((parsed, cancel) => door.EnterAsync(parsed, client => LetterActions.ShowAsync(client, parsed.GetValue(id)!, cancel)));
        return command;
    }

    private static Command Redrive(AdminDoor door)
    {
        var (ids, all) = Which("Redrive all that are there now, the oldest first. Ctrl-C stops after the ones under way.");
        var command = new Command("redrive", "Put dead letters back into the queue: their answers land in their conversations.") { ids, all };
        command.Validators.Add(result => OneOfBoth(result, ids, all));
        command.SetAction((parsed, cancel) => door.EnterAsync(
            parsed,
            client => parsed.GetValue(all)
                ? LetterSweeps.RedriveAllAsync(client, cancel)
                : LetterActions.RedriveAsync(client, parsed.GetValue(ids)!, cancel)));
        return command;
    }

    private static Command Discard(AdminDoor door)
    {
        var (ids, all) = Which("Discard all that are there now. Ctrl-C stops after the ones under way.");
        var yes = new Option<bool>("--yes") { Description = "With --all: do not ask." };
        var command = new Command("discard", "Throw dead letters away, for good.") { ids, all, yes };
        command.Validators.Add(result => OneOfBoth(result, ids, all));
        command.SetAction((parsed, cancel) => door.EnterAsync(
            parsed,
            client => parsed.GetValue(all)
                ? LetterSweeps.DiscardAllAsync(client, parsed.GetValue(yes), cancel)
                : LetterActions.DiscardAsync(client, parsed.GetValue(ids)!, cancel)));
        return command;
    }

    private static (Argument<string[]> Ids, Option<bool> All) Which(string all) => (
        new Argument<string[]>("ID") { Description = "The letters, by their IDs in the list.", Arity = ArgumentArity.ZeroOrMore },
        new Option<bool>("--all") { Description = all });

    private static void OneOfBoth(CommandResult result, Argument<string[]> ids, Option<bool> all)
    {
        if (result.GetValue(ids) is { Length: > 0 } == result.GetValue(all))
            result.AddError("Say which: one ID or more, or --all.");
    }
}
