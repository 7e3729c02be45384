//! A message of a conversation on its way out: may it be sent, by which way, and as what of a thread.
//!
//! Used by whoever writes to customers, so that every message keeps the same rules.

use crate::app::{DeskContext, PublishedPack};
use crate::ids;
use crate::problem::Problem;
use crate::reply_token;
use chrono::{DateTime, Duration, Utc};
use http::StatusCode;
use relevo_channels::{can_send, reach};
use relevo_domain::Private;
use relevo_domain::contact::{Contact, OptOut, Way};
use relevo_domain::conversation::{Conversation, Hold, Outgoing, Party};
use relevo_domain::message::Attachment;
use relevo_domain::outbox::{ChannelMessage, Choices, Entry, MailHeaders, Request, WhatsappTemplate};
use relevo_domain::pack::StopScope;
use relevo_journal::Fold;
use relevo_journal::store::Store;

/// Longest subject of a mail, in characters.
const SUBJECT_CHARS: usize = 250;

/// What a message has beside its text.
#[derive(Debug, Default)]
pub struct Extras {
    /// A template that the provider has approved, instead of the text.
    pub whatsapp: Option<WhatsappTemplate>,
    /// Buttons or a list to choose from.
    pub choices: Option<Choices>,
    /// No person wrote it.
    pub automatic: bool,
    /// Where a POST says that the person wants no more of these.
    pub unsubscribe_url: Option<Private<String>>,
    /// It waits before it is sent.
    pub hold: Option<Hold>,
}

/// Makes the outbox entry of a message, and completes the message with what it is known by on its way.
/// `conversation` is the stream's name, `ordinal` the ticket's, `outbox` the name of the entry's stream.
///
/// # Errors
/// 409 if the channel cannot send, its window is closed, or the contact has opted out or was erased; 422 if it is more than
/// the channel carries.
pub async fn entry<S: Store>(
    context: &DeskContext<S>,
    pack: &PublishedPack,
    (conversation, state): (&str, &Conversation),
    ordinal: u32,
    outbox: &str,
    message: &mut Outgoing,
    extras: Extras,
) -> Result<Entry, Problem> {
    let unknown = || Problem::not_found("unknown_ticket", "there is no such ticket");
    let party = state.party.as_ref().ok_or_else(unknown)?;
    if party.address.value.0.trim().is_empty() {
        return Err(erased());
    }
    // Two programs that answer each other would not stop.
    if extras.automatic && state.ticket(ordinal).is_some_and(|ticket| ticket.automatic) {
        let detail = "a program wrote last: only a person's message goes there";
        return Err(Problem::new(StatusCode::CONFLICT, "automatic_sender", detail));
    }
    let (channel, account) = way(pack, party)?;
    let at = extras.hold.and_then(|hold| hold.until).unwrap_or(context.now);
    refuse_closed_window(pack, state, (&channel, &account), at, extras.whatsapp.is_some())?;
    if extras.whatsapp.is_none() {
        refuse_overlong(&channel, &message.text.0, &message.attachments)?;
    }
    if let Some(said) = opted_out(context, pack, party, (&channel, &account)).await? {
        let detail = format!(
            "the contact has asked on {}{} not to be written to{}; a START from there undoes it",
            said.channel,
            said.account.as_ref().map(|account| format!("/{account}")).unwrap_or_default(),
            if pack.pack.replies.stop_holds_for == StopScope::Desk {
                ", which holds for all channels of this desk"
            } else {
                ""
            },
        );
        return Err(Problem::new(StatusCode::CONFLICT, "opted_out", detail));
    }
    let mut mail = None;
    if reach::is_mail(&channel) {
        let settings = &pack.pack.account(&channel, &account).ok_or_else(unknown)?.settings;
        let message_id = format!("{outbox}@{}", reach::mail_domain(settings));
        let inbox = settings.get("inbox").and_then(serde_json::Value::as_str);
        let ticket = state.ticket(ordinal).ok_or_else(unknown)?;
        message.message_ref = Some(message_id.clone());
        if message.subject.is_none() {
            message.subject = Some(answering(ticket.subject.as_ref().map_or("", |s| &s.0), &pack.pack.name));
        }
        mail = Some(Box::new(MailHeaders {
            message_id,
            references: state.thread.clone(),
            reply_to: inbox.and_then(|inbox| reply_token::address(&context.keys, inbox, conversation)),
            automatic: extras.automatic,
        }));
    }
    message.outbox = Some(outbox.to_owned());
    Ok(Entry {
        ticket: Some(ids::ticket(conversation, ordinal)),
        trace: crate::trace::parent(),
        hold: extras.hold,
        message: Some((conversation.to_owned(), message.id.clone())),
        request: Request::Channel(Box::new(ChannelMessage {
            channel,
            account,
            address: party.address.clone(),
            text: message.text.clone(),
            subject: message.subject.clone(),
            html: message.html.clone(),
            whatsapp: extras.whatsapp,
            attachments: message.attachments.clone(),
            in_reply_to: None,
            choices: extras.choices,
            mail,
            unsubscribe_url: extras.unsubscribe_url,
            tried: Vec::new(),
        })),
    })
}

