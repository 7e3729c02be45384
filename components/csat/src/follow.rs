//! What follows from a survey that went out: one reminder if there is no answer; after a vote a note for those who
//! earned it, or a ticket for a lead.

use crate::decide::send_now;
use crate::invite::{self, Invitation};
use chrono::{DateTime, Utc};
use http::StatusCode;
use relevo_domain::Private;
use relevo_domain::contact::Contact;
use relevo_domain::conversation::decide::{self, NewTicket};
use relevo_domain::conversation::enrich::enrich;
use relevo_domain::conversation::{Conversation, ConversationEvent, Direction, Outgoing, ReplyWritten};
use relevo_domain::pack::{Pack, Recovery, Role};
use relevo_domain::survey::{BY, Issued, Mood, RECOVERY_TAG, SurveyEvent, SurveyState, Vote, mood};
use relevo_edge::app::{DeskContext, PublishedPack, event};
use relevo_edge::directory;
use relevo_edge::ids;
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_edge::survey_link as link;
use relevo_journal::{Fold, Loaded};
use relevo_projections::agenda::{self, Work};
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// Surveys in one tick of a desk.
const PER_TICK: usize = 200;

/// Messages of the story that a lead reads, the newest.
const STORY_MESSAGES: usize = 30;

/// Longest story, in characters.
const STORY_CHARS: usize = 12_000;

/// One desk's tick.
pub async fn tick(context: &DeskContext) -> Result<Value, Problem> {
    let due = agenda::due(context, Work::FollowUps, PER_TICK).await?;
    let mut done = 0_usize;
    for name in &due.streams {
        done = done.saturating_add(usize::from(survey(context, name).await?));
    }
    let report = json!({"followed_up": done, "more": due.more});
    agenda::done(context, Work::FollowUps, due).await?;
    Ok(report)
}

/// Does what is due about one survey; tells whether anything was.
pub async fn survey(context: &DeskContext, name: &str) -> Result<bool, Problem> {
    let stream = context.stream(SurveyState::KIND, name)?;
    let loaded = context.journal.load::<SurveyState>(&stream, context.now).await?;
    let state = &loaded.state;
    let (Some(issued), Some(_)) = (&state.issued, state.due_at().filter(|at| *at <= context.now)) else {
        return Ok(false);
    };
    let pack = context.pack().await?;
    match &state.vote {
        Some(vote) => after_vote(context, &pack, name, &loaded, issued, vote).await?,
        None => remind(context, &pack, name, &loaded, issued).await?,
    }
    Ok(true)
}

/// The conversation of a survey's ticket, whole, and the ticket's ordinal; none if the survey is anonymous.
async fn conversation(
    context: &DeskContext,
    issued: &Issued,
) -> Result<Option<(Loaded<Conversation>, u32)>, Problem> {
    let Ok((name, ordinal)) = ids::parse_ticket(&issued.ticket) else { return Ok(None) };
    let stream = context.stream(Conversation::KIND, name)?;
    let loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
    Ok(loaded.state.ticket(ordinal).is_some().then_some((loaded, ordinal)))
}

