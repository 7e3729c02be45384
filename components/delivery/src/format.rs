//! From an outbox entry to the request that its receiver understands.

use http::{HeaderMap, Method, Uri};
use relevo_channels::{
    Choice, Choices, Interactive, Outbound, OutboundMail, Outcome, Parameter, Secret, Section, Template,
};
use relevo_domain::outbox::{ChannelMessage, Entry, Request};
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_edge::{clock, variables};
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
    let pack = context.pack().await?;
    let account = context.account(&pack.pack, &message.channel, &message.account)?;
    let account = account.ok_or("the pack no longer has this channel account")?;
    let outbound = outbound(name, message);
    let request = (send.format)(&outbound, &account, clock::now()).map_err(|e| e.to_string())?;
    // One variable points every provider at a stand-in, for rehearsals.
    let rehearsal = variables::kept("provider_base").await;
    let base = match (rehearsal.as_str(), account.setting("base_url"), send.base_url) {
        ("", Some(own), _) => own,
        ("", None, Some(providers)) => providers.to_owned(),
        ("", None, None) => return Err("the channel account lacks `base_url`".into()),
        (rehearsal, ..) => rehearsal.to_owned(),
    };
    let url = format!("{}{}", base.trim_end_matches('/'), request.path);
    let url = relevo_outward::parse(&url, &stand_in(&rehearsal).await)?;
    Ok(Prepared {
        method: request.method,
        url,
        headers: request.headers,
        body: request.body,
        outcome: send.outcome,
    })
}

fn outbound(name: &str, message: &ChannelMessage) -> Outbound {
    let template =
        message.whatsapp.as_ref().filter(|_| message.channel == "whatsapp").map(|template| Template {
            name: template.name.clone(),
            language: template.language.clone(),
            header: None,
            body: template
                .parameters
                .iter()
                .map(|text| Parameter { name: None, text: text.clone() })
                .collect(),
            buttons: Vec::new(),
        });
    let mail = message.subject.as_ref().map(|subject| OutboundMail {
        subject: subject.clone(),
        html: message.html.clone(),
        message_id: format!("{name}@relevo.invalid"),
        ..OutboundMail::default()
    });
    Outbound {
        template: template.clone(),
        in_reply_to: message.in_reply_to.clone(),
        mail,
        interactive: message.choices.as_ref().map(|choices| interactive(&message.channel, choices)),
        text: template.is_none().then(|| message.text.clone()),
        ..Outbound::text(format!("out_{name}"), message.address.clone(), "")
    }
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
