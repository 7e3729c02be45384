//! Notices to a room of a team chat: what happens to tickets is told where people look anyway.

use super::Pack;
use crate::config::{About, EVENT_TYPES, Filter};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A rule: these events about these tickets are told in that room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Event types, as subscribers have them.
    pub on: Vec<String>,
    /// About which tickets; all of them if not given.
    #[serde(default, skip_serializing_if = "Filter::is_empty")]
    pub only: Filter,
    /// `channel/account` by which it is sent.
    pub through: String,
    /// The room's id there.
    pub to: String,
    /// What is said; a name in braces stands for what the ticket has there.
    pub text: String,
}

/// Channels that rooms are in.
const ROOMS: [&str; 2] = ["slack", "telegram"];

/// What a text may name of a ticket, as a work list shows it.
const NAMES: [&str; 9] =
    ["assignee", "category", "channel", "event", "number", "priority", "queue", "status", "team"];

/// Most rules, and most characters of a text.
const MAX_NOTICES: usize = 50;
const MAX_TEXT: usize = 2_000;

impl Notice {
    /// Is an event about such a ticket told?
    pub fn wants(&self, event: &str, about: &About) -> bool {
        self.on.iter().any(|on| on == event) && self.only.lets_through(about)
    }

    /// What is said of a ticket; what it does not have is a dash.
    pub fn text(&self, event: &str, ticket: &Map<String, Value>) -> String {
        pieces(&self.text).fold(String::new(), |said, piece| match piece {
            Piece::Text(text) => said + text,
            Piece::Name("event") => said + event,
            Piece::Name(name) => match ticket.get(name) {
                Some(Value::String(value)) => said + value,
                Some(Value::Number(value)) => said + &value.to_string(),
                _ => said + "–",
            },
        })
    }
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
        for piece in pieces(&notice.text) {
            if let Piece::Name(name) = piece
                && !NAMES.contains(&name)
            {
                say("/text".to_owned(), format!("a ticket has no such name; it has {}", NAMES.join(", ")));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn notice(text: &str) -> Notice {
        let (on, through, to) = (vec!["ticket.escalated".into()], "slack/main".into(), "C1".into());
        Notice { on, only: Filter::default(), through, to, text: text.into() }
    }

    #[test]
    fn a_text_says_what_the_ticket_has_and_a_dash_for_what_it_lacks() {
        let ticket = json!({"number": 12, "team": "finance", "assignee": null}).as_object().cloned().unwrap();
        let said = |text: &str| notice(text).text("ticket.escalated", &ticket);
        assert_eq!(said("#{number} → {team} ({assignee}): {event}"), "#12 → finance (–): ticket.escalated");
        assert_eq!((said("{"), said("a{b"), said("ñ{number}{")), ("{".into(), "a{b".into(), "ñ12{".into()));
    }

    #[test]
    fn only_what_is_named_is_told() {
        let mut notice = notice("x");
        let about = About { queue: "finance".into(), ..About::default() };
        assert!(notice.wants("ticket.escalated", &about) && !notice.wants("ticket.opened", &about));
        notice.only.queues = vec!["support".into()];
        assert!(!notice.wants("ticket.escalated", &about));
    }

    #[test]
    fn what_cannot_be_told_is_found_when_the_pack_is_published() {
        let document = json!({
            "format": "relevo-pack/1", "name": "x", "locale": {"default": "es"}, "queues": {"q": {"name": "q"}},
            "channels": {"slack": {"main": {}}, "whatsapp": {"main": {}}},
            "notices": [
                {"on": ["ticket.escalated"], "through": "slack/main", "to": "C1", "text": "#{number}"},
                {"on": [], "through": "whatsapp/main", "to": "", "text": " "},
                {"on": ["ticket.lost"], "through": "slack/other", "to": "C 1", "text": "{contact}"},
            ],
        });
        let pack: Pack = serde_json::from_value(document).unwrap();
        let found: Vec<_> = check(&pack).into_iter().map(|(pointer, _)| pointer).collect();
        let expected =
            ["/1/on", "/1/through", "/1/to", "/1/text", "/2/on/0", "/2/through", "/2/to", "/2/text"];
        assert_eq!(found, expected.map(|place| format!("/notices{place}")));
    }
}