async fn after_vote(
    context: &DeskContext,
    pack: &PublishedPack,
    name: &str,
    loaded: &Loaded<SurveyState>,
    issued: &Issued,
    vote: &Vote,
) -> Result<(), Problem> {
    let mut commit = context.commit();
    let mut led_to = None;
    if let (Some(rule), Some((conversation, ordinal))) =
        (&pack.pack.survey, conversation(context, issued).await?)
    {
        let conversation = Persons::new(context, BY).sealing(&mut commit, conversation).await?;
        let recovery = rule.recovery.as_ref();
        let complaints = recovery.map(|r| words(&pack.pack, r, &issued.locale)).unwrap_or_default();
        match (mood(issued.kind, vote, &complaints), recovery) {
            // One ticket for a survey, however often the vote is changed; none for a ticket that is one itself.
            (Mood::Negative, Some(recovery)) if loaded.state.led_to.is_none() && !issued.recovery => {
                let number = context.next_ticket_number().await?;
                let story = story(context, &conversation, ordinal, issued, vote).await?;
                let mut created = recover(pack, recovery, &conversation.state, issued, vote, number, name)?;
                if let Some(party) = &conversation.state.party {
                    let (channel, address) = (&party.channel, &party.address);
                    let mut persons = Persons::new(context, BY);
                    let known = directory::known(context, &mut persons, pack, channel, address).await?;
                    enrich(&mut created, pack.published(), &known, true, context.now);
                }
                let id = format!("recovery.{name}");
                let after = commit.append(&conversation, vec![event(&id, BY, 0, created)?])?;
                let opened = after.state.tickets.iter().find(|t| t.number == number).map(|t| t.ordinal);
                if let Some(opened) = opened {
                    let note = ConversationEvent::NoteWritten { ticket: opened, text: Private(story) };
                    commit.append(&after, vec![event(format!("{id}.story"), BY, 0, note)?])?;
                    led_to = Some(ids::ticket(conversation.stream().name(), opened));
                }
            }
            (Mood::Positive, _) if rule.praise => {
                let note =
                    ConversationEvent::NoteWritten { ticket: ordinal, text: Private(line(issued, vote)) };
                commit.append(&conversation, vec![event(format!("praise.{name}"), BY, 0, note)?])?;
            }
            (Mood::Negative, _) => {
                let recovery =
                    loaded.state.led_to.as_ref().and_then(|id| Some(ids::parse_ticket(id).ok()?.1));
                let ticket = recovery.unwrap_or(ordinal);
                let note = ConversationEvent::NoteWritten { ticket, text: Private(line(issued, vote)) };
                let id = format!("rated.{name}.{}", vote.at.timestamp_millis());
                commit.append(&conversation, vec![event(id, BY, 0, note)?])?;
            }
            _ => {}
        }
    }
    let done = SurveyEvent::SurveyFollowedUp { vote: vote.at, ticket: led_to };
    let id = format!("followed.{}", vote.at.timestamp_millis());
    commit.append(loaded, vec![event(id, BY, 0, done)?])?;
    context.journal.commit(commit).await?;
    Ok(())
}

/// The words of complaint in a language.
fn words(pack: &Pack, recovery: &Recovery, locale: &str) -> Vec<String> {
    let chain = pack.locale_chain(locale);
    chain.iter().filter_map(|tag| recovery.complaints.get(tag)).flatten().cloned().collect()
}

/// The ticket of its own that a negative vote leads to.
fn recover(
    pack: &PublishedPack,
    recovery: &Recovery,
    state: &Conversation,
    issued: &Issued,
    vote: &Vote,
    number: u64,
    name: &str,
) -> Result<ConversationEvent, Problem> {
    let unknown = || Problem::not_found("unknown_ticket", "there is no such ticket");
    let party = state.party.clone().ok_or_else(unknown)?;
    let team = pack.pack.queues.get(&recovery.queue).and_then(|queue| queue.team.as_ref());
    let lead =
        pack.pack.people.iter().find(|(_, person)| {
            person.role == Role::Lead && team.is_none_or(|team| person.teams.contains(team))
        });
    let agent = recovery.agent.clone().or_else(|| lead.map(|(id, _)| id.clone()));
    let mut fields = Map::new();
    fields.insert("survey".to_owned(), json!(format!("{}{name}", ids::SURVEY)));
    fields.insert("score".to_owned(), json!(vote.score));
    fields.insert("rated_ticket".to_owned(), json!(issued.ticket));
    fields.insert("rated_agent".to_owned(), json!(issued.agent));
    fields.retain(|_, value| !value.is_null());
    let mut tags = vec![RECOVERY_TAG.to_owned()];
    if !recovery.ask_again {
        tags.push("no_survey".to_owned());
    }
    let new = NewTicket {
        subject: Some(line(issued, &Vote { comment: None, ..vote.clone() })),
        queue: Some(recovery.queue.clone()).filter(|queue| pack.pack.queues.contains_key(queue)),
        priority: Some(recovery.priority),
        fields,
        tags,
        agent: agent.filter(|agent| pack.pack.people.contains_key(agent)),
        follows: None,
    };
    Ok(decide::create(pack.published(), party, number, new)?)
}

