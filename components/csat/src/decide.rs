//! Which surveys are due: for each solved ticket once per resolution, by the pack's rule.

use chrono::{DateTime, Duration, Utc};
use relevo_domain::category::Category;
use relevo_domain::conversation::{
    Conversation, ConversationEvent, Outgoing, Party, SurveyDecided, TemplateUse, Ticket,
};
use relevo_domain::outbox::{Outbox, OutboxEvent, WhatsappTemplate};
use relevo_domain::pack::Survey;
use relevo_domain::survey::{Issued, SurveyEvent, SurveyState};
use relevo_edge::api::{Compose, Kick, RenderRequest, Rendered};
use relevo_edge::app::{DeskContext, PublishedPack, event};
use relevo_edge::outgoing::{self, Extras};
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_edge::survey_link as link;
use relevo_edge::{ids, internal, variables};
use relevo_journal::{Commit, DataKey, Fold, Loaded};
use relevo_projections::agenda::{self, Work};
use serde_json::{Map, Value, json};

/// Conversations in one tick of a desk.
const PER_TICK: usize = 200;

/// Who decides.
const BY: &str = "system:surveys";

/// One desk's tick.
pub async fn tick(context: &DeskContext) -> Result<Value, Problem> {
    internal::follow(context.desk.as_str()).await?;
    let due = agenda::due(context, Work::Surveys, PER_TICK).await?;
    let issued = all(context, &due.streams).await?;
    let report = json!({"due": due.streams.len(), "issued": issued, "more": due.more});
    agenda::done(context, Work::Surveys, due).await?;
    Ok(report)
}

/// Decides what is due in some conversations; returns how many surveys went out.
pub async fn all(context: &DeskContext, conversations: &[String]) -> Result<usize, Problem> {
    let pack = context.pack().await?;
    let Some(survey) = &pack.pack.survey else { return Ok(0) };
    let mut issued = 0;
    for name in conversations {
        let stream = context.stream(Conversation::KIND, name)?;
        let mut loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
        let undecided: Vec<(Ticket, DateTime<Utc>)> =
            loaded.state.tickets.iter().filter_map(|t| Some((t.clone(), due_at(t, survey)?))).collect();
        for (ticket, at) in undecided {
            if at > context.now {
                let mut commit = context.commit();
                let floors = agenda::Floors::load(context).await?;
                agenda::schedule(&mut commit, &floors, Work::Surveys, name, at, context.now)?;
                context.journal.commit(commit).await?;
                continue;
            }
            let (after, sent) = decide(context, &pack, survey, name, &loaded, &ticket).await?;
            loaded = after;
            issued += usize::from(sent);
        }
    }
    Ok(issued)
}

/// When the survey of a ticket's present resolution is due, if it is not decided.
fn due_at(ticket: &Ticket, survey: &Survey) -> Option<DateTime<Utc>> {
    let delay = Duration::minutes(i64::from(survey.delay_minutes));
    let decided = ticket.surveys.iter().any(|s| s.resolution == ticket.resolutions);
    ticket.solved_at.filter(|_| ticket.category == Category::Solved && !decided).map(|at| at + delay)
}

/// Why a ticket is not asked about; none: it is.
fn not_eligible(
    pack: &PublishedPack,
    ticket: &Ticket,
    party: &Party,
    survey: &Survey,
) -> Option<&'static str> {
    let can_send = outgoing::way(pack, party).is_ok();
    if !survey.channels.is_empty() && !survey.channels.contains(&party.channel) {
        Some("channel_excluded")
    } else if !can_send {
        Some("channel_cannot_send")
    } else if ticket.tags.contains("no_survey") {
        Some("tagged_no_survey")
    } else {
        None
    }
}

async fn decide(
    context: &DeskContext,
    pack: &PublishedPack,
    survey: &Survey,
    conversation: &str,
    loaded: &Loaded<Conversation>,
    ticket: &Ticket,
) -> Result<(Loaded<Conversation>, bool), Problem> {
    let Some(party) = &loaded.state.party.clone() else { return Ok((loaded.clone(), false)) };
    let mut decided = SurveyDecided {
        ticket: ticket.ordinal,
        resolution: ticket.resolutions,
        survey: None,
        message: None,
        expires_at: None,
        not_eligible: not_eligible(pack, ticket, party, survey).map(str::to_owned),
    };
    let id = format!("survey.{}.{}", ticket.ordinal, ticket.resolutions);
    let mut commit = context.commit();
    let mut loaded = loaded.clone();
    let mut outbox = None;
    if decided.not_eligible.is_none() {
        let ticket_id = ids::ticket(conversation, ticket.ordinal);
        let name = context.keys.id("survey", &[&ticket_id, &ticket.resolutions.to_string()]);
        let expires_at = context.now + Duration::days(i64::from(survey.expires_days));
        match invite(context, survey, ticket, party, &name, expires_at).await {
            Ok(rendered) => {
                let mut message = invitation(context, pack, survey, &name, &rendered);
                loaded = Persons::new(context, BY).sealing(&mut commit, loaded).await?;
                let place = (conversation, &loaded);
                let queued = queue(context, pack, &mut commit, place, ticket, &mut message, rendered).await;
                let queued = match queued {
                    Ok(queued) => Some(queued),
                    // Nobody may write to the customer now: the figures say why none was asked.
                    Err(problem) if problem.status == http::StatusCode::CONFLICT => {
                        decided.not_eligible = Some(problem.code.to_owned());
                        return conclude(context, commit, &loaded, id, decided).await;
                    }
                    Err(problem) => return Err(problem),
                };
                decided.survey = Some(format!("{}{name}", ids::SURVEY));
                decided.expires_at = Some(expires_at);
                decided.message = Some(message.clone());
                let key = loaded.key();
                issue(context, &mut commit, survey, &name, &ticket_id, ticket, party, expires_at, key)
                    .await?;
                outbox = queued;
            }
            // The template cannot be rendered for this ticket: a person mends it, the figures say why none was due.
            Err(problem) if problem.status.is_client_error() => {
                decided.not_eligible = Some("template_failed".to_owned());
            }
            Err(problem) => return Err(problem),
        }
    }
    let (after, _) = conclude(context, commit, &loaded, id, decided).await?;
    let sent = outbox.is_some();
    if let Some(name) = outbox {
        let kick = Kick { desk: context.desk.to_string(), streams: vec![name] };
        internal::kick("delivery", "/internal/send", kick);
    }
    Ok((after, sent))
}

