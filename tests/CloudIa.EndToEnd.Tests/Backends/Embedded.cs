using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Cutting;
using CloudIa.EndToEnd.Tests.Faults;
using CloudIa.EndToEnd.Tests.Stopping;

namespace CloudIa.EndToEnd.Tests.Embedded;

// The suites on one process.
public sealed class EmbeddedAdminTests() : AdminTests(new EmbeddedBackend());
public sealed class EmbeddedAnthropicFaultTests(ITestOutputHelper output) : ModelFaultTests(new EmbeddedBackend(), output, "anthropic");
public sealed class EmbeddedBadFrameTests(EmbeddedDemo served) : BadFrameTests(served), IClassFixture<EmbeddedDemo>;
public sealed class EmbeddedBadRequestTests(EmbeddedDemo served) : BadRequestTests(served), IClassFixture<EmbeddedDemo>;
public sealed class EmbeddedConnectionLifeTests() : ConnectionLifeTests(new EmbeddedBackend());
public sealed class EmbeddedConversationChangeTests() : ConversationChangeTests(new EmbeddedBackend());
public sealed class EmbeddedCutTests(ITestOutputHelper output) : CutTests(new EmbeddedBackend(), output, histories: 520, kills: 4);
public sealed class EmbeddedDeadLetterTests() : DeadLetterTests(new EmbeddedBackend());
public sealed class EmbeddedEventStreamTests() : EventStreamTests(new EmbeddedBackend());
public sealed class EmbeddedExportTests() : ExportTests(new EmbeddedBackend());
public sealed class EmbeddedFailoverTests() : FailoverTests(new EmbeddedBackend());
public sealed class EmbeddedFirstLightTests() : FirstLightTests(new EmbeddedBackend());
public sealed class EmbeddedFirstVersionTests() : FirstVersionTests(new EmbeddedBackend());
public sealed class EmbeddedKeysTests() : KeysTests(new EmbeddedBackend());
public sealed class EmbeddedLibraryCutTests() : LibraryCutTests(new EmbeddedBackend(), histories: 80);
public sealed class EmbeddedLoadShedTests() : LoadShedTests(new EmbeddedBackend());
public sealed class EmbeddedManyTabsTests() : ManyTabsTests(new EmbeddedBackend());
public sealed class EmbeddedModelFaultTests(ITestOutputHelper output) : ModelFaultTests(new EmbeddedBackend(), output, "openai");
public sealed class EmbeddedOrderTests() : OrderTests(new EmbeddedBackend());
public sealed class EmbeddedOutageTests() : OutageTests(new EmbeddedBackend());
public sealed class EmbeddedPoisonTests() : PoisonTests(new EmbeddedBackend());
public sealed class EmbeddedRestartTests() : RestartTests(new EmbeddedBackend());
public sealed class EmbeddedSearchTests() : SearchTests(new EmbeddedBackend());
public sealed class EmbeddedSessionEndTests() : SessionEndTests(new EmbeddedBackend());
public sealed class EmbeddedSlowReaderTests() : SlowReaderTests(new EmbeddedBackend());
public sealed class EmbeddedStopAtAnyInstantTests(ITestOutputHelper output) : StopAtAnyInstantTests(new EmbeddedBackend(), output, stops: 512, lanes: 32, paceMilliseconds: 12);
public sealed class EmbeddedStopTests() : StopTests(new EmbeddedBackend());
public sealed class EmbeddedStrangersTests(EmbeddedDemo served) : StrangersTests(served), IClassFixture<EmbeddedDemo>;
public sealed class EmbeddedThrottlingTests(ITestOutputHelper output) : ThrottlingTests(new EmbeddedBackend(), output);
public sealed class EmbeddedVersionTests() : VersionTests(new EmbeddedBackend());
public sealed class EmbeddedWhenBusyTests(ITestOutputHelper output) : WhenBusyTests(new EmbeddedBackend(), output);
