//! From an outbox entry to the request that its receiver understands.

use crate::whatsapp;
use http::{HeaderMap, Method, Uri};
use relevo_channels::{
    Account, Choice, Choices, FileSource, FormatError, Interactive, Outbound, OutboundFile, OutboundMail,
    OutboundRequest, Outcome, Secret, Section, Template, reach,
};
use relevo_domain::message::Attachment;
use relevo_domain::outbox::{ChannelMessage, Entry, MailHeaders, Request};
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_edge::{clock, file_link, variables};
use serde_json::Value;

/// A request, ready to be sent, and how its answer is read.
pub struct Prepared {
    /// Method.
    pub method: Method,
    /// Where to.
    pub url: Uri,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
    /// Reads the answer: status, headers, body.
    pub outcome: fn(u16, &HeaderMap, &[u8]) -> Outcome,
}

/// Why there is no request, in words for the desk, without personal data.
pub enum Unprepared {
    /// It cannot be sent as it is.
    Refused(String),
    /// What it takes cannot be had now.
    NotNow(String),
}

impl From<&str> for Unprepared {
    fn from(why: &str) -> Self {
        Self::Refused(why.to_owned())
    }
}

impl From<String> for Unprepared {
    fn from(why: String) -> Self {
        Self::Refused(why)
    }
}

impl From<Unprepared> for Outcome {
    fn from(unprepared: Unprepared) -> Self {
        match unprepared {
            Unprepared::Refused(why) => Self::Refused { why },
            Unprepared::NotNow(why) => Self::Retry { after_seconds: None, why },
        }
    }
}

impl From<Problem> for Unprepared {
    fn from(problem: Problem) -> Self {
        match problem.status.is_server_error() {
            true => Self::NotNow(problem.detail),
            false => Self::Refused(problem.detail),
        }
    }
}

/// Makes the request of an entry.
///
/// # Errors
/// Why there is none.
pub async fn prepare(context: &DeskContext, name: &str, entry: &Entry) -> Result<Prepared, Unprepared> {
    match &entry.request {
        Request::Channel(message) => to_person(context, name, message).await,
        Request::Fetch(_) | Request::Handshake { .. } | Request::Issue(_) | Request::ReadBack(_) => {
            Err("it is asked for, not sent".into())
        }
        Request::Subscriber { subscriber, body, .. } => {
            to_subscriber(context, name, subscriber, &body.0).await
        }
    }
}

async fn to_person(
    context: &DeskContext,
    name: &str,
    message: &ChannelMessage,
) -> Result<Prepared, Unprepared> {
    let send =
        relevo_channels::sender(&message.channel).ok_or("messages cannot be sent through this channel")?;
    let outbound = outbound(context, name, message).await?;
    let made = |account: &Account| (send.format)(&outbound, account, clock::now());
    through(context, &message.channel, &message.account, send.base_url, made, send.outcome).await
}

/// A request to a provider through a channel account.
async fn through(
    context: &DeskContext,
    channel: &str,
    account: &str,
    base_url: Option<&'static str>,
    make: impl FnOnce(&Account) -> Result<OutboundRequest, FormatError>,
    outcome: fn(u16, &HeaderMap, &[u8]) -> Outcome,
) -> Result<Prepared, Unprepared> {
    let Reached { account, base, stand_in, .. } = reach(context, channel, account, base_url).await?;
    let request = make(&account).map_err(|e| e.to_string())?;
    let url = format!("{}{}", base.trim_end_matches('/'), request.path);
    let url = relevo_outward::parse(&url, &stand_in)?;
    Ok(Prepared { method: request.method, url, headers: request.headers, body: request.body, outcome })
}

/// A channel account, and where its provider is.
pub struct Reached {
    /// The account with its secrets.
    pub account: Account,
    /// Scheme and host of the provider's API.
    pub base: String,
    /// The stand-in's origin, if there is one: the one address that need not be public.
    pub stand_in: String,
    /// The stand-in plays every provider.
    pub is_rehearsal: bool,
}

/// Finds an account and its provider.
///
/// # Errors
/// Why there is none.
pub async fn reach(
    context: &DeskContext,
    channel: &str,
    account: &str,
    base_url: Option<&'static str>,
) -> Result<Reached, Unprepared> {
    let pack = context.pack().await?;
    let account = context.account(&pack.pack, channel, account)?;
    let account = account.ok_or("the pack no longer has this channel account")?;
    // One variable points every provider at a stand-in, for rehearsals.
    let rehearsal = variables::kept("provider_base").await;
    let base = match (rehearsal.as_str(), account.setting("base_url"), base_url) {
        ("", Some(own), _) => own,
        ("", None, Some(providers)) => providers.to_owned(),
        ("", None, None) => return Err("the channel account lacks `base_url`".into()),
        (rehearsal, ..) => rehearsal.to_owned(),
    };
    let stand_in = stand_in(&rehearsal).await;
    Ok(Reached { account, base, stand_in, is_rehearsal: !rehearsal.is_empty() })
}

