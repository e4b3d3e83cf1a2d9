using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Gateway.Connections;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Http;
using CloudIa.Gateway.Identity;
using CloudIa.Gateway.Relay;
using CloudIa.Gateway.Sockets;
using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace CloudIa.Gateway;

/// <summary>Puts the gateway into an ASP.NET Core application, whatever server it runs on.</summary>
public static class GatewayHosting
{
    public static IServiceCollection AddGateway(this IServiceCollection services, GatewayOptions options) => services
        .AddSingleton(options)
        .AddSingleton<SessionTokens>()
        .AddSingleton<Tickets>()
        .AddSingleton<Authentication>()
        .AddSingleton<Handshake>()
        .AddSingleton<ConnectionRegistry>()
        .AddHostedService<Departure>()
        .AddSingleton(provider => new PumpServices(
            provider.GetRequiredService<IDeliveryBus>(),
            new SharedFinds(provider.GetRequiredService<IConversationStore>().FindAsync).FindAsync,
            TimeSpan.FromMilliseconds(options.CoalesceMilliseconds),
            TimeSpan.FromMilliseconds(options.SteadyCoalesceMilliseconds),
            provider.GetRequiredService<TimeProvider>()))
        .AddSingleton<RequestLimit>()
        .AddSingleton<ClientActions>()
        .AddSingleton<SocketServices>()
        .AddSingleton<SocketEndpoint>()
        .AddSingleton<ChatEndpoints>()
        .AddSingleton<EventStreamEndpoint>()
        .AddSingleton<ConversationEndpoints>()
        .AddSingleton<ConversationChangeEndpoints>()
        .AddSingleton<ExportEndpoint>()
        .AddSingleton<SessionEndpoints>()
        .AddSingleton<ServiceEndpoints>()
        .AddSingleton<AdminAccess>()
        .AddSingleton<AdminEndpoints>();

    /// <summary>The routes of sockets that another machine holds.</summary>
    /// <param name="routes">The application.</param>
    /// <param name="peerOf">Which connection a request is about, as the server knows it; null: the request is a client's own.</param>
    public static void MapRelay(this IEndpointRouteBuilder routes, Func<HttpContext, RelayPeer?> peerOf) =>
        routes.ServiceProvider.GetRequiredService<RelayEndpoint>().Map(routes, peerOf);

    /// <summary>What takes requests about such sockets.</summary>
    public static IServiceCollection AddRelay(this IServiceCollection services) => services.AddSingleton<RelayEndpoint>();

    /// <summary>What carries such sockets: for processes that live on.</summary>
    public static IServiceCollection AddCourier(this IServiceCollection services) => services
        .AddSingleton<CourierServices>()
        .AddHostedService<Courier>();

    /// <summary>What every request passes, outermost first.</summary>
    /// <param name="app">The application.</param>
    /// <param name="names">By which the service may be called; <see cref="OwnNames"/> says how they are written.</param>
    public static IApplicationBuilder UseGateway(this IApplicationBuilder app, IEnumerable<string> names)
    {
        app.UseMiddleware<ProblemMiddleware>();
        var own = new OwnNames(names);
        app.Use((context, next) =>
        {
            own.Check(context.Request);
            return next(context);
        });
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan });
        var connections = app.ApplicationServices.GetRequiredService<ConnectionRegistry>();
        app.Use((context, next) =>
        {
            if (connections.Stopping && HttpProtocol.IsHttp11(context.Request.Protocol) && !context.WebSockets.IsWebSocketRequest)
            {
                // Its next request comes on another connection, and so to another process.
                context.Response.Headers.Connection = "close";
            }

            return next(context);
        });
        var sockets = app.ApplicationServices.GetRequiredService<SocketEndpoint>();
        return app.Use((context, next) => sockets.OpenAtRootAsync(context, next));
    }

    /// <summary>The routes of a process that serves no clients.</summary>
    public static void MapHealth(this IEndpointRouteBuilder routes) =>
        routes.ServiceProvider.GetRequiredService<ServiceEndpoints>().MapHealth(routes);

    /// <summary>The route table.</summary>
    /// <param name="routes">Where it is put.</param>
    /// <param name="streams">Whether the server can keep an answer open: where it cannot, streams and sockets are refused.</param>
    public static void MapGateway(this IEndpointRouteBuilder routes, bool streams = true)
    {
        var services = routes.ServiceProvider;
        services.GetRequiredService<ChatEndpoints>().Map(routes);
        services.GetRequiredService<ConversationEndpoints>().Map(routes);
        services.GetRequiredService<ConversationChangeEndpoints>().Map(routes);
        services.GetRequiredService<ExportEndpoint>().Map(routes);
        services.GetRequiredService<SessionEndpoints>().Map(routes);
        services.GetRequiredService<ServiceEndpoints>().Map(routes);
        services.GetRequiredService<AdminEndpoints>().Map(routes);
        if (streams)
        {
            services.GetRequiredService<EventStreamEndpoint>().Map(routes);
            services.GetRequiredService<SocketEndpoint>().Map(routes);
            return;
        }

        routes.MapGet(EventStreamEndpoint.Route, RefuseAsync);
        routes.MapGet(SocketEndpoint.Route, RefuseAsync);
    }

    private static Task RefuseAsync(HttpContext context) => throw new RequestRefusedException(ErrorCode.NotServedHere);
}
