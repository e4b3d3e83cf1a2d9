using CloudIa.Lambda.Runtime;
using CloudIa.Lambda.Serving;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;

namespace CloudIa.Lambda;

/// <summary>Puts the server into an ASP.NET Core application.</summary>
public static class LambdaHosting
{
    /// <summary>Replaces whatever server there is. The application needs a <see cref="TimeProvider"/>.</summary>
    /// <param name="services">The application's.</param>
    /// <param name="runtime">Where events come from.</param>
    /// <param name="options">How their time is dealt with.</param>
    /// <param name="excuse">What is answered where the pipeline's answer cannot be.</param>
    public static IServiceCollection AddLambdaServer(this IServiceCollection services, RuntimeClient runtime, LambdaOptions options, Excuse excuse) => services
        .AddSingleton(runtime)
        .AddSingleton(options)
        .AddSingleton(excuse)
        .AddSingleton<LambdaServer>()
        .AddSingleton<IServer>(provider => provider.GetRequiredService<LambdaServer>());
}