/// The account that a conversation is answered through: its own, or the one that its setting `reply_through` names
/// (a form is answered by mail).
///
/// # Errors
/// 409 if messages cannot be sent through it.
pub fn way(pack: &PublishedPack, party: &Party) -> Result<(String, String), Problem> {
    let own = pack.pack.account(&party.channel, &party.account);
    let through = own.and_then(|a| a.settings.get("reply_through")?.as_str()?.split_once('/'));
    let (channel, account) = through.unwrap_or((&party.channel, &party.account));
    if !can_send(channel) {
        let detail = format!(
            "messages cannot be sent through the channel {channel}; write a note, or have an admin set reply_through \
             (channel/account) in the settings of the account {}/{}",
            party.channel, party.account
        );
        return Err(Problem::new(StatusCode::CONFLICT, "channel_cannot_send", detail));
    }
    Ok((channel.to_owned(), account.to_owned()))
}

/// Refuses what a channel does not take at a time, because the contact has not written for too long by then.
///
/// # Errors
/// 409.
pub fn refuse_closed_window(
    pack: &PublishedPack,
    state: &Conversation,
    (channel, account): (&str, &str),
    at: DateTime<Utc>,
    is_template: bool,
) -> Result<(), Problem> {
    let settings = pack.pack.account(channel, account).map(|a| a.settings.clone()).unwrap_or_default();
    let Some(hours) = reach::window_hours(channel, &settings) else { return Ok(()) };
    let open = state.last_wrote_at.is_some_and(|last| at - last < Duration::hours(hours));
    if open || (is_template && reach::takes_templates(channel)) {
        return Ok(());
    }
    let instead = if reach::takes_templates(channel) {
        "send a template that has an approved WhatsApp form"
    } else {
        "wait until the contact writes again, or write on another channel"
    };
    let detail = format!("more than {hours} hours since the contact last wrote on this channel; {instead}");
    Err(Problem::new(StatusCode::CONFLICT, "outside_window", detail))
}

/// Refuses what the channel could not deliver however often it was tried.
///
/// # Errors
/// 422, with what the limit is.
pub fn refuse_overlong(channel: &str, text: &str, files: &[Attachment]) -> Result<(), Problem> {
    let files: Vec<&str> = files.iter().map(|file| file.kind.as_str()).collect();
    reach::carries(channel, Some(text), &files).map_err(|why| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "channel_limit", format!("{channel}: {why}"))
    })
}

/// By which account a contact has asked not to be written to, if that holds for the way a message is to go: of the
/// conversation's own account also if that is answered through another one.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn opted_out<S: Store>(
    context: &DeskContext<S>,
    pack: &PublishedPack,
    party: &Party,
    (channel, account): (&str, &str),
) -> Result<Option<OptOut>, Problem> {
    let Some(name) = party.contact.strip_prefix(ids::CONTACT) else { return Ok(None) };
    let loaded = context.journal.load::<Contact>(&context.stream(Contact::KIND, name)?, context.now).await?;
    if let Some(said) = stopped(pack, &loaded.state, (channel, account)) {
        return Ok(Some(said.clone()));
    }
    let is_own = way(pack, party).is_ok_and(|own| own == (channel.to_owned(), account.to_owned()));
    let own = is_own.then(|| stopped(pack, &loaded.state, (&party.channel, &party.account)));
    Ok(own.flatten().cloned())
}

/// The STOP of a contact that holds for an account.
pub fn stopped<'a>(
    pack: &PublishedPack,
    contact: &'a Contact,
    (channel, account): (&str, &str),
) -> Option<&'a OptOut> {
    if pack.pack.replies.stop_holds_for == StopScope::Desk {
        return contact.opt_outs.first();
    }
    let settings = pack.pack.account(channel, account).map(|account| &account.settings);
    contact.stopped(&Way { channel, account: Some(account), sender: settings.and_then(reach::shared_sender) })
}

/// Were the contact's data erased since something was written to them? Then it goes nowhere, also where this instance still
/// knows the keys.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn was_erased_since<S: Store>(
    context: &DeskContext<S>,
    state: &Conversation,
    at: DateTime<Utc>,
) -> Result<bool, Problem> {
    let Some(name) = state.party.as_ref().and_then(|party| party.contact.strip_prefix(ids::CONTACT)) else {
        return Ok(false);
    };
    let loaded = context.journal.load::<Contact>(&context.stream(Contact::KIND, name)?, context.now).await?;
    Ok(loaded.state.erased_at.is_some_and(|erased| erased >= at))
}

/// The answer to whoever would have something sent to somebody whose data were erased.
pub fn erased() -> Problem {
    let detail = "the contact's data were erased: there is no address to write to until they write again";
    Problem::new(StatusCode::CONFLICT, "contact_erased", detail)
}

/// The subject of an answer.
fn answering(subject: &str, desk: &str) -> Private<String> {
    let bare = subject.split(['\r', '\n', '\0']).map(str::trim).collect::<Vec<_>>().join(" ");
    let bare = bare.trim();
    let is_answer = bare.get(..3).is_some_and(|re| re.eq_ignore_ascii_case("re:"));
    let text = match (bare.is_empty(), is_answer) {
        (true, _) => desk.to_owned(),
        (false, true) => bare.to_owned(),
        (false, false) => format!("Re: {bare}"),
    };
    text.chars().take(SUBJECT_CHARS).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_marked_once_and_holds_in_one_line() {
        assert_eq!(answering("Factura", "Desk").0, "Re: Factura");
        assert_eq!(answering("RE: Factura", "Desk").0, "RE: Factura");
        assert_eq!(answering("a\r\nBcc: x", "Desk").0, "Re: a  Bcc: x");
        assert_eq!(answering(" \n", "Desk").0, "Desk");
        assert_eq!(answering("é", "Desk").0, "Re: é");
        assert_eq!(answering(&"x".repeat(999), "Desk").0.chars().count(), SUBJECT_CHARS);
    }
}
