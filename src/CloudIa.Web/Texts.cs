namespace CloudIa.Web;

/// <summary>Every text of the page, in the two languages it speaks.</summary>
public sealed record Texts(string Language)
{
    public required string NewConversation { get; init; }
    public required string Conversations { get; init; }
    public required string NoConversations { get; init; }
    public required string ShowConversations { get; init; }
    public required string MoreConversations { get; init; }
    public required string EarlierMessages { get; init; }
    public required string Theme { get; init; }
    public required string Greeting { get; init; }
    public required string GreetingHint { get; init; }
    public required string Placeholder { get; init; }
    public required string Model { get; init; }
    public required string Send { get; init; }
    public required string Stop { get; init; }
    public required string Copy { get; init; }
    public required string ToEnd { get; init; }
    public required string You { get; init; }
    public required string Sending { get; init; }
    public required string Queued { get; init; }
    public required string Thinking { get; init; }
    public required string Deferred { get; init; }
    public required string Stopped { get; init; }
    public required string Failed { get; init; }
    public required string NotSent { get; init; }
    public required string TryAgain { get; init; }
    public required string Connected { get; init; }
    public required string Connecting { get; init; }
    public required string Waiting { get; init; }
    public required string Unreachable { get; init; }
    public required string NotFound { get; init; }
    public required string TooFast { get; init; }
    public required string TooLong { get; init; }
    public required string SomethingWrong { get; init; }
    public required string Image { get; init; }
    public required string Busy { get; init; }
    public required string Search { get; init; }
    public required string NothingFound { get; init; }
    public required string MoreActions { get; init; }
    public required string Rename { get; init; }
    public required string NewTitle { get; init; }
    public required string ExportMarkdown { get; init; }
    public required string ExportJson { get; init; }
    public required string Delete { get; init; }
    public required string DeleteQuestion { get; init; }
    public required string DeleteHint { get; init; }
    public required string Cancel { get; init; }
    public required string Save { get; init; }
    public required string Instructions { get; init; }
    public required string InstructionsHint { get; init; }
    public required string InstructionsExample { get; init; }
    public required string CopyMessage { get; init; }
    public required string Edit { get; init; }
    public required string EditMessage { get; init; }
    public required string EditHint { get; init; }
    public required string Regenerate { get; init; }
    public required string EarlierVersion { get; init; }
    public required string LaterVersion { get; init; }
    public required string WhenBusy { get; init; }
    public required string Wait { get; init; }
    public required string InterruptIt { get; init; }
    public required string Opening { get; init; }
    public required string MissingTitle { get; init; }
    public required string DeletedTitle { get; init; }
    public required string DeletedHint { get; init; }
    public required string Forked { get; init; }

    public static Texts For(string language) =>
        language.StartsWith("pt", StringComparison.OrdinalIgnoreCase) ? Portuguese : English;

    public static Texts English { get; } = new("en")
    {
        NewConversation = "New conversation",
        Conversations = "Conversations",
        NoConversations = "Your conversations will be listed here.",
        ShowConversations = "Show conversations",
        MoreConversations = "Older conversations",
        EarlierMessages = "Earlier messages",
        Theme = "Light or dark",
        Greeting = "Hello, I'm Claudia.",
        GreetingHint = "Ask me anything. If the connection drops, your answer will still be here.",
        Placeholder = "Write a message…",
        Model = "Model",
        Send = "Send",
        Stop = "Stop",
        Copy = "Copy",
        ToEnd = "To the end",
        You = "You",
        Sending = "Sending…",
        Queued = "In the queue…",
        Thinking = "Thinking…",
        Deferred = "The model is not available right now. Your message is kept and will be answered.",
        Stopped = "Stopped.",
        Failed = "This message could not be answered.",
        NotSent = "Your message was not sent.",
        TryAgain = "Try again",
        Connected = "Connected",
        Connecting = "Connecting…",
        Waiting = "Connection lost. Reconnecting by itself; nothing is lost.",
        Unreachable = "The service cannot be reached.",
        NotFound = "This conversation does not exist, or it belongs to another session.",
        TooFast = "That was a lot of messages at once. Wait a moment and try again.",
        TooLong = "This message is too long.",
        SomethingWrong = "Something went wrong.",
        Image = "image",
        Busy = "Claudia is still answering here. Try again when the answer has ended.",
        Search = "Search conversations",
        NothingFound = "No conversation holds these words.",
        MoreActions = "More actions",
        Rename = "Rename",
        NewTitle = "New title",
        ExportMarkdown = "Export as Markdown",
        ExportJson = "Export as JSON",
        Delete = "Delete",
        DeleteQuestion = "Delete this conversation?",
        DeleteHint = "It is deleted with everything in it. This cannot be undone.",
        Cancel = "Cancel",
        Save = "Save",
        Instructions = "Instructions",
        InstructionsHint = "What Claudia is told before everything else in this conversation. Left empty, the service's own instructions hold.",
        InstructionsExample = "For example: Answer briefly, and in Portuguese.",
        CopyMessage = "Copy",
        Edit = "Edit",
        EditMessage = "Edit message",
        EditHint = "Goes on in a new conversation, from here. This one stays as it is.",
        Regenerate = "Answer again",
        EarlierVersion = "Earlier answer",
        LaterVersion = "Later answer",
        WhenBusy = "What a message does while an answer runs",
        Wait = "Wait its turn",
        InterruptIt = "Interrupt",
        Opening = "Opening the conversation…",
        MissingTitle = "There is no such conversation here",
        DeletedTitle = "This conversation was deleted",
        DeletedHint = "It was deleted in another tab or on another device.",
        Forked = "Continued from an earlier conversation",
    };

