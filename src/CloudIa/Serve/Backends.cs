using System.Text;
using CloudIa.Aws;
using CloudIa.Core.Conversations;
using CloudIa.Embedded;
using CloudIa.Embedded.Storage;
using CloudIa.Gateway;
using CloudIa.Gateway.Identity;
using CloudIa.Settings;

namespace CloudIa.Serve;

/// <summary>The engines under the service, and the secrets that they keep for it.</summary>
internal static class Backends
{
    /// <summary>The name of the admin token among the secrets of an installation.</summary>
    public const string AdminSecret = "admin token";

    private const string SigningSecret = "session signing key";

    public static async Task AddBackendAsync(this IServiceCollection services, CloudiaSettings settings, CancellationToken cancellation)
    {
        if (settings.OnAws)
        {
            var engines = new AwsEngines(settings.Aws, settings.Redis);
            services
                .AddAws(engines)
                .AddSingleton(Given(settings.Gateway) ?? new SigningKey(await engines.Secrets.KeepAsync(SigningSecret, SigningKey.Make, cancellation)))

                // Nobody is shown the one that is made here: where many machines are, it is given or there is none.
                .AddSingleton(GivenAdmin(settings.Gateway) ?? new AdminToken(Identifiers.NewSecret(), IsGiven: false));
            return;
        }

        // Opened, and so locked, before anything else: a second service is refused before it starts.
        var folder = DataFolder.Open(settings.Data);
        var database = new EmbeddedDatabase(folder);
        services
            .AddEmbedded(folder, database)
            .AddSingleton(Given(settings.Gateway) ?? new SigningKey(database.Secret(SigningSecret, SigningKey.Make)))
            .AddSingleton(GivenAdmin(settings.Gateway) ?? new AdminToken(Encoding.ASCII.GetString(database.Secret(AdminSecret, MakeAdminToken)), IsGiven: false));
    }

    private static SigningKey? Given(GatewayOptions gateway) =>
        gateway.SigningKey is { Length: > 0 } text ? SigningKey.Of(text) : null;

    private static AdminToken? GivenAdmin(GatewayOptions gateway) =>
        gateway.AdminToken is { Length: > 0 } text ? new AdminToken(text, IsGiven: true) : null;

    private static byte[] MakeAdminToken() => Encoding.ASCII.GetBytes(Identifiers.NewSecret());
}
