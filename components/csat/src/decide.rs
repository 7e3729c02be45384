//! Which surveys are due: for each solved ticket once per resolution, by the pack's rule.

use crate::invite::{self, Invitation};
use crate::opening;
use chrono::{DateTime, Duration, Utc};
use http::StatusCode;
use relevo_domain::category::Category;
use relevo_domain::contact::{Contact, ContactEvent};
use relevo_domain::conversation::{Conversation, ConversationEvent, Party, SurveyDecided, Ticket};
use relevo_domain::pack::Survey;
use relevo_domain::survey::{Asking, BY, Issued, RECOVERY_TAG, SurveyEvent, SurveyState, not_eligible};
use relevo_edge::api::Kick;
use relevo_edge::app::{DeskContext, PublishedPack, event};
use relevo_edge::outgoing;
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_edge::survey_link as link;
use relevo_edge::{ids, internal};
use relevo_journal::{Commit, DataKey, Fold, Loaded};
use relevo_projections::agenda::{self, Work};
use serde_json::{Value, json};

/// Conversations in one tick of a desk.
const PER_TICK: usize = 200;

/// Longest topic that figures are grouped by, in characters.
const MAX_TOPIC_CHARS: usize = 64;

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
    // Asked once, and only when something is due.
    let mut opens_at = None;
    let mut later = Vec::new();
    for name in conversations {
        let stream = context.stream(Conversation::KIND, name)?;
        let mut loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
        let undecided: Vec<(Ticket, DateTime<Utc>)> =
            loaded.state.tickets.iter().filter_map(|t| Some((t.clone(), due_at(t, survey)?))).collect();
        for (ticket, at) in undecided {
            let at = match &survey.rule.calendar {
                Some(calendar) if at <= context.now => match opens_at {
                    Some(at) => at,
                    None => *opens_at.insert(opening::next(context, calendar).await?),
                },
                _ => at,
            };
            if at > context.now {
                later.push((name, at));
                continue;
            }
            let (after, sent) = decide(context, &pack, survey, name, &loaded, &ticket).await?;
            loaded = after;
            issued += usize::from(sent);
        }
    }
    if !later.is_empty() {
        let mut commit = context.commit();
        let floors = agenda::Floors::load(context).await?;
        for (name, at) in later {
            agenda::schedule(&mut commit, &floors, Work::Surveys, name, at, context.now)?;
        }
        context.journal.commit(commit).await?;
    }
    Ok(issued)
}

/// When the survey of a ticket's present resolution is due, if it is not decided.
fn due_at(ticket: &Ticket, survey: &Survey) -> Option<DateTime<Utc>> {
    let delay = Duration::minutes(i64::from(survey.delay_minutes));
    let decided = ticket.surveys.iter().any(|s| s.resolution == ticket.resolutions);
    ticket.solved_at.filter(|_| ticket.category == Category::Solved && !decided).map(|at| at + delay)
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
    let ticket_id = ids::ticket(conversation, ticket.ordinal);
    let name = context.keys.id("survey", &[&ticket_id, &ticket.resolutions.to_string()]);
    let contact = contact(context, party).await?;
    let known = Contact::default();
    let asking = Asking {
        ticket,
        party,
        contact: contact.as_ref().map_or(&known, |loaded| &loaded.state),
        can_send: outgoing::way(pack, party).is_ok(),
        draw: u8::try_from(context.keys.tag(name.as_bytes()) % 100).unwrap_or_default(),
        now: context.now,
    };
    let mut decided = SurveyDecided {
        ticket: ticket.ordinal,
        resolution: ticket.resolutions,
        survey: None,
        message: None,
        expires_at: None,
        not_eligible: not_eligible(&asking, survey).map(str::to_owned),
        votes_until: None,
    };
    let id = format!("survey.{}.{}", ticket.ordinal, ticket.resolutions);
    let mut commit = context.commit();
    let mut loaded = loaded.clone();
    let mut outbox = None;
    if decided.not_eligible.is_none() {
        let expires_at = context.now + Duration::days(i64::from(survey.expires_days));
        let token = link::token(&context.keys, context.desk.as_str(), &name, expires_at);
        let invitation =
            Invitation { survey, template: &survey.template, token, number: ticket.number, party };
        match invite::render(context, &invitation).await {
            Ok(rendered) => {
                let mut shown = invite::shown(context, pack, &invitation, &name, &rendered);
                loaded = Persons::new(context, BY).sealing(&mut commit, loaded).await?;
                let place = (&loaded, ticket.ordinal);
                let queued =
                    invite::queue(context, pack, &mut commit, &invitation, place, &mut shown, rendered).await;
                let queued = match queued {
                    Ok(queued) => queued,
                    // Nobody may write to the customer now: the figures say why none was asked.
                    Err(problem) if problem.status == StatusCode::CONFLICT => {
                        decided.not_eligible = Some(problem.code.to_owned());
                        let after = conclude(context, commit, &loaded, id, decided).await?;
                        return Ok((after, false));
                    }
                    Err(problem) => return Err(problem),
                };
                if !survey.anonymous {
                    decided.survey = Some(format!("{}{name}", ids::SURVEY));
                    decided.votes_until = survey.in_chat.as_ref().map(|chat| {
                        let until = context.now.checked_add_signed(Duration::hours(i64::from(chat.hours)));
                        until.map_or(expires_at, |until| until.min(expires_at))
                    });
                }
                decided.expires_at = Some(expires_at);
                let key = loaded.key();
                let issued = issued(survey, ticket, party, &ticket_id, expires_at, context.now);
                issue(context, &mut commit, &name, issued, key).await?;
                if let Some(contact) = &contact {
                    let asked = event(format!("surveyed.{name}"), BY, 0, ContactEvent::ContactSurveyed)?;
                    commit.append(contact, vec![asked])?;
                }
                outbox = Some(queued);
                decided.message = Some(shown);
            }
            // The template cannot be rendered for this ticket: a person mends it, the figures say why none was due.
            Err(problem) if problem.status.is_client_error() => {
                decided.not_eligible = Some("template_failed".to_owned());
            }
            Err(problem) => return Err(problem),
        }
    }
    let after = conclude(context, commit, &loaded, id, decided).await?;
    let sent = outbox.is_some();
    send_now(context, outbox);
    Ok((after, sent))
}