    public static Texts Portuguese { get; } = new("pt-BR")
    {
        NewConversation = "Nova conversa",
        Conversations = "Conversas",
        NoConversations = "Suas conversas aparecerão aqui.",
        ShowConversations = "Mostrar conversas",
        MoreConversations = "Conversas mais antigas",
        EarlierMessages = "Mensagens anteriores",
        Theme = "Claro ou escuro",
        Greeting = "Olá, eu sou a Claudia.",
        GreetingHint = "Pergunte o que quiser. Se a conexão cair, sua resposta continuará aqui.",
        Placeholder = "Escreva uma mensagem…",
        Model = "Modelo",
        Send = "Enviar",
        Stop = "Parar",
        Copy = "Copiar",
        ToEnd = "Ir para o fim",
        You = "Você",
        Sending = "Enviando…",
        Queued = "Na fila…",
        Thinking = "Pensando…",
        Deferred = "O modelo não está disponível agora. Sua mensagem está guardada e será respondida.",
        Stopped = "Interrompida.",
        Failed = "Não foi possível responder a esta mensagem.",
        NotSent = "Sua mensagem não foi enviada.",
        TryAgain = "Tentar de novo",
        Connected = "Conectado",
        Connecting = "Conectando…",
        Waiting = "Conexão perdida. Reconectando sozinho; nada se perde.",
        Unreachable = "Não foi possível alcançar o serviço.",
        NotFound = "Esta conversa não existe ou pertence a outra sessão.",
        TooFast = "Foram muitas mensagens de uma vez. Espere um momento e tente de novo.",
        TooLong = "Esta mensagem é longa demais.",
        SomethingWrong = "Algo deu errado.",
        Image = "imagem",
        Busy = "Claudia ainda está respondendo aqui. Tente de novo quando a resposta terminar.",
        Search = "Buscar conversas",
        NothingFound = "Nenhuma conversa tem estas palavras.",
        MoreActions = "Mais ações",
        Rename = "Renomear",
        NewTitle = "Novo título",
        ExportMarkdown = "Exportar em Markdown",
        ExportJson = "Exportar em JSON",
        Delete = "Excluir",
        DeleteQuestion = "Excluir esta conversa?",
        DeleteHint = "Ela é excluída com tudo o que contém. Não dá para desfazer.",
        Cancel = "Cancelar",
        Save = "Salvar",
        Instructions = "Instruções",
        InstructionsHint = "O que Claudia lê antes de tudo nesta conversa. Em branco, valem as instruções do próprio serviço.",
        InstructionsExample = "Por exemplo: responda em poucas palavras, em inglês.",
        CopyMessage = "Copiar",
        Edit = "Editar",
        EditMessage = "Editar mensagem",
        EditHint = "Continua em uma nova conversa, a partir daqui. Esta fica como está.",
        Regenerate = "Responder de novo",
        EarlierVersion = "Resposta anterior",
        LaterVersion = "Resposta seguinte",
        WhenBusy = "O que a mensagem faz durante uma resposta",
        Wait = "Aguardar a vez",
        InterruptIt = "Interromper",
        Opening = "Abrindo a conversa…",
        MissingTitle = "Esta conversa não está aqui",
        DeletedTitle = "Esta conversa foi excluída",
        DeletedHint = "Ela foi excluída em outra aba ou em outro dispositivo.",
        Forked = "Continuação de uma conversa anterior",
    };
}
