//! The message that asks: rendered, kept in the conversation, queued.

use relevo_domain::conversation::{Conversation, Outgoing, Party, TemplateUse, zone};
use relevo_domain::outbox::{Choices, Outbox, OutboxEvent, WhatsappTemplate};
use relevo_domain::pack::{Pack, Survey};
use relevo_domain::survey::BY;
use relevo_domain::survey::chat::CHOICE;
use relevo_edge::api::{Compose, RenderRequest, Rendered};
use relevo_edge::app::{DeskContext, PublishedPack, event};
use relevo_edge::outgoing::{self, Extras};
use relevo_edge::problem::Problem;
use relevo_edge::{internal, variables};
use relevo_journal::{Commit, Fold, Loaded};
use serde_json::{Map, json};

/// Channels on which scores can be buttons or a list.
const WITH_CHOICES: [&str; 4] = ["messenger", "slack", "telegram", "whatsapp"];

/// Most entries of a list of WhatsApp, which has the fewest.
const MAX_CHOICES: usize = 10;

/// A message that asks somebody about a ticket.
pub struct Invitation<'a> {
    /// The rule.
    pub survey: &'a Survey,
    /// Template of the message.
    pub template: &'a str,
    /// The signed token of the link.
    pub token: String,
    /// Friendly number of the ticket.
    pub number: u64,
    /// Who is asked.
    pub party: &'a Party,
}

/// Renders the invitation with its link.
pub async fn render(context: &DeskContext, invitation: &Invitation<'_>) -> Result<Rendered, Problem> {
    let party = invitation.party;
    let origin = variables::get("public_url").await;
    let mut data = Map::new();
    data.insert("link".to_owned(), json!(link(&origin, invitation)));
    let mut offered = Map::new();
    offered.insert("ticket_number".to_owned(), json!(invitation.number));
    if let Some(name) = &party.name {
        offered.insert("contact_name".to_owned(), json!(name.0));
    }
    let request = RenderRequest {
        locale: Some(party.locale.clone()),
        channel: Some(party.channel.clone()),
        data,
        time_zone: None,
    };
    let compose = Compose {
        desk: context.desk.to_string(),
        template: invitation.template.to_owned(),
        request,
        offered,
        account: Some(party.account.clone()),
        time_zone: zone::time_zone(Some(party), None),
    };
    let answer = internal::call("templates", "/internal/render", &compose).await?;
    if !answer.status.is_success() {
        let problem = Problem::passed_on(answer.status, &answer.body);
        relevo_edge::log::event(
            "survey.template",
            &[("desk", context.desk.as_str().into()), ("why", problem.detail.clone().into())],
        );
        return Err(problem);
    }
    serde_json::from_slice(&answer.body)
        .map_err(|_| Problem::unavailable("the templates component answered something else"))
}

fn link(origin: &str, invitation: &Invitation<'_>) -> String {
    format!("{}/s/{}", origin.trim_end_matches('/'), invitation.token)
}

/// The message as the conversation keeps it. Of an anonymous survey nobody at the desk sees the link: with it the
/// vote could be read.
pub fn shown(
    context: &DeskContext,
    pack: &PublishedPack,
    invitation: &Invitation<'_>,
    name: &str,
    rendered: &Rendered,
) -> Outgoing {
    let hidden = |text: String| match invitation.survey.anonymous {
        true => text.replace(&invitation.token, "…"),
        false => text,
    };
    Outgoing {
        id: format!("msg_{}", context.keys.id("message", &["survey", name])),
        text: hidden(rendered.text.clone().unwrap_or_default()).into(),
        subject: rendered.subject.clone().map(Into::into),
        html: rendered.html.clone().map(hidden).map(Into::into),
        attachments: Vec::new(),
        template: Some(TemplateUse {
            name: invitation.template.to_owned(),
            locale: rendered.locale.clone(),
            pack: pack.version,
        }),
        message_ref: None,
        outbox: None,
    }
}

/// Queues the message for a ticket's customer, sealed under the conversation's key, and notes in what the conversation
/// keeps how it goes out.
///
/// # Errors
/// 409 if nothing may be sent to the customer now.
pub async fn queue(
    context: &DeskContext,
    pack: &PublishedPack,
    commit: &mut Commit,
    invitation: &Invitation<'_>,
    (conversation, ordinal): (&Loaded<Conversation>, u32),
    shown: &mut Outgoing,
    rendered: Rendered,
) -> Result<String, Problem> {
    let name = context.keys.id("outbox", &["survey", &shown.id]);
    let loaded = context.journal.load::<Outbox>(&context.stream(Outbox::KIND, &name)?, context.now).await?;
    let loaded = loaded.sealed_under(conversation.key().cloned());
    let whatsapp = rendered.whatsapp.map(WhatsappTemplate::from);
    let choices = choices(&pack.pack, invitation).filter(|_| whatsapp.is_none());
    // The survey's own link also takes “not any more” (RFC 8058). It is of no use without an origin.
    let origin = variables::get("public_url").await;
    let unsubscribe_url = (!origin.is_empty()).then(|| link(&origin, invitation).into());
    let extras = Extras { whatsapp, choices, automatic: true, unsubscribe_url, hold: None };
    let mut message = Outgoing {
        text: rendered.text.unwrap_or_default().into(),
        html: rendered.html.map(Into::into),
        ..shown.clone()
    };
    let place = (conversation.stream().name(), &conversation.state);
    let entry = outgoing::entry(context, pack, place, ordinal, &name, &mut message, extras).await?;
    commit.append(&loaded, vec![event("queued", BY, 0, OutboxEvent::Queued(Box::new(entry)))?])?;
    *shown = Outgoing { text: shown.text.clone(), html: shown.html.clone(), ..message };
    Ok(name)
}

/// The scores as buttons or a list, where the pack wants them and the channel has room for all.
fn choices(pack: &Pack, invitation: &Invitation<'_>) -> Option<Choices> {
    let Invitation { survey, party, .. } = invitation;
    let scores: Vec<u8> = survey.kind.scores().rev().collect();
    let fits = WITH_CHOICES.contains(&party.channel.as_str()) && scores.len() <= MAX_CHOICES;
    survey.in_chat.as_ref().filter(|chat| chat.buttons && fits && !survey.anonymous)?;
    let page = pack.locale_chain(&party.locale).iter().find_map(|locale| survey.page.get(locale))?;
    let title = |score: u8| match page.label(survey.kind, score) {
        Some(label) => format!("{score} – {label}").chars().take(20).collect(),
        None => score.to_string(),
    };
    let items = scores.into_iter().map(|score| (format!("{CHOICE}{score}"), title(score))).collect();
    Some(Choices { button: page.submit.chars().take(20).collect(), items })
}
