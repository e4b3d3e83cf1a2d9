using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Faults;
using CloudIa.EndToEnd.Tests.Stopping;

namespace CloudIa.EndToEnd.Tests.Aws;

// The suites on two gateways and two workers.
public sealed class AwsAdminTests(AwsBackend aws, Engines engines) : AdminTests(aws.On(engines));
public sealed class AwsBadFrameTests(AwsDemo served) : BadFrameTests(served), IClassFixture<AwsDemo>;
public sealed class AwsBadRequestTests(AwsDemo served) : BadRequestTests(served), IClassFixture<AwsDemo>;
public sealed class AwsConnectionLifeTests(AwsBackend aws, Engines engines) : ConnectionLifeTests(aws.On(engines));
public sealed class AwsConversationChangeTests(AwsBackend aws, Engines engines) : ConversationChangeTests(aws.On(engines));
public sealed class AwsDeadLetterTests(AwsBackend aws, Engines engines) : DeadLetterTests(aws.On(engines));
public sealed class AwsEventStreamTests(AwsBackend aws, Engines engines) : EventStreamTests(aws.On(engines));
public sealed class AwsExportTests(AwsBackend aws, Engines engines) : ExportTests(aws.On(engines));
public sealed class AwsFailoverTests(AwsBackend aws, Engines engines) : FailoverTests(aws.On(engines));
public sealed class AwsFirstLightTests(AwsBackend aws, Engines engines) : FirstLightTests(aws.On(engines));
public sealed class AwsFirstVersionTests(AwsBackend aws, Engines engines) : FirstVersionTests(aws.On(engines));
public sealed class AwsKeysTests(AwsBackend aws, Engines engines) : KeysTests(aws.On(engines));
public sealed class AwsLoadShedTests(AwsBackend aws, Engines engines) : LoadShedTests(aws.On(engines));
public sealed class AwsManyTabsTests(AwsBackend aws, Engines engines) : ManyTabsTests(aws.On(engines));
public sealed class AwsModelFaultTests(AwsBackend aws, Engines engines, ITestOutputHelper output) : ModelFaultTests(aws.On(engines), output, "openai");
public sealed class AwsOrderTests(AwsBackend aws, Engines engines) : OrderTests(aws.On(engines));
public sealed class AwsOutageTests(AwsBackend aws, Engines engines) : OutageTests(aws.On(engines));
public sealed class AwsPoisonTests(AwsBackend aws, Engines engines) : PoisonTests(aws.On(engines));
public sealed class AwsRestartTests(AwsBackend aws, Engines engines) : RestartTests(aws.On(engines));
public sealed class AwsSearchTests(AwsBackend aws, Engines engines) : SearchTests(aws.On(engines));
public sealed class AwsSessionEndTests(AwsBackend aws, Engines engines) : SessionEndTests(aws.On(engines));
public sealed class AwsSlowReaderTests(AwsBackend aws, Engines engines) : SlowReaderTests(aws.On(engines));
public sealed class AwsStopAtAnyInstantTests(AwsBackend aws, Engines engines, ITestOutputHelper output) : StopAtAnyInstantTests(aws.On(engines), output, stops: 96, lanes: 16, paceMilliseconds: 100);
public sealed class AwsStopTests(AwsBackend aws, Engines engines) : StopTests(aws.On(engines));
public sealed class AwsStrangersTests(AwsDemo served) : StrangersTests(served), IClassFixture<AwsDemo>;
public sealed class AwsThrottlingTests(AwsBackend aws, Engines engines, ITestOutputHelper output) : ThrottlingTests(aws.On(engines), output);
public sealed class AwsVersionTests(AwsBackend aws, Engines engines) : VersionTests(aws.On(engines));
public sealed class AwsWhenBusyTests(AwsBackend aws, Engines engines, ITestOutputHelper output) : WhenBusyTests(aws.On(engines), output);
