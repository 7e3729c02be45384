//! Whether what a customer wrote in the chat is a vote and nothing else.
//!
//! A vote is a whole message: the number of a score, as many stars, a thumb, or a phrase of the pack. Anything that
//! says more, asks something or carries a file is a message for the desk, whatever number stands in it.

use super::SurveyKind;
use crate::message::{InboundMessage, MessageKind};
use crate::pack::InChat;
use serde_json::Value;

/// Prefix of the ids of buttons and list entries that are votes: `rate:5`.
pub const CHOICE: &str = "rate:";

/// Longest message that can be a vote, in characters.
const MAX_CHARS: usize = 60;

/// The score that a message gives, if it gives one and says nothing else. `locales`: those to look phrases up in.
pub fn score_of(message: &InboundMessage, kind: SurveyKind, chat: &InChat, locales: &[String]) -> Option<u8> {
    let score = match message.kind {
        MessageKind::Choice => chosen(message.data.as_ref().map(|d| &d.0)?)?,
        MessageKind::Text if message.attachments.is_empty() => {
            let text = message.text.as_ref().map(|t| t.0.as_str())?;
            if text.chars().count() > MAX_CHARS {
                return None;
            }
            number(text, kind).or_else(|| phrase(text, chat, locales))?
        }
        _ => return None,
    };
    kind.scores().contains(&score).then_some(score)
}

/// The score of a button's id, wherever the provider puts it.
fn chosen(data: &Value) -> Option<u8> {
    match data {
        Value::String(id) => id.strip_prefix(CHOICE)?.parse().ok(),
        Value::Array(items) => items.iter().find_map(chosen),
        Value::Object(map) => map.values().find_map(chosen),
        _ => None,
    }
}

/// `5`, `5.`, `5/5`, `5️⃣`, five stars, a thumb.
fn number(text: &str, kind: SurveyKind) -> Option<u8> {
    // A variation selector and the frame of a keycap are drawn around the character before them.
    let text: String = text.chars().filter(|c| !matches!(c, '\u{fe0f}' | '\u{20e3}')).collect();
    let text = text.trim();
    match (text, kind) {
        ("👍", SurveyKind::Thumbs) => return Some(1),
        ("👎", SurveyKind::Thumbs) => return Some(0),
        _ => {}
    }
    if !text.is_empty() && text.chars().all(|c| matches!(c, '⭐' | '★' | '🌟')) {
        return u8::try_from(text.chars().count()).ok();
    }
    let text = text.trim_end_matches(['.', '!', ')']).trim_end();
    let (score, of) = text.split_once('/').map_or((text, None), |(score, of)| (score.trim(), Some(of)));
    let plain = (1..=2).contains(&score.len()) && score.bytes().all(|b| b.is_ascii_digit());
    let whole = of.is_none_or(|of| of.trim() == kind.scores().end().to_string());
    score.parse().ok().filter(|_| plain && whole)
}

fn phrase(text: &str, chat: &InChat, locales: &[String]) -> Option<u8> {
    if text.contains(['?', '¿']) {
        return None;
    }
    let said = plain(text);
    let tables = locales.iter().filter_map(|locale| chat.phrases.get(locale));
    tables.flatten().find(|(phrase, _)| plain(phrase) == said).map(|(_, score)| *score)
}

/// Words alone, in small letters: `¡Muy bien, gracias!` is `muy bien gracias`.
pub(crate) fn plain(text: &str) -> String {
    let letters: String = text
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .flat_map(char::to_lowercase)
        .collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Address, AddressKind, Attachment};
    use serde_json::json;

    fn message(text: &str) -> InboundMessage {
        let from = Address { kind: AddressKind::Phone, value: "34600000000".to_owned().into() };
        InboundMessage::text("m1", from, text)
    }

    fn chat() -> InChat {
        let phrases = [("muy bien, gracias".to_owned(), 5), ("fatal".to_owned(), 1), ("siete".to_owned(), 7)];
        InChat { hours: 24, buttons: true, phrases: [("es".to_owned(), phrases.into())].into() }
    }

    fn score(text: &str, kind: SurveyKind) -> Option<u8> {
        score_of(&message(text), kind, &chat(), &["es-MX".to_owned(), "es".to_owned()])
    }

    #[test]
    fn whole_answers_are_votes() {
        for (text, expected) in [
            ("5", 5),
            (" 4. ", 4),
            ("3!", 3),
            ("5/5", 5),
            ("2 / 5", 2),
            ("5️⃣", 5),
            ("⭐⭐⭐⭐", 4),
            ("★", 1),
            ("Muy bien, gracias", 5),
            ("¡MUY BIEN, GRACIAS!", 5),
            ("fatal", 1),
        ] {
            assert_eq!(score(text, SurveyKind::Csat), Some(expected), "{text}");
        }
        assert_eq!(score("10", SurveyKind::Nps), Some(10));
        assert_eq!(score("0", SurveyKind::Nps), Some(0));
        assert_eq!(score("👍", SurveyKind::Thumbs), Some(1));
        assert_eq!(score("👎", SurveyKind::Thumbs), Some(0));
    }

    #[test]
    fn what_says_more_or_asks_is_never_swallowed() {
        for text in [
            "",
            "0",
            "6",
            "55",
            "5 días llevo esperando",
            "5?",
            "¿muy bien, gracias?",
            "muy bien, gracias, pero sigue sin funcionar",
            "fatal, no funciona",
            "5/10",
            "-5",
            "+5",
            "05 06 07",
            "4,5",
            "4.5",
            "٥",
            "siete",
            "⭐⭐⭐⭐⭐⭐",
            "👍",
            "5\n6",
            "Mi número es el 5",
            "muy bien",
        ] {
            assert_eq!(score(text, SurveyKind::Csat), None, "{text}");
        }
        let mut file = message("5");
        file.attachments.push(Attachment::new("media", "image"));
        assert_eq!(score_of(&file, SurveyKind::Csat, &chat(), &["es".to_owned()]), None);
    }

    #[test]
    fn a_button_is_a_vote_by_its_id_and_not_by_its_title() {
        let pressed = |id: &str| InboundMessage {
            kind: MessageKind::Choice,
            data: Some(
                json!({"interactive": {"type": "list_reply", "list_reply": {"id": id, "title": "5"}}}).into(),
            ),
            ..message("5")
        };
        let of = |id: &str| score_of(&pressed(id), SurveyKind::Csat, &chat(), &[]);
        assert_eq!(of("rate:2"), Some(2));
        assert_eq!(of("rate:9"), None);
        assert_eq!(of("menu:5"), None);
    }
}
