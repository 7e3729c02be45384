//! Notices to a room of a team chat: what happens to tickets is told where people look anyway.

use super::Pack;
use crate::condition::{Conditions, all_hold};
use crate::config::{About, EVENT_TYPES, Filter};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A rule: these events about these tickets are told in that room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Event types, as subscribers have them.
    pub on: Vec<String>,
    /// About which tickets; all of them if not given.
    #[serde(default, skip_serializing_if = "Filter::is_empty")]
    pub only: Filter,
    /// What the event itself must say; empty: anything.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub when: Conditions,
    /// `channel/account` by which it is sent.
    pub through: String,
    /// The room's id there.
    pub to: String,
    /// What is said; a name in braces stands for what the event or the ticket has there.
    pub text: String,
}

/// Channels that rooms are in.
const ROOMS: [&str; 2] = ["slack", "telegram"];

/// What a text may name of a ticket, as a work list shows it.
const NAMES: [&str; 9] =
    ["assignee", "category", "channel", "event", "number", "priority", "queue", "status", "team"];

/// What an event says itself, and which events say it. Words of a customer are none of it.
const TOLD: [(&str, &[&str]); 4] = [
    ("notice", &["notice.raised"]),
    ("score", &["rating.received"]),
    ("target", &["sla.breached", "sla.escalated", "sla.excused", "sla.warned"]),
    ("threshold", &["sla.breached", "sla.escalated", "sla.warned"]),
];

/// Most rules, and most characters of a text.
const MAX_NOTICES: usize = 50;
const MAX_TEXT: usize = 2_000;

/// What an event says by name, of what notices may ask for and repeat.
pub type Told = BTreeMap<&'static str, String>;

/// What the data of an event say.
pub fn told(data: &Value) -> Told {
    let said = |name: &str| match data.get(name)? {
        Value::String(value) if name == "target" => {
            // A target's instance is numbered; which one it is says nothing in a room.
            Some(value.rsplit_once('.').map_or(value.as_str(), |(target, _)| target).to_owned())
        }
        Value::String(value) => Some(value.clone()),
        Value::Number(value) => Some(value.to_string()),
        _ => None,
    };
    TOLD.iter().filter_map(|(name, _)| Some((*name, said(name)?))).collect()
}

impl Notice {
    /// Is an event about such a ticket told?
    pub fn wants(&self, event: &str, about: &About, told: &Told) -> bool {
        self.on.iter().any(|on| on == event) && self.only.lets_through(about) && all_hold(&self.when, told)
    }

    /// What is said of a ticket; what it does not have is a dash. People, queues, statuses and teams have their names.
    pub fn text(&self, pack: &Pack, event: &str, told: &Told, ticket: &Map<String, Value>) -> String {
        pieces(&self.text).fold(String::new(), |said, piece| match piece {
            Piece::Text(text) => said + text,
            Piece::Name("event") => said + event,
            Piece::Name(name) => match (told.get(name), ticket.get(name)) {
                (Some(value), _) => said + value,
                (None, Some(Value::String(value))) => said + called(pack, name, value),
                // What was answered without a name is about a ticket that has no number to who reads it.
                (None, Some(Value::Number(value))) if name != "number" || value.as_u64() != Some(0) => {
                    said + &value.to_string()
                }
                _ => said + "–",
            },
        })
    }
}

/// What people call what has this id.
fn called<'a>(pack: &'a Pack, name: &str, id: &'a str) -> &'a str {
    match name {
        "assignee" => pack.people.get(id).map(|person| person.name.as_str()),
        "queue" => pack.queues.get(id).map(|queue| queue.name.as_str()),
        "status" => pack.statuses.get(id).map(|status| status.name.as_str()),
        "team" => pack.teams.get(id).map(|team| team.name.as_str()),
        _ => None,
    }
    .unwrap_or(id)
}

enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

/// A text in pieces; a brace that is not closed is text.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if let Some((name, after)) = rest.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            rest = after;
            return Some(Piece::Name(name));
        }
        let length = rest.char_indices().skip(1).find(|(_, c)| *c == '{').map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at_checked(length)?;
        rest = after;
        (!piece.is_empty()).then_some(Piece::Text(piece))
    })
}

