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

    /// <summary>The prompt of a begun turn: system, the earlier turns that fit, the user's message.</summary>
    public async Task<IReadOnlyList<ChatMessage>> PromptAsync(JobMessage job, BeginResult.Started begun, CatalogModel model, CancellationToken cancellation)
    {
        var system = begun.SystemPrompt ?? options.System;
        var budget = new TokenBudget(model.Options.ContextTokens - model.Options.MaxOutputTokens, model.CountTokens);

        // These two go in any case: whether a message alone is too long, the provider says best.
        var roomLeft = budget.TryTake(system, job.Message);
        var earlier = roomLeft ? await EarlierAsync(job.Conversation, begun.Turn, budget, cancellation) : [];

        var prompt = new List<ChatMessage>(2 + (earlier.Count * 2)) { new(ChatRole.System, system) };
        for (var i = earlier.Count - 1; i >= 0; i--)
        {
            prompt.Add(new ChatMessage(ChatRole.User, earlier[i].Message));
            prompt.Add(new ChatMessage(ChatRole.Assistant, earlier[i].End!.Content));
        }

        prompt.Add(new ChatMessage(ChatRole.User, job.Message));
        return prompt;
    }

    private async Task<List<Turn>> EarlierAsync(ConversationKey conversation, int before, TokenBudget budget, CancellationToken cancellation)
    {
        var chosen = new List<Turn>();
        for (var left = options.MaxTurns; before > 1 && left > 0;)
        {
            var page = await store.ReadTurnsAsync(conversation, before, Math.Min(PageSize, left), cancellation);
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

                if (!budget.TryTake(turn.Message, end.Content))
                {
                    return chosen;
                }

                chosen.Add(turn);
            }

            before = page[^1].Number!.Value;
            left -= page.Count;
        }

        return chosen;
    }
}
