using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Core.Intake;
using CloudIa.Core.Model;
using CloudIa.Core.Queue;
using CloudIa.Core.Work;
using CloudIa.Embedded.Delivery;
using CloudIa.Embedded.History;
using CloudIa.Embedded.Intake;
using CloudIa.Embedded.Queue;
using CloudIa.Embedded.Storage;
using CloudIa.Protocol;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Core;

/// <summary>Queue, history and delivery in a temporary folder, on a clock that stands until it is turned, and those who work with them.</summary>
internal sealed class Workshop : IDisposable
{
    /// <summary>How long a test waits for what must come, on the real clock: beyond it the test fails rather than hangs.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("cloudia-");
    private readonly DataFolder folder;
    private readonly EmbeddedDatabase database;
    private readonly OwnerFeed feed;

    /// <param name="leaps">Whether the clock leaps over short waits by itself, as if nothing else happened meanwhile.</param>
    public Workshop(bool leaps = false)
    {
        Clock = leaps ? new LeapingTime(Time, TimeSpan.FromSeconds(5)) : Time;
        folder = DataFolder.Open(directory.FullName);
        database = new EmbeddedDatabase(folder);
        var queue = new SqliteJobQueue(database, QueueOptions, Clock);
        Queue = queue;
        Quota = new InProcessQuota(QuotaOptions, queue, Clock);
        Store = new SqliteConversationStore(database);
        feed = Bus.Follow("owner");
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2025, 3, 14, 9, 26, 53, TimeSpan.Zero));

    /// <summary>The clock that everybody here reads.</summary>
    public TimeProvider Clock { get; }

    public QueueOptions QueueOptions { get; } = new();

    public WorkOptions WorkOptions { get; } = new();

    public QuotaOptions QuotaOptions { get; } = new();

    public IJobQueue Queue { get; }

    public IQuota Quota { get; }

    public IConversationStore Store { get; }

    public InProcessDeliveryBus Bus { get; } = new();

    public static JobMessage Job(string? conversation = null, string message = "Olá!") => new()
    {
        JobId = Guid.NewGuid().ToString("N"),
        Owner = "owner",
        SessionId = "session",
        ConversationId = conversation ?? Guid.NewGuid().ToString("N"),
        Message = message,
        Fingerprint = "",
        AcceptedAt = new DateTimeOffset(2025, 3, 14, 9, 26, 50, TimeSpan.Zero),
        TraceId = "0af7651916cd43dd8448eb211c80319c",
    };

    public JobRun Run(CatalogModel model) => Run(new ModelCatalog([model]));

    public JobRun Run(ModelCatalog models, IDeliveryBus? bus = null, IConversationStore? store = null, TimeProvider? clock = null) => new(
        store ?? Store, bus ?? Bus, Quota, models, new Recall(Store, new PromptOptions()), WorkOptions, clock ?? Clock, NullLogger<JobRun>.Instance);

    public Worker Worker(CatalogModel model) => Worker(new ModelCatalog([model]));

    public Worker Worker(ModelCatalog models, IJobQueue? queue = null, TimeProvider? clock = null, JobRun? run = null) =>
        new(queue ?? Queue, Quota, run ?? Run(models), models, WorkOptions, QueueOptions, clock ?? Clock, NullLogger<Worker>.Instance);

    public Task EnqueueAsync(JobMessage job) => Queue.EnqueueAsync(job, CancellationToken.None);

    public async Task<Turn> FindAsync(JobMessage job) => (await Store.FindAsync(job.Key, CancellationToken.None))!;

    public async Task<long> DeadLettersAsync() => (await Queue.MeasureAsync(CancellationToken.None)).DeadLetters;

    public async Task<long> WaitingAsync() => (await Queue.MeasureAsync(CancellationToken.None)).Waiting;

    /// <summary>The next announced event of a kind; the others before it are gone.</summary>
    public async Task<T> NextAsync<T>(Func<T, bool>? which = null)
        where T : ServerEvent
    {
        while (true)
        {
            while (feed.TryTake(out var item))
            {
                if (item.Announced is T announced && which?.Invoke(announced) != false)
                {
                    return announced;
                }
            }

            await feed.WaitAsync().AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>All that was announced until now.</summary>
    public List<ServerEvent> Announced()
    {
        var events = new List<ServerEvent>();
        while (feed.TryTake(out var item))
        {
            if (item.Announced is { } announced)
            {
                events.Add(announced);
            }
        }

        return events;
    }

    public void Dispose()
    {
        feed.Dispose();
        database.Dispose();
        folder.Dispose();
        directory.Delete(recursive: true);
    }
}
