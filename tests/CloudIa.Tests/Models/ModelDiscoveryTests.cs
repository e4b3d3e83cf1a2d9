using CloudIa.Core.Model;
using CloudIa.Models;
using CloudIa.Settings;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;

namespace CloudIa.Tests.Models;

public class ModelDiscoveryTests
{
    [Fact]
    public async Task An_OpenAI_key_makes_OpenAI_the_model()
    {
        var model = Assert.Single(await FindAsync(("OPENAI_API_KEY", "sk-1")));

        Assert.Equal(("openai", "sk-1", ""), (model.Provider, model.ApiKey, model.Endpoint));
        Assert.NotEmpty(model.Name);
    }

    [Fact]
    public async Task A_base_address_and_a_name_are_taken_over()
    {
        var model = Assert.Single(await FindAsync(("OPENAI_API_KEY", "k"), ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1"), ("OPENAI_MODEL", "mine")));

        Assert.Equal(("mine", "http://127.0.0.1:9/v1"), (model.Name, model.Endpoint));
    }

    [Fact]
    public async Task An_Anthropic_key_makes_Claude_the_model()
    {
        var model = Assert.Single(await FindAsync(("ANTHROPIC_API_KEY", "sk-2"), ("ANTHROPIC_MODEL", "claude-x"), ("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")));

        Assert.Equal(("anthropic", "sk-2", "claude-x", "http://127.0.0.1:9"), (model.Provider, model.ApiKey, model.Name, model.Endpoint));
    }

    [Fact]
    public async Task With_both_keys_both_may_be_asked_for_and_OpenAI_answers_first() =>
        Assert.Equal(["openai", "anthropic"], (await FindAsync(("ANTHROPIC_API_KEY", "a"), ("OPENAI_API_KEY", "o"))).Select(model => model.Provider));

    [Theory]
    [InlineData("OPENAI_API_KEY", "")]
    [InlineData("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")]
    [InlineData("UNRELATED", "x")]
    public async Task Without_a_key_nothing_that_costs_money_is_found(string name, string value)
    {
        // On a machine with an Ollama its models are found, else the demo.
        var found = await FindAsync((name, value));

        Assert.NotEmpty(found);
        Assert.All(found, model => Assert.Contains(model.Provider, new[] { "ollama", "demo" }));
    }

    [Fact]
    public async Task Whatever_is_found_is_a_valid_configuration_and_makes_a_client()
    {
        var found = await FindAsync(("ANTHROPIC_API_KEY", "a"), ("OPENAI_API_KEY", "o"));
        Assert.Empty(found.SelectMany((model, i) => model.Errors($"Models:{i}")));

        var factory = new ModelFactory(new SecretSettings(), TimeProvider.System);
        var catalog = new ModelCatalog([.. found.Select(factory.Create)]);
        Assert.Equal(found[0].Name, catalog.Default.Name);
        Assert.Equal(found[1].Name, catalog.Find(found[1].Name)!.Name);
        Assert.Null(catalog.Find("no such model"));
        Assert.All(catalog.Models, model => Assert.IsAssignableFrom<IChatClient>(model.Client));
        Assert.Equal(2, catalog.Default.CountTokens("hello world"));
    }

    private static Task<IReadOnlyList<ModelOptions>> FindAsync(params (string Name, string Value)[] environment) =>
        new ModelDiscovery(new ConfigurationBuilder()
            .AddInMemoryCollection(environment.Select(variable => KeyValuePair.Create(variable.Name, (string?)variable.Value)))
            .Build()).FindAsync(TestContext.Current.CancellationToken);
}
