//! What rules, macros and bulk actions do to a ticket: one list of actions, decided as a person's call would be.

mod check;

pub use check::check;
pub(crate) use check::is_word;

use crate::Private;
use crate::conversation::decide::{self, Published};
use crate::conversation::{Conversation, ConversationEvent, attention, queue, validation};
use crate::pack::{Priority, Role};
use crate::refusal::Refusal;
use chrono::{DateTime, TimeDelta, Utc};
use relevo_journal::{Event, EventId, Fold, Hlt};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// Most actions of one list.
pub const MAX_ACTIONS: usize = 10;

/// Something to do to a ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Another status.
    Status {
        /// Status id or category.
        status: String,
        /// Free text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// To a person, a team, both or nobody.
    Assignment {
        /// Person id; null: nobody.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "said")]
        agent: Option<Option<String>>,
        /// Team id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        team: Option<String>,
    },
    /// Another queue, and its team.
    Queue {
        /// Queue id.
        queue: String,
    },
    /// Tags.
    Tags {
        /// Tags to add.
        #[serde(default)]
        add: Vec<String>,
        /// Tags to take off.
        #[serde(default)]
        remove: Vec<String>,
    },
    /// Another priority.
    Priority {
        /// The priority.
        priority: Priority,
    },
    /// Custom fields; null removes one.
    Fields {
        /// Names and new values.
        set: Map<String, Value>,
    },
    /// An internal note.
    Note {
        /// The note.
        text: String,
    },
    /// Handed over to another team.
    Escalation {
        /// Team id.
        team: String,
        /// Free text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Out of sight for a time.
    Snooze {
        /// For how long.
        seconds: u32,
    },
    /// Subscribers of `notice.raised` are told.
    Notice {
        /// A word by which they know what it is about.
        notice: String,
        /// Free text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// A reply from a template.
    Reply {
        /// Template.
        template: String,
        /// What the template takes beside what is known of the ticket.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        data: Map<String, Value>,
    },
    /// All that a macro of the pack does.
    Macro {
        /// Macro id.
        id: String,
        /// What its templates ask for.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        data: Map<String, Value>,
    },
}

/// What was said, also if it was null; what was not is left to `default`.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// Who acts, and when.
pub struct Acting<'a> {
    /// What they may do; none: the desk itself, by a rule of its pack.
    pub role: Option<Role>,
    /// Who does the work of a person now: what is meant for somebody absent goes to whoever takes over.
    pub stand_in: &'a dyn Fn(&Conversation, &str) -> Option<String>,
    /// When.
    pub now: DateTime<Utc>,
}

impl Acting<'_> {
    /// The desk itself, as if everybody were there: what goes to somebody absent is given on by the tick.
    pub fn desk(now: DateTime<Utc>) -> Acting<'static> {
        Acting { role: None, stand_in: &|_, agent| Some(agent.to_owned()), now }
    }
}

/// The events of a list of actions, in their order: each sees what the ones before it did.
///
/// # Errors
/// The first refusal, with the place of its action: then none of it is done.
pub fn decide_all(
    actions: &[Action],
    state: &Conversation,
    published: Published<'_>,
    ticket: u32,
    acting: &Acting<'_>,
    mut reply: impl FnMut(&Conversation) -> Result<Vec<ConversationEvent>, Refusal>,
) -> Result<Vec<ConversationEvent>, (usize, Refusal)> {
    let (mut after, mut events) = (state.clone(), Vec::new());
    for (place, action) in actions.iter().enumerate() {
        let done = match action {
            Action::Reply { .. } => reply(&after),
            _ => action.decide(&after, published, ticket, acting),
        };
        for data in done.map_err(|refusal| (place, refusal))? {
            see(&mut after, &data, acting.now);
            events.push(data);
        }
    }
    Ok(events)
}

/// The state as it will be, for what comes after in the same list.
pub(crate) fn see(state: &mut Conversation, data: &ConversationEvent, now: DateTime<Utc>) {
    if let Ok(id) = EventId::new("action") {
        state.apply(&Event { id, hlt: Hlt(0), at: now, by: String::new(), tag: 0, data: data.clone() });
    }
}

impl Action {
    /// Its name in packs and calls.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Assignment { .. } => "assignment",
            Self::Queue { .. } => "queue",
            Self::Tags { .. } => "tags",
            Self::Priority { .. } => "priority",
            Self::Fields { .. } => "fields",
            Self::Note { .. } => "note",
            Self::Escalation { .. } => "escalation",
            Self::Snooze { .. } => "snooze",
            Self::Notice { .. } => "notice",
            Self::Reply { .. } => "reply",
            Self::Macro { .. } => "macro",
        }
    }

    /// What it makes of a ticket; nothing if the ticket already is so. Replies and macros are for whoever can render.
    ///
    /// # Errors
    /// As the call that does the same.
    pub fn decide(
        &self,
        state: &Conversation,
        published: Published<'_>,
        ticket: u32,
        acting: &Acting<'_>,
    ) -> Result<Vec<ConversationEvent>, Refusal> {
        let current = decide::existing(state, ticket)?;
        match self.clone() {
            Self::Status { status, reason } => match acting.role {
                Some(role) => validation::move_to(state, published.pack, ticket, &status, reason, role),
                None => validation::moved(state, published.pack, ticket, &status, reason),
            },
            Self::Assignment { agent, team } => {
                let agent = agent.flatten();
                let same_team = team.is_none() || team == current.team;
                if agent == current.agent && same_team {
                    return Ok(Vec::new());
                }
                let stand_in = |agent: &str| (acting.stand_in)(state, agent);
                decide::assign_present(state, published, ticket, agent, team, &stand_in)
            }
            Self::Queue { queue } => queue::to(state, published, ticket, queue, acting.role),
            Self::Tags { add, remove } => {
                let add: Vec<_> = add.into_iter().filter(|tag| !current.tags.contains(tag)).collect();
                let remove: Vec<_> = remove.into_iter().filter(|tag| current.tags.contains(tag)).collect();
                match add.is_empty() && remove.is_empty() {
                    true => Ok(Vec::new()),
                    false => decide::set_tags(state, published, ticket, add, remove),
                }
            }
            Self::Priority { priority } => decide::change_priority(state, published, ticket, priority),
            Self::Fields { set } => {
                let known = &current.fields.0;
                let news =
                    set.into_iter().filter(|(name, value)| known.get(name).unwrap_or(&Value::Null) != value);
                let set: Map<String, Value> = news.collect();
                match acting.role {
                    _ if set.is_empty() => Ok(Vec::new()),
                    Some(role) => decide::change_fields(state, published, ticket, set, role),
                    None => decide::set_fields(state, published, ticket, set),
                }
            }
            Self::Note { text } => Ok(vec![decide::note(state, ticket, text)?]),
            Self::Escalation { team, reason } => match current.team.as_ref() == Some(&team) {
                true => Ok(Vec::new()),
                false => decide::escalate(state, published, ticket, team, reason),
            },
            Self::Snooze { seconds } => {
                let until = acting.now.checked_add_signed(TimeDelta::seconds(seconds.into()));
                attention::snooze(state, ticket, until, acting.now)
            }
            Self::Notice { notice, text } => {
                Ok(vec![ConversationEvent::NoticeRaised { ticket, notice, text: text.map(Private) }])
            }
            Self::Reply { .. } | Self::Macro { .. } => Ok(Vec::new()),
        }
    }
}
