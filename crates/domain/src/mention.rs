//! Mentions: `@person` and `@team` in an internal note, and the inbox that they lead to.
//!
//! A mention of a person lies in the person's inbox, one of a team in the team's, which all of its people read. Nothing of
//! a customer is in either: the note is read on its ticket.

use crate::pack::Pack;
use chrono::{DateTime, Utc};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Mentions that an inbox keeps: the newest.
pub const KEPT: usize = 200;

/// Marks that an inbox keeps: a person reads their own and their teams'.
const MARKS_KEPT: usize = 2_000;

/// Most people and teams that one note mentions.
pub const MAX_MENTIONS: usize = 20;

/// Who is mentioned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mentions {
    /// Person ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// Team ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
}

impl Mentions {
    /// Nobody is.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty() && self.teams.is_empty()
    }
}

/// Who is mentioned in a text, and what looks like a mention of somebody who does not work at the desk. An `@` within a
/// word, as in an address, is none. Who works for another partition than the ticket's is as good as not there.
pub fn mentioned(pack: &Pack, partition: Option<&str>, text: &str) -> (Mentions, Vec<String>) {
    let is_of_another = |team: &str| {
        partition.is_some() && pack.partition_of_team(team).is_some_and(|other| Some(other) != partition)
    };
    let (mut found, mut unknown) = (Mentions::default(), Vec::new());
    let mut before = ' ';
    for (at, sign) in text.char_indices() {
        if sign == '@' && !is_of_id(before) {
            let rest = text.get(at.saturating_add(1)..).unwrap_or_default();
            let word = rest.split(|c| !is_of_id(c)).next().unwrap_or_default().trim_end_matches(['.', '-']);
            let list = match word {
                "" => None,
                word if pack.works_for(word, partition) => Some(&mut found.people),
                word if pack.teams.contains_key(word) && !is_of_another(word) => Some(&mut found.teams),
                _ => Some(&mut unknown),
            };
            if let Some(list) =
                list.filter(|list| list.len() < MAX_MENTIONS && !list.iter().any(|w| w == word))
            {
                list.push(word.to_owned());
            }
        }
        before = sign;
    }
    (found, unknown)
}

fn is_of_id(sign: char) -> bool {
    sign.is_alphanumeric() || matches!(sign, '_' | '-' | '.')
}

/// What happens to an inbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InboxEvent {
    /// Somebody was mentioned.
    #[serde(rename = "mention.made")]
    Made {
        /// Ticket id.
        ticket: String,
        /// Message id of the note.
        note: String,
        /// Who wrote it, as the journal names actors.
        by: String,
    },
    /// A person has seen mentions, of their own inbox or of their teams'.
    #[serde(rename = "mention.seen")]
    Seen {
        /// Message ids of the notes.
        notes: Vec<String>,
    },
}

/// A mention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// Ticket id.
    pub ticket: String,
    /// Message id of the note.
    pub note: String,
    /// Who wrote it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// The mentions of a person or a team, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbox {
    /// The newest mentions.
    pub mentions: Vec<Mention>,
    /// Notes that the person has seen, and when they said so.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub seen: BTreeMap<String, DateTime<Utc>>,
}

impl Fold for Inbox {
    type Data = InboxEvent;
    const KIND: &'static str = "mentions";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<InboxEvent>) {
        match &event.data {
            InboxEvent::Made { ticket, note, by } => {
                let (ticket, note, by) = (ticket.clone(), note.clone(), by.clone());
                self.mentions.push(Mention { ticket, note, by, at: event.at });
                if self.mentions.len() > KEPT {
                    self.mentions.remove(0);
                }
            }
            InboxEvent::Seen { notes } => {
                for note in notes {
                    self.seen.entry(note.clone()).or_insert(event.at);
                }
                while self.seen.len() > MARKS_KEPT {
                    let oldest = self.seen.iter().min_by_key(|(note, at)| (**at, (*note).clone()));
                    let Some(oldest) = oldest.map(|(note, _)| note.clone()) else { break };
                    self.seen.remove(&oldest);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pack() -> Pack {
        crate::pack::parse(json!({
            "format": "relevo-pack/1", "name": "T", "locale": {"default": "es"}, "queues": {"a": {"name": "A"}},
            "teams": {"dev": {"name": "Dev"}},
            "people": {"ana": {"name": "Ana", "role": "agent"}, "ben.m": {"name": "Ben", "role": "agent"}},
        }))
        .expect("a pack")
    }

    #[test]
    fn people_and_teams_are_found_by_their_ids_and_the_rest_is_reported() {
        for (text, people, teams, unknown) in [
            ("@ana, ¿lo ves? (@dev)", vec!["ana"], vec!["dev"], vec![]),
            ("@ana @ana y @ben.m.", vec!["ana", "ben.m"], vec![], vec![]),
            ("escribe a ana@ana o a x.@dev", vec![], vec![], vec![]),
            ("@eva @ @- @@ana", vec!["ana"], vec![], vec!["eva"]),
            ("@Ana", vec![], vec![], vec!["Ana"]),
            ("", vec![], vec![], vec![]),
        ] {
            let (found, missing) = mentioned(&pack(), None, text);
            assert_eq!(
                (found.people, found.teams, missing),
                (
                    people.into_iter().map(str::to_owned).collect(),
                    teams.into_iter().map(str::to_owned).collect(),
                    unknown.into_iter().map(str::to_owned).collect::<Vec<_>>()
                ),
                "{text}"
            );
        }
        let many: String = (0..100).map(|n| format!("@x{n} ")).collect();
        assert_eq!(mentioned(&pack(), None, &many).1.len(), MAX_MENTIONS);
    }

    #[test]
    fn an_inbox_keeps_the_newest() {
        let mut inbox = Inbox::default();
        for n in 0..u32::try_from(KEPT).expect("few") + 5 {
            let data =
                InboxEvent::Made { ticket: "t".into(), note: format!("n{n}"), by: "person:ana".into() };
            let at = DateTime::from_timestamp(i64::from(n), 0).expect("an instant");
            let id = relevo_journal::EventId::new(format!("e{n}")).expect("an id");
            let hlt = relevo_journal::Hlt::next(u64::from(n), relevo_journal::Hlt::default());
            inbox.apply(&Event { id, hlt, at, by: "x".into(), tag: 0, data });
        }
        assert_eq!((inbox.mentions.len(), inbox.mentions[0].note.as_str()), (KEPT, "n5"));
    }
}
