//! What is too large for an event. Of a message what people read is cut, and the whole goes along as a file; anything else
//! is kept for a look, and the rest of its batch is not held up by it.

use crate::intake::{BY, Origin};
use crate::portions::LARGEST_ITEM_BYTES;
use relevo_channels::File;
use relevo_domain::Private;
use relevo_domain::message::{Attachment, Inbound, InboundMessage, Problem as Kept};
use relevo_edge::app::DeskContext;
use relevo_edge::personal;
use relevo_edge::problem::Problem;
use serde_json::json;

/// Largest item that is kept for a look: a mail of the largest size, written as JSON.
const MAX_ITEM_BYTES: usize = 80 * 1024 * 1024;

/// Files that a message keeps as files; of more, the rest are named in the whole alone.
const ATTACHMENTS: usize = 300;

/// Bytes of a text that are shown.
const TEXT_BYTES: usize = 64 * 1024;

/// Bytes of what is one line: a name, a subject.
const LINE_BYTES: usize = 1_000;

/// Bytes of a file's name.
const FILENAME_BYTES: usize = 255;

/// Ids and addresses of a list that are kept: those of a thread's end count.
const LISTED: usize = 50;

/// What a message as a whole is called among its files.
const WHOLE: &str = "message.json";

/// An item and its JSON, cut if it is a message that does not fit: the whole of it is then one of the `files`.
pub fn fit(context: &DeskContext, files: &mut Vec<File>, mut item: Inbound) -> (Inbound, Vec<u8>) {
    let whole = serde_json::to_vec(&item).unwrap_or_default();
    let name = || format!("whole:{}", context.keys.id("whole", &[&String::from_utf8_lossy(&whole)]));
    match shorten(&mut item, &whole, name) {
        None => (item, whole),
        Some(file) => {
            files.push(file);
            let left = serde_json::to_vec(&item).unwrap_or_default();
            (item, left)
        }
    }
}

/// What stands for an item that cannot be cut: its bytes are in a blob.
pub async fn for_a_look(context: &DeskContext, origin: Origin<'_>, whole: &[u8]) -> Result<Inbound, Problem> {
    let key = personal::account_key(context, origin.channel, origin.account, BY).await?;
    let blob = context.journal.put_sealed_blob(&context.desk, &key, whole, MAX_ITEM_BYTES).await?;
    Ok(Inbound::Problem(Kept {
        external_id: context.keys.id("oversized", &[&String::from_utf8_lossy(whole)]),
        pointer: String::new(),
        why: format!("larger than {LARGEST_ITEM_BYTES} bytes; it is kept whole as a blob"),
        data: json!({"blob": blob.to_string(), "bytes": whole.len()}).into(),
        request: None,
    }))
}

/// Cuts a message that is too large or has too many files; `name` names the whole, which is returned as a file.
/// None: it fits, or is no message.
fn shorten(item: &mut Inbound, whole: &[u8], name: impl FnOnce() -> String) -> Option<File> {
    let Inbound::Message(message) = item else { return None };
    if whole.len() <= LARGEST_ITEM_BYTES && message.attachments.len() <= ATTACHMENTS {
        return None;
    }
    cut(message);
    let reference = name();
    message.attachments.push(Attachment {
        mime_type: Some("application/json".to_owned()),
        filename: Some(WHOLE.into()),
        size_bytes: u64::try_from(whole.len()).ok(),
        ..Attachment::new(reference.clone(), "file")
    });
    message.remarks.push(format!("shortened: {} bytes came in, and are in {WHOLE}", whole.len()));
    Some(File { reference, bytes: Private(whole.to_vec()) })
}

