//! What mail programs write around quotations, in the languages of our desks and their neighbours, in small letters.

/// What ends the line before a quotation: `On … wrote:`.
pub(super) const WROTE: [&str; 12] = [
    "wrote:",
    "escribió:",
    "escribio:",
    "a écrit :",
    "a écrit:",
    "schrieb:",
    "написал:",
    "написала:",
    "написал(а):",
    "пишет:",
    "ha scritto:",
    "escreveu:",
];

/// What begins that line, where it is no date.
pub(super) const ON: [&str; 7] = ["on ", "el ", "le ", "am ", "il ", "em ", "в "];

/// Days of the week, which begin that line in Russian.
pub(super) const WEEKDAYS: [&str; 14] = [
    "пн",
    "вт",
    "ср",
    "чт",
    "пт",
    "сб",
    "вс",
    "понедельник",
    "вторник",
    "среда",
    "четверг",
    "пятница",
    "суббота",
    "воскресенье",
];

/// Lines, but for dashes, that begin a quotation in Outlook's manner.
pub(super) const ORIGINAL: [&str; 8] = [
    "original message",
    "mensaje original",
    "message d'origine",
    "message original",
    "ursprüngliche nachricht",
    "исходное сообщение",
    "messaggio originale",
    "mensagem original",
];

/// Lines, but for dashes and a colon, that begin a mail that is passed on.
pub(super) const FORWARDED: [&str; 19] = [
    "forwarded message",
    "begin forwarded message",
    "mensaje reenviado",
    "inicio del mensaje reenviado",
    "message transféré",
    "message transmis",
    "début du message transféré",
    "début du message réexpédié",
    "weitergeleitete nachricht",
    "anfang der weitergeleiteten nachricht",
    "пересылаемое сообщение",
    "пересланное сообщение",
    "перенаправленное сообщение",
    "переадресованное сообщение",
    "начало переадресованного сообщения",
    "начало пересылаемого сообщения",
    "messaggio inoltrato",
    "inizio messaggio inoltrato",
    "mensagem encaminhada",
];

/// What a subject begins with when somebody answers.
pub(super) const REPLY: [&str; 7] = ["re", "res", "aw", "r", "rif", "отв", "ha"];

/// What a subject begins with when somebody passes a mail on.
pub(super) const FORWARD: [&str; 8] = ["fwd", "fw", "rv", "tr", "wg", "enc", "i", "пересл"];

/// Names of header fields that a quotation begins with.
pub(super) const FROM: [&str; 6] = ["from", "de", "von", "от", "от кого", "da"];
/// When it was sent, as Outlook says it and nobody else.
pub(super) const SENT: [&str; 9] = [
    "sent",
    "enviado",
    "enviado el",
    "envoyé",
    "envoyé le",
    "gesendet",
    "отправлено",
    "inviato",
    "enviada em",
];
pub(super) const DATE: [&str; 6] = ["date", "fecha", "datum", "дата", "data", "date d'envoi"];
pub(super) const TO: [&str; 6] = ["to", "para", "a", "à", "an", "кому"];
pub(super) const SUBJECT: [&str; 6] = ["subject", "asunto", "objet", "betreff", "тема", "oggetto"];

/// What telephones put below a mail.
pub(super) const SENT_FROM: [&str; 8] = [
    "sent from my ",
    "enviado desde mi ",
    "envoyé de mon ",
    "envoyé depuis mon ",
    "отправлено с ",
    "get outlook for ",
    "obtener outlook para ",
    "gesendet von meinem ",
];