async fn conclude(
    context: &DeskContext,
    mut commit: Commit,
    loaded: &Loaded<Conversation>,
    id: String,
    decided: SurveyDecided,
) -> Result<(Loaded<Conversation>, bool), Problem> {
    let decided = ConversationEvent::SurveyDecided(Box::new(decided));
    let after = commit.append(loaded, vec![event(id, BY, 0, decided)?])?;
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    Ok((after, false))
}

/// Renders the invitation with its link.
async fn invite(
    context: &DeskContext,
    survey: &Survey,
    ticket: &Ticket,
    party: &Party,
    name: &str,
    expires_at: DateTime<Utc>,
) -> Result<Rendered, Problem> {
    let token = link::token(&context.keys, context.desk.as_str(), name, expires_at);
    let origin = variables::get("public_url").await;
    let mut data = Map::new();
    data.insert("link".to_owned(), json!(format!("{}/s/{token}", origin.trim_end_matches('/'))));
    let mut offered = Map::new();
    offered.insert("ticket_number".to_owned(), json!(ticket.number));
    if let Some(name) = &party.name {
        offered.insert("contact_name".to_owned(), json!(name.0));
    }
    let request =
        RenderRequest { locale: Some(party.locale.clone()), channel: Some(party.channel.clone()), data };
    let compose =
        Compose { desk: context.desk.to_string(), template: survey.template.clone(), request, offered };
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

fn invitation(
    context: &DeskContext,
    pack: &PublishedPack,
    survey: &Survey,
    name: &str,
    rendered: &Rendered,
) -> Outgoing {
    let id = format!("msg_{}", context.keys.id("message", &["survey", name]));
    Outgoing {
        subject: rendered.subject.clone().map(Into::into),
        html: rendered.html.clone().map(Into::into),
        template: Some(TemplateUse {
            name: survey.template.clone(),
            locale: rendered.locale.clone(),
            pack: pack.version,
        }),
        ..Outgoing::text(id, rendered.text.clone().unwrap_or_default())
    }
}

#[allow(clippy::too_many_arguments)] // what a survey is about, each used once
async fn issue(
    context: &DeskContext,
    commit: &mut Commit,
    survey: &Survey,
    name: &str,
    ticket_id: &str,
    ticket: &Ticket,
    party: &Party,
    expires_at: DateTime<Utc>,
    key: Option<&DataKey>,
) -> Result<(), Problem> {
    let stream = context.stream(SurveyState::KIND, name)?;
    // What the customer will say is sealed under the same key: the stream remembers which.
    let loaded = context.journal.load::<SurveyState>(&stream, context.now).await?.sealed_under(key.cloned());
    let issued = SurveyEvent::SurveyIssued(Issued {
        ticket: ticket_id.to_owned(),
        number: ticket.number,
        resolution: ticket.resolutions,
        agent: ticket.solved_by.clone(),
        queue: ticket.queue.clone(),
        channel: party.channel.clone(),
        locale: party.locale.clone(),
        expires_at,
        change_hours: survey.change_hours,
    });
    commit.append(&loaded, vec![event("issued", BY, 0, issued)?])?;
    Ok(())
}

async fn queue(
    context: &DeskContext,
    pack: &PublishedPack,
    commit: &mut Commit,
    (conversation, loaded): (&str, &Loaded<Conversation>),
    ticket: &Ticket,
    message: &mut Outgoing,
    rendered: Rendered,
) -> Result<String, Problem> {
    let name = context.keys.id("outbox", &["survey", &message.id]);
    let outbox = context.journal.load::<Outbox>(&context.stream(Outbox::KIND, &name)?, context.now).await?;
    let outbox = outbox.sealed_under(loaded.key().cloned());
    let whatsapp = rendered.whatsapp.map(|w| WhatsappTemplate {
        name: w.name,
        language: w.language,
        parameters: w.parameters.into_iter().map(Into::into).collect(),
    });
    let extras = Extras { whatsapp, automatic: true, ..Extras::default() };
    let place = (conversation, &loaded.state);
    let entry = outgoing::entry(context, pack, place, ticket.ordinal, &name, message, extras).await?;
    commit.append(&outbox, vec![event("queued", BY, 0, OutboxEvent::Queued(Box::new(entry)))?])?;
    Ok(name)
}
