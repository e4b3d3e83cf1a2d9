using System.Collections.Frozen;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Errors;

/// <summary>What a code means to a client: its HTTP status, whether the same may succeed later, and its text for people.</summary>
public sealed record ErrorText(int Status, bool Retryable, string English, string Portuguese)
{
    private static readonly FrozenDictionary<string, ErrorText> All = new Dictionary<string, ErrorText>
    {
        [ErrorCode.InvalidJson] = new(400, false, "The body is not the JSON that is expected here.", "O corpo não é o JSON esperado aqui."),
        [ErrorCode.InvalidRequest] = new(400, false, "The request is not valid.", "A requisição não é válida."),
        [ErrorCode.MessageEmpty] = new(400, false, "The message is empty.", "A mensagem está vazia."),
        [ErrorCode.MessageTooLong] = new(400, false, "The message is too long.", "A mensagem é longa demais."),
        [ErrorCode.RoleNotUser] = new(400, false, "The role must be \"user\".", "O papel deve ser \"user\"."),
        [ErrorCode.ModelUnknown] = new(400, false, "There is no model of this name.", "Não há modelo com este nome."),
        [ErrorCode.CursorInvalid] = new(400, false, "The cursor is not one that this service gave.", "O cursor não foi emitido por este serviço."),
        [ErrorCode.KeyInvalid] = new(400, false, "The Idempotency-Key must be 1 to 255 characters.", "A Idempotency-Key deve ter de 1 a 255 caracteres."),
        [ErrorCode.TitleInvalid] = new(400, false, "The title must be 1 to 200 characters.", "O título deve ter de 1 a 200 caracteres."),
        [ErrorCode.SystemPromptTooLong] = new(400, false, "The system prompt is too long.", "O prompt de sistema é longo demais."),
        [ErrorCode.ActionUnknown] = new(400, false, "There is no such action.", "Não existe essa ação."),
        [ErrorCode.FrameNotText] = new(400, false, "Only text frames are read.", "Somente quadros de texto são lidos."),
        [ErrorCode.HostUnknown] = new(400, false, "The service does not go by this name (Gateway:AllowedHosts has its names).", "O serviço não atende por este nome (seus nomes estão em Gateway:AllowedHosts)."),
        [ErrorCode.TokenMissing] = new(401, false, "A token is needed.", "É necessário um token."),
        [ErrorCode.TokenInvalid] = new(401, false, "The token is not valid.", "O token não é válido."),
        [ErrorCode.TokenExpired] = new(401, false, "The session has expired.", "A sessão expirou."),
        [ErrorCode.TicketInvalid] = new(401, false, "The ticket was used, has expired or never was.", "O tíquete já foi usado, expirou ou nunca existiu."),
        [ErrorCode.OriginForbidden] = new(403, false, "This origin may not do that.", "Esta origem não pode fazer isso."),
        [ErrorCode.AdminLocalOnly] = new(403, false, "This is served to the service's own machine alone.", "Isto só é atendido na própria máquina do serviço."),
        [ErrorCode.NotFound] = new(404, false, "There is nothing here, or it is not yours.", "Não há nada aqui, ou não é seu."),
        [ErrorCode.MethodNotAllowed] = new(405, false, "This method is not served here.", "Este método não é atendido aqui."),
        [ErrorCode.ConversationBusy] = new(409, true, "The conversation is still answering.", "A conversa ainda está respondendo."),
        [ErrorCode.NothingToRegenerate] = new(409, false, "There is no answer to make again.", "Não há resposta para refazer."),
        [ErrorCode.ConversationDeleted] = new(410, false, "The conversation was deleted.", "A conversa foi apagada."),
        [ErrorCode.RequestTimeout] = new(408, true, "The request came too slowly.", "A requisição chegou devagar demais."),
        [ErrorCode.BodyTooLarge] = new(413, false, "The body is too large.", "O corpo é grande demais."),
        [ErrorCode.FrameTooLarge] = new(413, false, "The frame is too large.", "O quadro é grande demais."),
        [ErrorCode.KeyReused] = new(422, false, "The Idempotency-Key was used with another body.", "A Idempotency-Key já foi usada com outro corpo."),
        [ErrorCode.RateLimited] = new(429, true, "Too many requests; please wait a moment.", "Requisições demais; aguarde um momento."),
        [ErrorCode.TooManyJobs] = new(429, true, "Too many of your messages are still without an answer; please wait for one of them.", "Mensagens suas demais ainda estão sem resposta; aguarde uma delas."),
        [ErrorCode.TooManyConnections] = new(429, true, "Too many connections are open.", "Há conexões abertas demais."),
        [ErrorCode.Internal] = new(500, true, "Something went wrong here.", "Algo deu errado aqui."),
        [ErrorCode.AnswerTooLarge] = new(500, false, "What was asked for is too large to be sent here; ask for less of it.", "O que foi pedido é grande demais para ser enviado aqui; peça menos."),
        [ErrorCode.NotServedHere] = new(501, false, "Streams and sockets are not served at this address.", "Streams e sockets não são atendidos neste endereço."),
        [ErrorCode.QueueUnavailable] = new(502, true, "The message was not taken: the queue is away.", "A mensagem não foi aceita: a fila está fora do ar."),
        [ErrorCode.StorageFull] = new(503, true, "The message was not taken: the disk is full.", "A mensagem não foi aceita: o disco está cheio."),
        [ErrorCode.HistoryUnavailable] = new(503, true, "The conversations cannot be read right now.", "As conversas não podem ser lidas agora."),
        [ErrorCode.RelayUnavailable] = new(503, true, "Sockets cannot be served right now; please try again.", "Sockets não podem ser atendidos agora; tente de novo."),
        [ErrorCode.ShuttingDown] = new(503, true, "This server is going down; please try again.", "Este servidor está parando; tente de novo."),
        [ErrorCode.OutOfTime] = new(504, true, "There was no answer in time.", "Não houve resposta a tempo."),
        [ErrorCode.ModelThrottled] = new(503, true, "The model has too many requests.", "O modelo está com requisições demais."),
        [ErrorCode.ModelOverloaded] = new(503, true, "The model is overloaded.", "O modelo está sobrecarregado."),
        [ErrorCode.ModelFailed] = new(502, true, "The model failed.", "O modelo falhou."),
        [ErrorCode.ModelTimeout] = new(504, true, "The model did not answer in time.", "O modelo não respondeu a tempo."),
        [ErrorCode.ModelUnreachable] = new(502, true, "The model cannot be reached.", "O modelo não pode ser alcançado."),
        [ErrorCode.ModelStreamBroken] = new(502, true, "The model's answer broke off.", "A resposta do modelo foi interrompida."),
        [ErrorCode.ModelRefused] = new(422, false, "The model refused to answer.", "O modelo se recusou a responder."),
        [ErrorCode.ModelBadRequest] = new(502, false, "The model did not accept the request.", "O modelo não aceitou a requisição."),
        [ErrorCode.ModelBadCredentials] = new(502, false, "The model did not accept the service's key.", "O modelo não aceitou a chave do serviço."),
        [ErrorCode.CircuitOpen] = new(503, true, "Circuit breaker open: the model is not available. Your message waits for it.", "Circuit Breaker ativado: API LLM indisponível."),
        [ErrorCode.DeadlineExceeded] = new(503, true, "No model was available in time.", "Nenhum modelo esteve disponível a tempo."),
        [ErrorCode.MessageUnreadable] = new(409, false, "The message was damaged where it waited, and cannot be read.", "A mensagem foi danificada enquanto esperava e não pode ser lida."),
        [ErrorCode.AttemptsExhausted] = new(503, true, "No attempt to answer came to an end.", "Nenhuma tentativa de responder chegou ao fim."),
    }.ToFrozenDictionary();

    /// <summary>Every code that has a text.</summary>
    public static IEnumerable<string> Codes => All.Keys;

    /// <summary>The code's meaning; that of an internal error where the code is new to this table.</summary>
    public static ErrorText Of(string code) => All.GetValueOrDefault(code) ?? All[ErrorCode.Internal];

    /// <summary>An event as its client reads it: an error with its code's text, and whether the same may succeed later.</summary>
    public static ServerEvent Said(ServerEvent sent, string? acceptLanguage)
    {
        if (sent is not ErrorEvent error)
        {
            return sent;
        }

        var text = Of(error.Code);
        return error with { Message = text.In(acceptLanguage), Retryable = text.Retryable };
    }

    /// <summary>The text in the language that an Accept-Language header asks for first; English unless that is Portuguese.</summary>
    public string In(string? acceptLanguage) =>
        acceptLanguage is not null && acceptLanguage.TrimStart().StartsWith("pt", StringComparison.OrdinalIgnoreCase) ? Portuguese : English;
}
