//! What came in, masked before it is kept: everything that a person may have written, and nothing by which a message is
//! known or answered.

use super::{mask, mask_value};
use crate::Private;
use crate::message::{Attachment, Inbound, Mail, Meaning};
use serde_json::Value;

/// Masks every card number in an item. True: there was one.
pub fn mask_inbound(item: &mut Inbound) -> bool {
    match item {
        Inbound::Message(message) => any([
            text(&mut message.text),
            text(&mut message.subject),
            text(&mut message.name),
            data(&mut message.data),
            names(&mut message.attachments),
            message.mail.as_deref_mut().is_some_and(mail),
        ]),
        Inbound::Outgoing(message) => {
            any([text(&mut message.text), data(&mut message.data), names(&mut message.attachments)])
        }
        Inbound::Call(call) => {
            any([text(&mut call.text), data(&mut call.data), names(&mut call.attachments)])
        }
        Inbound::Other(other) => {
            let said = match other.means.as_deref_mut() {
                Some(Meaning::Edited { text: said, .. }) => text(said),
                _ => false,
            };
            any([mask_value(&mut other.data.0), said])
        }
        Inbound::Problem(problem) => mask_value(&mut problem.data.0),
        Inbound::Status(_) => false,
    }
}

fn mail(mail: &mut Mail) -> bool {
    any([text(&mut mail.html), text(&mut mail.quoted), text(&mut mail.signature)])
}

fn text(text: &mut Option<Private<String>>) -> bool {
    let masked = text.as_ref().and_then(|text| mask(&text.0));
    let is_masked = masked.is_some();
    if let Some(masked) = masked {
        *text = Some(Private(masked));
    }
    is_masked
}

fn data(data: &mut Option<Private<Value>>) -> bool {
    data.as_mut().is_some_and(|data| mask_value(&mut data.0))
}

fn names(files: &mut [Attachment]) -> bool {
    files.iter_mut().fold(false, |any, file| text(&mut file.filename) | any)
}

fn any<const N: usize>(masked: [bool; N]) -> bool {
    masked.contains(&true)
}

#[cfg(test)]
mod tests {
    use super::mask_inbound;
    use crate::message::{Address, AddressKind, Inbound, InboundMessage, Mail, OtherEvent, Problem};
    use serde_json::{Value, json};

    const NUMBER: &str = "4111 1111 1111 1111";

    fn masked(mut item: Inbound) -> Value {
        assert!(mask_inbound(&mut item));
        assert!(!mask_inbound(&mut item), "once is enough");
        serde_json::to_value(item).expect("JSON")
    }

    #[test]
    fn everything_that_was_written_is_masked_and_nothing_that_it_is_known_by() {
        let from = Address { kind: AddressKind::User, value: "4111111111111111".into() };
        let mut message = InboundMessage::text("wamid.4111111111111111", from, format!("es {NUMBER}."));
        message.subject = Some(NUMBER.into());
        message.name = Some(NUMBER.into());
        message.data = Some(json!({"deep": [NUMBER]}).into());
        let part = || Some(NUMBER.into());
        message.mail =
            Some(Box::new(Mail { html: part(), quoted: part(), signature: part(), ..Mail::default() }));
        let kept = masked(Inbound::Message(Box::new(message)));
        assert_eq!(kept["text"], "es **** **** **** 1111.");
        assert_eq!(kept["data"], json!({"deep": ["**** **** **** 1111"]}));
        assert!(!kept.to_string().contains(NUMBER), "{kept}");
        assert_eq!(kept["external_id"], "wamid.4111111111111111");
        assert_eq!(kept["from"]["value"], "4111111111111111");
    }

    #[test]
    fn what_is_not_understood_is_masked_too() {
        let data = || json!({"typed": NUMBER}).into();
        let other = OtherEvent {
            group: None,
            means: None,
            external_id: "1".into(),
            kind: "x".into(),
            from: None,
            data: data(),
        };
        assert_eq!(masked(Inbound::Other(other))["data"]["typed"], "**** **** **** 1111");
        let problem = Problem {
            external_id: "1".into(),
            pointer: String::new(),
            why: "new".into(),
            data: data(),
            request: None,
        };
        assert_eq!(masked(Inbound::Problem(problem))["data"]["typed"], "**** **** **** 1111");
    }

    #[test]
    fn a_message_without_one_is_left_alone() {
        let from = Address { kind: AddressKind::Phone, value: "+34600123456".into() };
        let message = InboundMessage::text("1", from, "Mi pedido es el 1234567812345670");
        let mut item = Inbound::Message(Box::new(message));
        let before = item.clone();
        assert!(!mask_inbound(&mut item));
        assert_eq!(item, before);
    }
}
