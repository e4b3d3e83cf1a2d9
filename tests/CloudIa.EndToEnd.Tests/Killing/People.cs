using System.Net;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.History;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Killing;

/// <summary>The owners behind a crowd of clients: all but two clients have one to themselves; those two share one, and a conversation.</summary>
internal sealed class People(Uri server) : IDisposable
{
    private readonly Dictionary<string, ApiClient> _owners = [];
    private readonly Dictionary<string, string> _marks = [];

    public async Task<IReadOnlyList<Persistent>> Gather(int clients, HistoryRecorder recorder, Func<string> serverLog)
    {
        var gathered = new List<Persistent>();
        string? shared = null;
        for (var number = 1; number <= clients; number++)
        {
            var owner = $"owner{Math.Min(number, clients - 1)}";
            if (!_owners.TryGetValue(owner, out var api))
            {
                api = await ApiClient.WithSession(server);
                _owners[owner] = api;
                _marks[owner] = $"{owner}-{Guid.NewGuid():N}";
            }

            if (number == clients - 1)
            {
                var opening = $"{_marks[owner]} opening";
                var accepted = await api.Post(opening);
                recorder.Accepted(new Receipt(owner, accepted.JobId, accepted.ConversationId, opening));
                shared = accepted.ConversationId;
            }

            gathered.Add(new Persistent($"client{number}", owner, _marks[owner], api, shared, recorder, serverLog));
        }

        return gathered;
    }

    /// <summary>What every owner reads in the end.</summary>
    public async Task<ChatHistory> ReadBack(HistoryRecorder recorder, Func<string> serverLog)
    {
        var ends = new Dictionary<string, JobView>();
        var stored = new List<StoredConversation>();
        foreach (var (owner, api) in _owners)
        {
            var receipts = recorder.Receipts.Where(receipt => receipt.Owner == owner).ToList();
            foreach (var job in receipts.Select(receipt => receipt.JobId).Distinct())
            {
                // One that is not there is left to the checker.
                if (await api.JobOrNull(job) is not null) ends[job] = await api.End(job, serverLog);
            }

            foreach (var conversation in receipts.Select(receipt => receipt.ConversationId).Distinct())
            {
                var there = (await api.Get($"/conversations/{conversation}")).Status != HttpStatusCode.NotFound;
                stored.Add(new StoredConversation(owner, conversation, there ? await api.Messages(conversation) : []));
            }
        }

        return recorder.History(_marks, ends, stored);
    }

    public void Dispose()
    {
        foreach (var api in _owners.Values) api.Dispose();
    }
}
