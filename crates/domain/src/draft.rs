//! Drafts: what people have begun to write on a ticket and not sent. Who has one that is fresh is writing.
//!
//! The drafts of a ticket are one stream, sealed under the key of its contact, so that they go with the contact's data.

use crate::Private;
use crate::refusal::Refusal;
use chrono::{DateTime, TimeDelta, Utc};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most drafts of a ticket.
pub const MAX_DRAFTS: usize = 20;

/// Longest draft, in characters: as long as what it may become.
pub const MAX_DRAFT_CHARS: usize = crate::conversation::decide::MAX_TEXT_CHARS;

/// How long after it was last saved a draft says that its writer is at it.
pub const FRESH_MINUTES: i64 = 5;

/// What happens to drafts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DraftEvent {
    /// Somebody wrote on.
    #[serde(rename = "draft.saved")]
    Saved {
        /// Person id.
        person: String,
        /// All that there is by now.
        text: Private<String>,
        /// The last message that its writer had seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// It was sent, or thrown away.
    #[serde(rename = "draft.removed")]
    Removed {
        /// Person id.
        person: String,
    },
}

/// What somebody has begun to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// What there is by now; nothing: they have merely begun.
    pub text: Private<String>,
    /// The last message that its writer had seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Since when they are at it.
    pub since: DateTime<Utc>,
    /// When it was last saved.
    pub at: DateTime<Utc>,
}

/// The drafts of one ticket, by person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drafts {
    /// By person id.
    pub by_person: BTreeMap<String, Draft>,
}

/// Somebody who is writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Writing {
    /// Person id.
    pub person: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl Drafts {
    /// Who is writing now, but for one.
    pub fn writing(&self, now: DateTime<Utc>, except: &str) -> Vec<Writing> {
        let fresh = self.by_person.iter().filter(|(person, draft)| *person != except && draft.is_fresh(now));
        fresh.map(|(person, draft)| Writing { person: person.clone(), since: draft.since }).collect()
    }

    /// Saves a draft.
    ///
    /// # Errors
    /// If it is too long, or the ticket has too many.
    pub fn save(&self, person: &str, text: String, after: Option<String>) -> Result<DraftEvent, Refusal> {
        if text.chars().count() > MAX_DRAFT_CHARS {
            let what = format!("the text is longer than {MAX_DRAFT_CHARS} characters");
            return Err(Refusal::invalid("text_too_long", "/text", what));
        }
        if self.by_person.len() >= MAX_DRAFTS && !self.by_person.contains_key(person) {
            let what =
                format!("a ticket has at most {MAX_DRAFTS} drafts; somebody has to send or remove theirs");
            return Err(Refusal::conflict("too_many_drafts", what));
        }
        Ok(DraftEvent::Saved { person: person.to_owned(), text: Private(text), after })
    }
}

impl Draft {
    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        now - self.at < TimeDelta::minutes(FRESH_MINUTES)
    }
}

impl Fold for Drafts {
    type Data = DraftEvent;
    const KIND: &'static str = "drafts";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<DraftEvent>) {
        match &event.data {
            DraftEvent::Saved { person, text, after } => {
                let before = self.by_person.get(person).filter(|before| before.is_fresh(event.at));
                let since = before.map_or(event.at, |before| before.since);
                let (text, after) = (text.clone(), after.clone());
                self.by_person.insert(person.clone(), Draft { text, after, since, at: event.at });
            }
            DraftEvent::Removed { person } => {
                self.by_person.remove(person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relevo_journal::{EventId, Hlt};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("an instant")
    }

    fn tell(drafts: &mut Drafts, seconds: i64, data: DraftEvent) {
        let at = at(seconds);
        let id = EventId::new(format!("e{seconds}")).expect("an id");
        drafts.apply(&Event {
            id,
            hlt: Hlt::next(at.timestamp_millis().unsigned_abs(), Hlt::default()),
            at,
            by: "x".into(),
            tag: 0,
            data,
        });
    }

    #[test]
    fn who_saved_lately_is_writing_since_they_began() {
        let mut drafts = Drafts::default();
        for (seconds, text) in [(0, "Ho"), (200, "Hola"), (400, "Hola,")] {
            let saved = drafts.save("ana", text.into(), Some("msg_a".into())).expect("saved");
            tell(&mut drafts, seconds, saved);
        }
        let ana = vec![Writing { person: "ana".into(), since: at(0) }];
        assert_eq!(drafts.writing(at(500), "eva"), ana);
        assert_eq!(drafts.writing(at(500), "ana"), []);
        assert_eq!(drafts.writing(at(700), "eva"), [], "she has gone");
        assert_eq!(drafts.by_person["ana"].text.0, "Hola,", "and her draft is still there");
        let saved = drafts.save("ana", "Hola, ya".into(), None).expect("saved");
        tell(&mut drafts, 5_000, saved);
        assert_eq!(drafts.writing(at(5_000), "eva")[0].since, at(5_000), "she began anew");
        tell(&mut drafts, 5_001, DraftEvent::Removed { person: "ana".into() });
        assert_eq!(drafts, Drafts::default());
    }

    #[test]
    fn drafts_are_bounded_in_length_and_number() {
        let mut drafts = Drafts::default();
        let long = "x".repeat(MAX_DRAFT_CHARS + 1);
        assert_eq!(drafts.save("ana", long, None).expect_err("too long").code, "text_too_long");
        for n in 0..MAX_DRAFTS {
            let saved = drafts.save(&format!("p{n}"), "x".into(), None).expect("saved");
            tell(&mut drafts, i64::try_from(n).expect("few"), saved);
        }
        assert_eq!(drafts.save("ana", "x".into(), None).expect_err("one more").code, "too_many_drafts");
        assert!(drafts.save("p0", "y".into(), None).is_ok());
    }
}
