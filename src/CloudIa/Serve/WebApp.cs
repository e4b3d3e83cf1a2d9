namespace CloudIa.Serve;

/// <summary>Serves the web app: static files, and its one page for every address that is the page's own.</summary>
internal static class WebApp
{
    /// <summary>Everything from here, nothing inline, no pictures from elsewhere. WebAssembly needs its own word.</summary>
    private const string ContentSecurityPolicy =
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

    public static void UseWebApp(this WebApplication app) => app.Use((context, next) =>
    {
        // What a browser could show as a page is what it gets by GET.
        if (HttpMethods.IsGet(context.Request.Method))
        {
            var headers = context.Response.Headers;
            headers.ContentSecurityPolicy = ContentSecurityPolicy;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "no-referrer";
        }

        return next(context);
    });

    public static void MapWebApp(this WebApplication app)
    {
        app.MapStaticAssets();
        app.MapFallbackToFile("/", "index.html");
        app.MapFallbackToFile("/c/{conversationId}", "index.html");
    }
}
