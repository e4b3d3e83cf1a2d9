using System.Runtime.InteropServices.JavaScript;
using CloudIa.Client;
using CloudIa.Client.Live;
using CloudIa.Web;
using CloudIa.Web.Chat;
using CloudIa.Web.Components;
using Microsoft.AspNetCore.Components.WebAssembly.Hosting;

if (!OperatingSystem.IsBrowser())
    throw new PlatformNotSupportedException("This is the web app: it runs in a browser, from the files that `cloudia serve` serves.");

var builder = WebAssemblyHostBuilder.CreateDefault(args);
await JSHost.ImportAsync(Page.Module, "../js/page.js");

var service = new Uri(builder.HostEnvironment.BaseAddress);
builder.Services.AddSingleton(Texts.For(Page.Language()));
var http = new HttpClient { BaseAddress = service };
builder.Services.AddSingleton(new Entrance(http));
var client = new CloudIaClient(http);
builder.Services.AddSingleton(client);
builder.Services.AddSingleton(new LiveConnection(
    service, token: () => null, renew: async cancel => (await client.CreateSessionAsync(cancel)).Token));
builder.Services.AddSingleton<ChatSession>();
builder.Services.AddSingleton<ConversationMenu>();
builder.RootComponents.Add<App>("#app");
await builder.Build().RunAsync();