/// What is wrong with a pack's notices: JSON pointer and message.
pub(super) fn check(pack: &Pack) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    if pack.notices.len() > MAX_NOTICES {
        wrong.push(("/notices".to_owned(), format!("at most {MAX_NOTICES} notices are made")));
    }
    for (n, notice) in pack.notices.iter().enumerate() {
        let mut say = |place: String, what: String| wrong.push((format!("/notices/{n}{place}"), what));
        if notice.on.is_empty() {
            say("/on".to_owned(), "name what is told".to_owned());
        }
        for (i, event) in notice.on.iter().enumerate() {
            if !EVENT_TYPES.contains(&event.as_str()) {
                say(
                    format!("/on/{i}"),
                    format!("there is no such event; there are {}", EVENT_TYPES.join(", ")),
                );
            }
        }
        let there = |(channel, account): (&str, &str)| {
            ROOMS.contains(&channel) && pack.account(channel, account).is_some()
        };
        if !notice.through.split_once('/').is_some_and(there) {
            let rooms = ROOMS.join(" or ");
            say("/through".to_owned(), format!("a `channel/account` of /channels is expected, of {rooms}"));
        }
        if notice.to.is_empty() || notice.to.len() > 100 || !notice.to.chars().all(|c| c.is_ascii_graphic()) {
            say("/to".to_owned(), "the room's id has 1 to 100 visible ASCII characters".to_owned());
        }
        if notice.text.trim().is_empty() || notice.text.chars().count() > MAX_TEXT {
            say("/text".to_owned(), format!("a text has 1 to {MAX_TEXT} characters"));
        }
        for (q, queue) in notice.only.queues.iter().enumerate().filter(|(_, q)| !pack.queues.contains_key(*q))
        {
            say(format!("/only/queues/{q}"), format!("no queue {queue:?}; add it to /queues"));
        }
        for (c, channel) in notice.only.channels.iter().enumerate() {
            if !pack.channels.contains_key(channel) {
                say(format!("/only/channels/{c}"), format!("no channel {channel:?}; add it to /channels"));
            }
        }
        for piece in pieces(&notice.text) {
            if let Piece::Name(name) = piece
                && !NAMES.contains(&name)
            {
                match TOLD.iter().find(|(told, _)| *told == name) {
                    None => {
                        let told = TOLD.map(|(told, _)| told).join(", ");
                        let names = NAMES.join(", ");
                        say(
                            "/text".to_owned(),
                            format!("no name {name:?}; a ticket has {names}, and an event {told}"),
                        );
                    }
                    Some((_, events)) => {
                        let wrong = untold(notice, name, events).map(|what| ("/text".to_owned(), what));
                        wrong.into_iter().for_each(|(place, what)| say(place, what));
                    }
                }
            }
        }
        check_when(pack, notice).into_iter().for_each(|(place, what)| say(format!("/when{place}"), what));
    }
    wrong
}

/// What is wrong with what the event must say.
fn check_when(pack: &Pack, notice: &Notice) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    for (fact, condition) in &notice.when {
        let place = format!("/{}", super::escape(fact));
        match TOLD.iter().find(|(told, _)| told == fact) {
            None => {
                let known = TOLD.map(|(told, _)| told).join(", ");
                wrong.push((place, format!("an event says no {fact:?}; known are {known}")));
            }
            Some((_, events)) => {
                let what = untold(notice, fact, events).or_else(|| condition.check().map(str::to_owned));
                wrong.extend(what.map(|what| (place, what)));
            }
        }
    }
    wrong.extend(super::unknown(pack, &notice.when));
    wrong
}

