using System.Runtime.InteropServices.JavaScript;

namespace CloudIa.Web;

/// <summary>What only the page's own script can do (wwwroot/js/page.js).</summary>
internal static partial class Page
{
    public const string Module = "page";

    /// <summary>The browser's language, as "pt-BR".</summary>
    [JSImport("language", Module)]
    public static partial string Language();

    /// <summary>What was typed before the app had started, or before a reload.</summary>
    [JSImport("draft", Module)]
    public static partial string Draft();

    [JSImport("clearDraft", Module)]
    public static partial void ClearDraft();

    [JSImport("title", Module)]
    public static partial void SetTitle(string title);

    /// <summary>Keeps the end of the log in view from here on, until the reader scrolls up.</summary>
    [JSImport("showEnd", Module)]
    public static partial void ShowEnd();

    /// <summary>Keeps in place what the reader sees while earlier messages are put in above it.</summary>
    [JSImport("keepPlace", Module)]
    public static partial void KeepPlace();

    [JSImport("focusMessage", Module)]
    public static partial void FocusMessage();

    [JSImport("toggleTheme", Module)]
    public static partial void ToggleTheme();
}
