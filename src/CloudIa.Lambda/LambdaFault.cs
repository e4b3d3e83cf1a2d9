using Microsoft.AspNetCore.Http;

namespace CloudIa.Lambda;

/// <summary>Why the pipeline's own answer cannot be given.</summary>
public enum LambdaFault
{
    /// <summary>The invocation's time ended before there was an answer.</summary>
    OutOfTime,

    /// <summary>The answer is larger than Lambda takes.</summary>
    AnswerTooLarge,

    /// <summary>The pipeline broke its answer off.</summary>
    BrokenOff,
}

/// <summary>Writes the answer that a fault has instead, into a response that is empty again.</summary>
public delegate Task Excuse(HttpContext context, LambdaFault fault);
