using CloudIa.Protocol;

namespace CloudIa.Web.Chat;

/// <summary>
/// The one menu of things to do with a conversation, opened from its row in the list or from the page's head, and
/// what it has begun there: a new title, or the question whether to delete.
/// </summary>
internal sealed class ConversationMenu
{
    /// <summary>What the menu is about; null before it was ever opened.</summary>
    public ConversationView? About { get; private set; }

    /// <summary>Opened in the page's head, not in the list: a new title is written there as well.</summary>
    public bool InHeader { get; private set; }

    /// <summary>The conversation whose title is being written; null: none.</summary>
    public string? Renaming { get; private set; }

    /// <summary>The conversation that the reader is asked about; null: none.</summary>
    public ConversationView? Deleting { get; private set; }

    public event Action? Changed;

    public void Open(ConversationView about, bool inHeader)
    {
        (About, InHeader, Renaming) = (about, inHeader, null);
        Changed?.Invoke();
        Page.OpenMenu(inHeader ? "menu-here" : $"menu-{about.ConversationId}");
    }

    public void Rename()
    {
        Renaming = About?.ConversationId;
        Close();
    }

    public void Delete()
    {
        Deleting = About;
        Close();
    }

    /// <summary>What was begun is done, or given up.</summary>
    public void End()
    {
        (Renaming, Deleting) = (null, null);
        Changed?.Invoke();
    }

    public void Close()
    {
        Page.CloseMenu();
        Changed?.Invoke();
    }
}
