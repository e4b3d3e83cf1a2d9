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

    /// <summary>Puts the cursor into a field and selects what is in it.</summary>
    [JSImport("select", Module)]
    public static partial void Select(string id);

    /// <summary>Puts the cursor behind what is in a field.</summary>
    [JSImport("writeOn", Module)]
    public static partial void WriteOn(string id);

    [JSImport("copy", Module)]
    public static partial void Copy(string text);

    /// <summary>Opens the menu beside a button.</summary>
    [JSImport("openMenu", Module)]
    public static partial void OpenMenu(string button);

    [JSImport("closeMenu", Module)]
    public static partial void CloseMenu();

    [JSImport("openDialog", Module)]
    public static partial void OpenDialog(string id);

    [JSImport("closeDialog", Module)]
    public static partial void CloseDialog(string id);

    [JSImport("focusMessage", Module)]
    public static partial void FocusMessage();

    [JSImport("toggleTheme", Module)]
    public static partial void ToggleTheme();
}
