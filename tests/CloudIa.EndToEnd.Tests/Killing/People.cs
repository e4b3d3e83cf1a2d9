using System.Net;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.History;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Killing;

/// <summary>The owners behind a crowd of clients.</summary>
internal sealed class People(Uri server) : IDisposable
{
    private readonly Dictionary<string, ApiClient> _owners = [];
    private readonly Dictionary<string, string> _marks = [];

    /// <summary>The posts of all that had to be sent again.</summary>
    public IEnumerable<string> Failures => _owners.Values.SelectMany(api => api.Failures);

    /// <summary>All but two clients have an owner to themselves; those two share one, and a conversation.</summary>
    public async Task<IReadOnlyList<Persistent>> Gather(int clients, HistoryRecorder recorder, Func<string> serverLog)
    {
        var gathered = new List<Persistent>();
        string? shared = null;
        for (var number = 1; number <= clients; number++)
        {
            var owner = $"owner{Math.Min(number, clients - 1)}";
            var (api, mark) = await Meet(owner);
            if (number == clients - 1)
            {
                var opening = $"{mark} opening";
                var accepted = await api.Post(opening);
                recorder.Accepted(new Receipt(owner, accepted.JobId, accepted.ConversationId, opening));
                shared = accepted.ConversationId;
            }

            gathered.Add(new Persistent($"client{number}", owner, mark, api, shared, recorder, serverLog));
        }

        return gathered;
    }

    /// <summary>An owner with a session, and a mark that stands in all that is theirs.</summary>
    public async Task<(ApiClient Api, string Mark)> Meet(string owner)
    {
        if (!_owners.TryGetValue(owner, out var api))
        {
            _owners[owner] = api = await ApiClient.WithSession(server);
            _marks[owner] = $"{owner}-{Guid.NewGuid():N}";
        }

        return (api, _marks[owner]);
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
