using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using Microsoft.Extensions.AI;

namespace CloudIa.Core.Model;

/// <summary>
/// Step 5: chooses the turns that fit the model's window, newest first. It reads pages until the window or
/// the count is full, so that its cost grows with the window and never with the length of the history.
/// </summary>
public sealed class Recall(IConversationStore store, PromptOptions options)
{
    /// <summary>Turns in one read: most windows fill in one or two.</summary>
    private const int PageSize = 20;

    /// <summary>What a message costs beside its text; OpenAI's cookbook counts 3 and a role.</summary>
    private const int TokensPerMessage = 4;

    /// <summary>The prompt of a turn: system, the earlier turns that fit, the user's message.</summary>
    public async Task<IReadOnlyList<ChatMessage>> PromptAsync(JobMessage job, int turn, CatalogModel model, CancellationToken cancellation)
    {
        var room = model.Options.ContextTokens - model.Options.MaxOutputTokens
            - Tokens(model, options.System) - Tokens(model, job.Message);
        var earlier = await EarlierAsync(job.Conversation, turn, model, room, cancellation);

        var prompt = new List<ChatMessage>(2 + (earlier.Count * 2)) { new(ChatRole.System, options.System) };
        for (var i = earlier.Count - 1; i >= 0; i--)
        {
            prompt.Add(new ChatMessage(ChatRole.User, earlier[i].Message));
            prompt.Add(new ChatMessage(ChatRole.Assistant, earlier[i].End!.Content));
        }

        prompt.Add(new ChatMessage(ChatRole.User, job.Message));
        return prompt;
    }

    private async Task<List<Turn>> EarlierAsync(ConversationKey conversation, int before, CatalogModel model, int room, CancellationToken cancellation)
    {
        var chosen = new List<Turn>();
        while (before > 1 && chosen.Count < options.MaxTurns)
        {
            var page = await store.ReadTurnsAsync(conversation, before, PageSize, cancellation);
            if (page.Count == 0)
            {
                break;
            }

            foreach (var turn in page)
            {
                // A turn without an answer would stand in the prompt as a question that was left open.
                if (turn.End is not { Content.Length: > 0 } end)
                {
                    continue;
                }

                room -= Tokens(model, turn.Message) + Tokens(model, end.Content);
                if (room < 0 || chosen.Count == options.MaxTurns)
                {
                    return chosen;
                }

                chosen.Add(turn);
            }

            before = page[^1].Number!.Value;
        }

        return chosen;
    }

    private static int Tokens(CatalogModel model, string text) => TokensPerMessage + model.CountTokens(text);
}
