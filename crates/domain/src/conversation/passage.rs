//! What a ticket says, piece by piece: what full-text search looks at.

use super::{Conversation, Message, Party, Ticket};
use serde_json::Value;

/// Where something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// What it is about.
    Subject,
    /// A message, by its id.
    Message(&'a str),
    /// Who wrote: name or address.
    Contact,
    /// A custom field.
    Field(&'a str),
    /// A tag.
    Tag,
}

/// Something that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage<'a> {
    /// Where.
    pub place: Place<'a>,
    /// What.
    pub text: String,
}

/// All that a ticket says. The whole stream must have been read. What is erased says nothing.
pub fn passages<'a>(state: &'a Conversation, ticket: &'a Ticket) -> Vec<Passage<'a>> {
    let mut all = Vec::new();
    let mut say = |place, text: &str| {
        if !text.trim().is_empty() {
            all.push(Passage { place, text: text.to_owned() });
        }
    };
    if let Some(subject) = &ticket.subject {
        say(Place::Subject, &subject.0);
    }
    if let Some(Party { name, address, .. }) = &state.party {
        say(Place::Contact, name.as_ref().map_or("", |name| name.0.as_str()));
        say(Place::Contact, &address.value.0);
    }
    for (name, value) in &ticket.fields.0 {
        say(Place::Field(name), &field_text(value));
    }
    for tag in &ticket.tags {
        say(Place::Tag, tag);
    }
    for message in state.messages(ticket.ordinal) {
        let place = Place::Message(&message.id);
        if let Some(subject) = &message.subject {
            say(place, &subject.0);
        }
        say(place, &message_text(message));
    }
    all
}

/// A custom field's value as text.
pub fn field_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(field_text).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

fn message_text(message: &Message) -> String {
    match (&message.text, &message.html) {
        (Some(text), _) => text.0.clone(),
        (None, Some(html)) => untagged(&html.0),
        (None, None) => String::new(),
    }
}

/// Formatted text without what stands between angle brackets.
fn untagged(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    for piece in html.split('<') {
        let said = match piece.split_once('>') {
            Some((_, said)) if !text.is_empty() || html.starts_with('<') => said,
            _ => piece,
        };
        text.push(' ');
        text.push_str(said);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_formatted_text_what_is_said_is_left() {
        assert_eq!(
            untagged("<p>No <b>puedo</b></p>entrar").split_whitespace().collect::<Vec<_>>(),
            ["No", "puedo", "entrar"]
        );
        assert_eq!(untagged("Hola <b>Ana</b>").split_whitespace().collect::<Vec<_>>(), ["Hola", "Ana"]);
    }

    #[test]
    fn values_of_fields_are_read_as_they_are_written() {
        for (value, text) in
            [(json!("Pro"), "Pro"), (json!(12), "12"), (json!(["a", 2]), "a 2"), (json!(null), "")]
        {
            assert_eq!(field_text(&value), text);
        }
    }
}