async fn outbound(
    context: &DeskContext,
    name: &str,
    message: &ChannelMessage,
) -> Result<Outbound, Unprepared> {
    let template = message.whatsapp.as_ref().filter(|_| reach::takes_templates(&message.channel));
    let template = template.map(|template| Template {
        name: template.name.clone(),
        language: template.language.clone(),
        header: template.header.as_ref().map(whatsapp::header),
        body: whatsapp::parameters(template),
        buttons: template.buttons.iter().filter_map(whatsapp::button).collect(),
    });
    let mail = message.subject.as_ref().map(|subject| {
        let headers = message.mail.as_deref().cloned().unwrap_or_else(|| MailHeaders {
            message_id: format!("{name}@relevo.invalid"),
            ..MailHeaders::default()
        });
        OutboundMail {
            subject: subject.clone(),
            html: message.html.clone(),
            message_id: headers.message_id,
            references: headers.references,
            reply_to: headers.reply_to,
            unsubscribe_url: message.unsubscribe_url.clone(),
            automatic: headers.automatic,
        }
    });
    let mut attachments = Vec::new();
    if template.is_none() {
        for file in &message.attachments {
            attachments.push(attached(context, file, reach::is_mail(&message.channel)).await?);
        }
    }
    Ok(Outbound {
        template: template.clone(),
        attachments,
        in_reply_to: message.in_reply_to.clone(),
        mail,
        interactive: message.choices.as_ref().map(|choices| interactive(&message.channel, choices)),
        text: template.is_none().then(|| message.text.clone()),
        ..Outbound::text(format!("out_{name}"), message.address.clone(), "")
    })
}

/// A stored file: a mail carries its bytes, other providers fetch them through a signed link.
async fn attached(
    context: &DeskContext,
    file: &Attachment,
    as_bytes: bool,
) -> Result<OutboundFile, Unprepared> {
    let source = if as_bytes {
        let id = file_link::stored(&file.reference).ok_or("a file is not in the store")?;
        let bytes = context.journal.get_blob(&context.desk, &id).await.map_err(Problem::from)?;
        FileSource::Bytes(bytes.ok_or("a file is no longer in the store")?.into())
    } else {
        let until = clock::now() + file_link::FOR_PROVIDERS;
        let mime = file.mime_type.as_deref();
        let path = file_link::path(&context.keys, context.desk.as_str(), &file.reference, mime, until);
        let origin = variables::get("public_url").await;
        if origin.is_empty() {
            return Err("the variable public_url is not set: the provider could not fetch the file".into());
        }
        let path = path.ok_or("a file is not in the store")?;
        FileSource::Link(format!("{}{path}", origin.trim_end_matches('/')).into())
    };
    Ok(OutboundFile {
        kind: file.kind.clone(),
        source,
        mime_type: file.mime_type.clone(),
        filename: file.filename.clone(),
    })
}

/// The stand-in's origin, if there is one: the one address that need not be public.
async fn stand_in(base: &str) -> String {
    if base.is_empty() { variables::kept("rehearsal_host").await } else { base.to_owned() }
}

/// What can be chosen, as buttons where the channel shows so many, else as a list.
fn interactive(channel: &str, choices: &relevo_domain::outbox::Choices) -> Interactive {
    let one =
        |(id, title): &(String, String)| Choice { id: id.clone(), title: title.clone(), description: None };
    let items: Vec<Choice> = choices.items.iter().map(one).collect();
    let choices = if channel == "whatsapp" && items.len() > 3 {
        Choices::List {
            button: choices.button.clone(),
            sections: vec![Section { title: None, choices: items }],
        }
    } else {
        Choices::Buttons(items)
    };
    Interactive { header: None, footer: None, choices }
}

async fn to_subscriber(
    context: &DeskContext,
    name: &str,
    subscriber: &str,
    body: &Value,
) -> Result<Prepared, Unprepared> {
    let known = context.config.state.subscribers.get(subscriber).ok_or("the subscriber was removed")?;
    let purpose = format!("subscriber/{subscriber}");
    let secret = context.keys.open(&purpose, &known.sealed).map_err(|e| e.to_string())?;
    let secret = String::from_utf8(secret).map_err(|_| "the subscriber's secret is not usable")?;
    let url = relevo_outward::parse(&known.url, &stand_in("").await)?;
    let bytes = serde_json::to_vec(body).map_err(|e| e.to_string())?;
    let mut headers =
        relevo_channels::standard::sign(&format!("out_{name}"), &bytes, &[Secret::new(secret)], clock::now())
            .map_err(|e| e.to_string())?;
    headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    Ok(Prepared {
        method: Method::POST,
        url,
        headers,
        body: bytes,
        outcome: relevo_channels::standard::outcome,
    })
}
