//! Answers of people, noted on their day for quality audits.

use crate::shards;
use chrono::{DateTime, NaiveDate, Utc};
use relevo_domain::conversation::{Conversation, ConversationEvent};
use relevo_domain::kpi::Period;
use relevo_domain::quality::{Answer, Answers, DayEvent, Listed, is_sampled};
use relevo_edge::app::{DeskContext, PublishedPack, event};
use relevo_edge::ids;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use relevo_journal::{Commit, Fold, Loaded};

/// Days loaded at once.
const AT_ONCE: usize = 8;

/// Notes, in the same commit, the answers of people among the events of a conversation, where the pack has them audited.
/// `before` is the conversation as it was, `actor` whoever causes the commit.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn note<S: Store>(
    context: &DeskContext<S>,
    commit: &mut Commit,
    pack: &PublishedPack,
    (before, events, actor): (&Loaded<Conversation>, &[ConversationEvent], &str),
    at: DateTime<Utc>,
) -> Result<(), Problem> {
    let Some(audits) = &pack.pack.audits else { return Ok(()) };
    for data in events {
        let (ordinal, message, by) = match data {
            ConversationEvent::ReplyWritten(reply) if reply.human => (reply.ticket, &reply.message.id, actor),
            ConversationEvent::ReplyReleased { ticket, message } => {
                let held = before.state.ticket(*ticket).map(|t| t.held.iter()).into_iter().flatten();
                let Some(held) = held.into_iter().find(|held| held.human && held.message == *message) else {
                    continue;
                };
                (*ticket, message, held.by.as_str())
            }
            _ => continue,
        };
        let (Some(ticket), Some(party)) = (before.state.ticket(ordinal), &before.state.party) else {
            continue;
        };
        let Some(person) = by.strip_prefix("person:") else { continue };
        let answer = Answer {
            ticket: ids::ticket(before.stream().name(), ordinal),
            person: person.to_owned(),
            queue: ticket.queue.clone(),
            team: ticket.team.clone(),
            channel: party.channel.clone(),
            sampled: is_sampled(&context.keys.id("sample", &[message]), audits.share),
        };
        let day = load_day(context, &shards::by_day(at.timestamp_millis(), message)).await?;
        let given = DayEvent::Given { message: message.clone(), answer: Box::new(answer) };
        commit.append(&day, vec![event(format!("given.{message}"), actor, 0, given)?])?;
    }
    Ok(())
}

/// The answers of a period, oldest first, by message.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn of_period<S: Store>(
    context: &DeskContext<S>,
    period: Period,
) -> Result<Vec<(String, Listed)>, Problem> {
    let mut found = Vec::new();
    for some in shards::days_down(period.from, period.to.min(context.now)).chunks(AT_ONCE) {
        for shard in some {
            let day = load_day(context, shard).await?;
            let within = |(_, one): &(String, Listed)| period.contains_ms(one.at.timestamp_millis());
            found.extend(day.state.answers.into_iter().filter(within));
        }
    }
    found.sort_by(|(a, one), (b, other)| (one.at, a).cmp(&(other.at, b)));
    Ok(found)
}

/// The part of a day that an answer lies in, by the day that its audit's id names.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn of_answer<S: Store>(
    context: &DeskContext<S>,
    day: NaiveDate,
    message: &str,
) -> Result<Loaded<Answers>, Problem> {
    let at = day.and_time(chrono::NaiveTime::MIN).and_utc();
    load_day(context, &shards::by_day(at.timestamp_millis(), message)).await
}

async fn load_day<S: Store>(context: &DeskContext<S>, shard: &str) -> Result<Loaded<Answers>, Problem> {
    let stream = context.stream(Answers::KIND, shard)?;
    Ok(context.journal.load::<Answers>(&stream, context.now).await?)
}
