using System.Globalization;

namespace CloudIa.TestEngines;

/// <summary>AWS's own DynamoDB Local, in memory, as npm's amplify-dynamodb-simulator brings it; it runs on Java.</summary>
public sealed class DynamoServer : EngineServer
{
    protected override string Name => "DynamoDB Local";

    protected override ChildProcess Launch()
    {
        var jar = ToolFolder.File("amplify-dynamodb-simulator", "emulator", "DynamoDBLocal.jar");
        return ChildProcess.Start(
            Name,
            "java",
            [
                "-Xmx512m",

                // Its second compiler is not paid back within a run of tests.
                "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
                $"-Djava.library.path={Path.Combine(Path.GetDirectoryName(jar)!, "DynamoDBLocal_lib")}",
                "-jar", jar,
                "-inMemory", "-disableTelemetry", "-port", Port.ToString(CultureInfo.InvariantCulture),
            ],
            []);
    }
}