/// `★ 2/5 · #1842 · ana — “Tardaron”`: no words of any language but the customer's.
fn line(issued: &Issued, vote: &Vote) -> String {
    let mut line = format!("★ {}/{} · #{}", vote.score, issued.kind.scores().end(), issued.number);
    if let Some(agent) = &issued.agent {
        let _ = write!(line, " · {agent}");
    }
    if let Some(comment) = &vote.comment {
        let _ = write!(line, " — “{}”", comment.0);
    }
    line
}

/// The vote and the conversation that led to it.
async fn story(
    context: &DeskContext,
    conversation: &Loaded<Conversation>,
    ordinal: u32,
    issued: &Issued,
    vote: &Vote,
) -> Result<String, Problem> {
    let (state, _) = context.journal.load_events::<Conversation>(conversation.stream(), None).await?;
    let messages: Vec<_> = state.messages(ordinal).collect();
    let mut story = line(issued, vote);
    for message in messages.iter().skip(messages.len().saturating_sub(STORY_MESSAGES)) {
        let arrow = match message.direction {
            Direction::In => "←",
            Direction::Out => "→",
            Direction::Note => "✎",
        };
        let text = message.text.as_ref().map_or("", |text| text.0.as_str());
        let _ = write!(story, "\n\n{arrow} {} {}\n{text}", minute(message.at), message.by);
    }
    Ok(story.chars().take(STORY_CHARS).collect())
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%MZ").to_string()
}

async fn remind(
    context: &DeskContext,
    pack: &PublishedPack,
    name: &str,
    loaded: &Loaded<SurveyState>,
    issued: &Issued,
) -> Result<(), Problem> {
    let mut commit = context.commit();
    let mut outbox = None;
    let open = loaded.state.closed(context.now).is_none() && !has_declined(context, issued).await?;
    let reminder =
        pack.pack.survey.as_ref().and_then(|rule| Some((rule, rule.reminder.as_ref()?))).filter(|_| open);
    if let (Some((survey, reminder)), Some((conversation, ordinal))) =
        (reminder, conversation(context, issued).await?)
        && let Some(party) = &conversation.state.party
    {
        let token = link::token(&context.keys, context.desk.as_str(), name, issued.expires_at);
        let template = reminder.template.as_str();
        let invitation = Invitation { survey, template, token, number: issued.number, party };
        // A template that cannot be rendered is in the log; nobody is reminded with it.
        if let Ok(rendered) = invite::render(context, &invitation).await {
            let conversation = Persons::new(context, BY).sealing(&mut commit, conversation.clone()).await?;
            let id = format!("reminder.{name}");
            let mut shown = invite::shown(context, pack, &invitation, &id, &rendered);
            let place = (&conversation, ordinal);
            let queued =
                invite::queue(context, pack, &mut commit, &invitation, place, &mut shown, rendered).await;
            match queued {
                Ok(queued) => {
                    outbox = Some(queued);
                    commit.append(&conversation, vec![event(id, BY, 0, written(ordinal, shown))?])?;
                }
                // Nobody may write to the customer now: there is no reminder.
                Err(problem) if problem.status == StatusCode::CONFLICT => {}
                Err(problem) => return Err(problem),
            }
        }
    }
    commit.append(loaded, vec![event("reminded", BY, 0, SurveyEvent::SurveyReminded)?])?;
    context.journal.commit(commit).await?;
    send_now(context, outbox);
    Ok(())
}

/// Whoever has said since that they want no more of these is not reminded either.
async fn has_declined(context: &DeskContext, issued: &Issued) -> Result<bool, Problem> {
    let Some(contact) = &issued.contact else { return Ok(false) };
    let stream = context.stream(Contact::KIND, contact)?;
    Ok(context.journal.load::<Contact>(&stream, context.now).await?.state.no_surveys)
}

fn written(ticket: u32, message: Outgoing) -> ConversationEvent {
    ConversationEvent::ReplyWritten(Box::new(ReplyWritten { ticket, message, human: false }))
}
