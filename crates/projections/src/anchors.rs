//! Anchors of a desk's history: what the schedule makes, and an operator keeps outside.

use chrono::Duration;
use relevo_domain::account::Account;
use relevo_domain::config::Config;
use relevo_domain::contact::Contact;
use relevo_domain::conversation::Conversation;
use relevo_domain::outbox::Outbox;
use relevo_domain::survey::SurveyState;
use relevo_domain::tokens::Tokens;
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_journal::audit::anchor::Anchored;
use relevo_journal::store::Store;
use relevo_journal::{Fold, Kind, Month};

/// Time between two anchors, unless there is more to cover at once.
const EVERY_MINUTES: i64 = 5;

/// Anchors of one tick: what is left is for the next.
const MOST_PER_TICK: usize = 4;

/// Kinds of streams that may be older than the first anchor. Later kinds need not be added: the feed tells of them.
const KINDS: [&str; 7] = [
    Account::KIND,
    Config::KIND,
    Contact::KIND,
    Conversation::KIND,
    Outbox::KIND,
    SurveyState::KIND,
    Tokens::KIND,
];

/// What a tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Anchors that were made.
    pub anchors: usize,
    /// Streams that they cover.
    pub streams: usize,
    /// There is more to cover at once.
    pub more: bool,
}

/// Makes anchors of what changed, every few minutes or, if asked, at once. May be cut short anywhere and run several
/// times at once.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn anchor<S: Store>(context: &DeskContext<S>, at_once: bool) -> Result<Done, Problem> {
    let last = context.journal.newest_anchor(&context.desk, context.now).await?;
    let resting = last.whole
        && context.now.timestamp_millis() - last.newest_ms
            < Duration::minutes(EVERY_MINUTES).num_milliseconds();
    if resting && !at_once {
        return Ok(Done::default());
    }
    let kinds: Vec<Kind> = KINDS.into_iter().filter_map(|kind| Kind::new(kind).ok()).collect();
    // Nothing of this application is older.
    let since = Month::new(2026, 1).unwrap_or(Month::of(context.now));
    let mut done = Done::default();
    for _ in 0..MOST_PER_TICK {
        let Anchored { streams, more } =
            context.journal.anchor(&context.desk, &kinds, since, context.now).await?;
        done.anchors += usize::from(streams > 0);
        done.streams += streams;
        done.more = more;
        if !more {
            break;
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_a_kind_and_derived_ones_are_told_by_their_name() {
        assert!(
            KINDS
                .iter()
                .all(|kind| Kind::new(*kind).is_ok_and(|kind| !relevo_domain::table::is_derived(&kind)))
        );
    }
}
