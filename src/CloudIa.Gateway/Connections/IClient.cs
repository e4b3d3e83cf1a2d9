using CloudIa.Core.Intake;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Connections;

/// <summary>Who sent a frame: the client of a socket of ours, or of one that another machine holds.</summary>
internal interface IClient
{
    Caller Caller { get; }

    /// <summary>The connection's.</summary>
    string TraceId { get; }

    /// <summary>Tells this client alone, behind what is on its way to it.</summary>
    void Say(string? jobId, ServerEvent said);

    /// <summary>Goes on with a job from what the client holds.</summary>
    void Resume(ResumePoint point);

    /// <summary>The session goes on until another time.</summary>
    void Extend(DateTimeOffset until);
}