async fn conclude(
    context: &DeskContext,
    mut commit: Commit,
    loaded: &Loaded<Conversation>,
    id: String,
    decided: SurveyDecided,
) -> Result<Loaded<Conversation>, Problem> {
    let decided = ConversationEvent::SurveyDecided(Box::new(decided));
    let after = commit.append(loaded, vec![event(id, BY, 0, decided)?])?;
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    Ok(after)
}

/// Has an outbox entry sent at once.
pub fn send_now(context: &DeskContext, outbox: Option<String>) {
    if let Some(name) = outbox {
        let kick = Kick { desk: context.desk.to_string(), streams: vec![name] };
        internal::kick("delivery", "/internal/send", kick);
    }
}

/// The contact of a conversation: what is known of the person over all conversations.
async fn contact(context: &DeskContext, party: &Party) -> Result<Option<Loaded<Contact>>, Problem> {
    let Some(name) = party.contact.strip_prefix(ids::CONTACT) else { return Ok(None) };
    let stream = context.stream(Contact::KIND, name)?;
    Ok(Some(context.journal.load::<Contact>(&stream, context.now).await?))
}

fn issued(
    survey: &Survey,
    ticket: &Ticket,
    party: &Party,
    ticket_id: &str,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Issued {
    let topic = survey.topic_field.as_ref().and_then(|field| ticket.fields.0.get(field)?.as_str());
    let named = !survey.anonymous;
    Issued {
        ticket: if named { ticket_id.to_owned() } else { String::new() },
        number: if named { ticket.number } else { 0 },
        resolution: if named { ticket.resolutions } else { 0 },
        agent: ticket.solved_by.clone().filter(|_| named),
        queue: ticket.queue.clone(),
        channel: party.channel.clone(),
        locale: party.locale.clone(),
        expires_at,
        change_hours: survey.change_hours,
        kind: survey.kind,
        contact: party.contact.strip_prefix(ids::CONTACT).filter(|_| named).map(str::to_owned),
        topic: topic.map(|topic| topic.chars().take(MAX_TOPIC_CHARS).collect()),
        remind_at: survey
            .reminder
            .as_ref()
            .filter(|_| named)
            .map(|reminder| now + Duration::days(i64::from(reminder.after_days))),
        recovery: ticket.tags.contains(RECOVERY_TAG),
    }
}

async fn issue(
    context: &DeskContext,
    commit: &mut Commit,
    name: &str,
    issued: Issued,
    key: Option<&DataKey>,
) -> Result<(), Problem> {
    let stream = context.stream(SurveyState::KIND, name)?;
    // What the customer will say is sealed under the same key: the stream remembers which.
    let loaded = context.journal.load::<SurveyState>(&stream, context.now).await?.sealed_under(key.cloned());
    commit.append(&loaded, vec![event("issued", BY, 0, SurveyEvent::SurveyIssued(issued))?])?;
    Ok(())
}
