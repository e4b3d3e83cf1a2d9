using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace CloudIa.Lambda.Serving;

/// <summary>An answer while the pipeline writes it. Nothing of it is sent before it is whole, so it can be taken back to the end.</summary>
internal sealed class AnswerFeature : IHttpResponseFeature, IHttpResponseBodyFeature
{
    private readonly Stack<(Func<object, Task> Call, object State)> starting = [];
    private readonly Stack<(Func<object, Task> Call, object State)> completed = [];
    private PipeWriter? writer;
    private AnswerStream body;

    public AnswerFeature() => body = NewBody();

    public int StatusCode { get; set; } = StatusCodes.Status200OK;

    public string? ReasonPhrase { get; set; }

    public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

    public bool HasStarted { get; private set; }

    Stream IHttpResponseFeature.Body
    {
        get => body;
        set => throw new NotSupportedException();
    }

    public Stream Stream => body;

    public PipeWriter Writer => writer ??= PipeWriter.Create(body, new StreamPipeWriterOptions(leaveOpen: true));

    /// <summary>What was written.</summary>
    public AnswerStream Content => body;

    /// <summary>Whether the pipeline ended with all that it had said it would write.</summary>
    public bool IsWhole => HasStarted ? Headers.ContentLength == body.Length : StatusCode != StatusCodes.Status200OK && (Headers.ContentLength ?? 0) == body.Length;

    public void OnStarting(Func<object, Task> callback, object state)
    {
        if (HasStarted)
        {
            throw new InvalidOperationException("The answer has begun.");
        }

        starting.Push((callback, state));
    }

    public void OnCompleted(Func<object, Task> callback, object state) => completed.Push((callback, state));

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (HasStarted)
        {
            return;
        }

        while (starting.TryPop(out var callback))
        {
            await callback.Call(callback.State);
        }

        HasStarted = true;
    }

    public async Task CompleteAsync()
    {
        await StartAsync();
        if (writer is not null)
        {
            await writer.FlushAsync();
        }
    }

    /// <summary>Runs what is to run when all is over.</summary>
    public async Task EndAsync()
    {
        while (completed.TryPop(out var callback))
        {
            await callback.Call(callback.State);
        }
    }

    /// <summary>Takes everything back.</summary>
    public void Clear()
    {
        StatusCode = StatusCodes.Status200OK;
        ReasonPhrase = null;
        Headers = new HeaderDictionary();
        HasStarted = false;
        starting.Clear();
        writer = null;
        body = NewBody();
    }

    public void DisableBuffering()
    {
    }

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        SendFileFallback.SendFileAsync(body, path, offset, count, cancellationToken);

    private AnswerStream NewBody() => new(AnswerFormat.MostBytes, () => StartAsync());
}
