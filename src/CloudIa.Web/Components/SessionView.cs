using CloudIa.Web.Chat;
using Microsoft.AspNetCore.Components;

namespace CloudIa.Web.Components;

/// <summary>A part of the page that is drawn anew when the session has changed.</summary>
public abstract class SessionView : ComponentBase, IDisposable
{
    [Inject]
    internal ChatSession Session { get; set; } = null!;

    protected override void OnInitialized() => Session.Changed += StateHasChanged;

    public virtual void Dispose()
    {
        Session.Changed -= StateHasChanged;
        GC.SuppressFinalize(this);
    }
}