/// What is wrong with a name that none of a notice's events says.
fn untold(notice: &Notice, name: &str, events: &[&str]) -> Option<String> {
    let told = notice.on.iter().any(|on| events.contains(&on.as_str()));
    (!told).then(|| format!("{name:?} is said by {} alone; add one of them to on", events.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn notice(on: &str, text: &str) -> Notice {
        let (through, to) = ("slack/main".into(), "C1".into());
        let (on, only, when) = (vec![on.into()], Filter::default(), Conditions::new());
        Notice { on, only, when, through, to, text: text.into() }
    }

    #[test]
    fn a_text_says_what_event_and_ticket_have_and_a_dash_for_what_they_lack() {
        let pack: Pack = serde_json::from_value(json!({
            "format": "relevo-pack/1", "name": "x", "locale": {"default": "es"}, "queues": {},
            "teams": {"finance": {"name": "Finance and refunds"}},
        }))
        .unwrap();
        let ticket = json!({"number": 12, "team": "finance", "queue": "gone", "assignee": null});
        let told =
            told(&json!({"target": "with_finance.2", "threshold": "breach", "text": "secret", "score": 2}));
        let said = |text: &str| {
            notice("sla.breached", text).text(&pack, "sla.breached", &told, ticket.as_object().unwrap())
        };
        assert_eq!(
            said("#{number} → {team}, {queue} ({assignee}): {event}"),
            "#12 → Finance and refunds, gone (–): sla.breached"
        );
        assert_eq!(said("{target} {threshold} {score} {notice} {text}"), "with_finance breach 2 – –");
        let unnamed = notice("rating.received", "#{number}");
        let said_of_none =
            unnamed.text(&pack, "rating.received", &told, json!({"number": 0}).as_object().unwrap());
        assert_eq!(said_of_none, "#–", "what was answered without a name");
        assert_eq!((said("{"), said("a{b"), said("ñ{number}{")), ("{".into(), "a{b".into(), "ñ12{".into()));
    }

    #[test]
    fn only_what_is_named_is_told() {
        let mut notice = notice("rating.received", "x");
        let about = About { queue: "finance".into(), ..About::default() };
        let none = Told::new();
        assert!(notice.wants("rating.received", &about, &none));
        assert!(!notice.wants("ticket.opened", &about, &none));
        notice.when = serde_json::from_value(json!({"score": {"at_most": 3}})).unwrap();
        assert!(notice.wants("rating.received", &about, &told(&json!({"score": 3}))));
        assert!(!notice.wants("rating.received", &about, &told(&json!({"score": 4}))));
        assert!(!notice.wants("rating.received", &about, &none), "what is not said fits nothing");
        notice.only.queues = vec!["support".into()];
        assert!(!notice.wants("rating.received", &about, &told(&json!({"score": 3}))));
    }

    #[test]
    fn what_cannot_be_told_is_found_when_the_pack_is_published() {
        let document = json!({
            "format": "relevo-pack/1", "name": "x", "locale": {"default": "es"}, "queues": {"q": {"name": "q"}},
            "channels": {"slack": {"main": {}}, "whatsapp": {"main": {}}},
            "notices": [
                {"on": ["ticket.escalated"], "through": "slack/main", "to": "C1", "text": "#{number}"},
                {"on": [], "only": {"queues": ["q", "r"], "channels": ["fax"]}, "through": "whatsapp/main", "to": "", "text": " "},
                {"on": ["ticket.lost"], "through": "slack/other", "to": "C 1", "text": "{contact}"},
                {"on": ["ticket.opened"], "when": {"score": {"at_most": 3}}, "through": "slack/main", "to": "C1", "text": "{score}"},
                {"on": ["sla.warned"], "when": {"target": ["with_nobody"], "weather": ["fine"], "threshold": []},
                 "through": "slack/main", "to": "C1", "text": "{target}"},
            ],
        });
        let pack: Pack = serde_json::from_value(document).unwrap();
        let found: Vec<_> = check(&pack).into_iter().map(|(pointer, _)| pointer).collect();
        let expected = [
            "/1/on",
            "/1/through",
            "/1/to",
            "/1/text",
            "/1/only/queues/1",
            "/1/only/channels/0",
            "/2/on/0",
            "/2/through",
            "/2/to",
            "/2/text",
            "/3/text",
            "/3/when/score",
            "/4/when/threshold",
            "/4/when/weather",
            "/4/when/target",
        ];
        assert_eq!(found, expected.map(|place| format!("/notices{place}")));
    }
}