fn cut(message: &mut InboundMessage) {
    line(&mut message.name);
    line(&mut message.subject);
    text(&mut message.text);
    message.also_known_as.truncate(LISTED);
    message.attachments.truncate(ATTACHMENTS);
    for attachment in &mut message.attachments {
        shown(&mut attachment.filename, FILENAME_BYTES);
        if attachment.mime_type.as_ref().is_some_and(|kind| kind.len() > LINE_BYTES) {
            attachment.mime_type = None;
        }
    }
    if message.data.as_ref().is_some_and(|data| data.0.to_string().len() > TEXT_BYTES) {
        message.data = None;
    }
    let Some(mail) = &mut message.mail else { return };
    // Markup that is cut is no markup: the text is shown instead.
    if mail.html.as_ref().is_some_and(|html| html.0.len() > TEXT_BYTES) {
        mail.html = None;
    }
    text(&mut mail.quoted);
    text(&mut mail.signature);
    mail.references.retain(|id| id.len() <= LINE_BYTES);
    let early = mail.references.len().saturating_sub(LISTED);
    mail.references.drain(..early);
    mail.to.truncate(LISTED);
    mail.cc.truncate(LISTED);
}

fn line(value: &mut Option<Private<String>>) {
    shown(value, LINE_BYTES);
}

fn text(value: &mut Option<Private<String>>) {
    shown(value, TEXT_BYTES);
}

fn shown(value: &mut Option<Private<String>>, bytes: usize) {
    if let Some(Private(text)) = value
        && text.len() > bytes
    {
        text.truncate(text.floor_char_boundary(bytes));
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relevo_domain::message::{Address, AddressKind, Mail};

    fn shortened(message: InboundMessage) -> (InboundMessage, Option<File>) {
        let mut item = Inbound::Message(Box::new(message));
        let whole = serde_json::to_vec(&item).expect("JSON");
        let file = shorten(&mut item, &whole, || "whole:x".to_owned());
        let left = serde_json::to_vec(&item).expect("JSON").len();
        assert!(left <= LARGEST_ITEM_BYTES, "{left}");
        if let Some(file) = &file {
            assert_eq!(file.bytes.0, whole);
        }
        match item {
            Inbound::Message(message) => (*message, file),
            _ => panic!("another item"),
        }
    }

    fn message(text: &str) -> InboundMessage {
        let from = Address { kind: AddressKind::Email, value: "ana@example.org".into() };
        InboundMessage::text("m1", from, text)
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let (left, file) = shortened(message(&"a".repeat(100_000)));
        assert!(file.is_none());
        assert_eq!(left, message(&"a".repeat(100_000)));
    }

    #[test]
    fn of_a_long_mail_the_beginning_is_shown_and_the_whole_is_a_file() {
        let ids: Vec<String> = (0..20_000).map(|n| format!("{n}@example.org")).collect();
        let mail = Mail {
            references: ids,
            html: Some("<p>é</p>".repeat(100_000).into()),
            quoted: Some("> ñ\n".repeat(100_000).into()),
            ..Mail::default()
        };
        let long = "é".repeat(500_000);
        let (left, file) = shortened(InboundMessage { mail: Some(Box::new(mail)), ..message(&long) });
        let text = left.text.expect("a text").0;
        assert!(text.starts_with("éé") && text.ends_with('…') && text.len() <= TEXT_BYTES + 4);
        let mail = left.mail.expect("a mail");
        assert_eq!((mail.references.len(), mail.html), (LISTED, None));
        assert_eq!(mail.references.last().map(String::as_str), Some("19999@example.org"));
        assert_eq!(left.attachments.last().map(|a| a.reference.as_str()), Some("whole:x"));
        assert!(file.is_some() && left.remarks[0].contains(WHOLE));
    }

    #[test]
    fn files_without_end_are_cut_too() {
        let name = "n".repeat(4_000);
        let one = |n: usize| Attachment {
            filename: Some(name.as_str().into()),
            ..Attachment::new(format!("https://example.org/{n}"), "image")
        };
        let (left, file) = shortened(InboundMessage {
            attachments: (0..500).map(one).collect(),
            name: Some("x".repeat(2_000_000).into()),
            ..message("hola")
        });
        assert_eq!((left.attachments.len(), file.is_some()), (ATTACHMENTS + 1, true));
        assert_eq!(left.text.expect("a text").0, "hola");
    }
}
