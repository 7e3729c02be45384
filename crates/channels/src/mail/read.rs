//! Reads a MIME mail (RFC 5322, 2045–2047, 2231), or its headers alone.

use super::{Letter, Report, automatic, bare_id, html_text, nested};
use crate::parsed::File;
use chrono::DateTime;
use mail_parser::{
    Addr, Address, HeaderName, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType,
};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Mails that a mail refers to that are read at most: the first, which began the thread, and those after it.
const MAX_REFERENCES: usize = 1_000;

/// Reads a mail; none if there is not one header in it.
pub(crate) fn letter(raw: &[u8]) -> Option<Letter> {
    let raw = nested::bounded(raw);
    let message = MessageParser::default().parse(raw.as_ref())?;
    if message.parts.is_empty() || message.headers().is_empty() {
        return None;
    }
    let bodies = |html: bool| {
        let indices = if html { &message.html_body } else { &message.text_body };
        let parts = indices.iter().filter_map(|index| message.parts.get(usize::try_from(*index).ok()?));
        parts.filter_map(|part| body(&message, part)).collect::<Vec<_>>()
    };
    let joined = |texts: Vec<Cow<str>>| (!texts.is_empty()).then(|| texts.join("\n"));
    // A body without HTML is given as HTML made from the text; that is not what was sent.
    let has_html = message.html_bodies().any(MessagePart::is_text_html);
    let html = if has_html { joined(bodies(true).into_iter().map(|(_, text)| text).collect()) } else { None };
    let root = message.root_part();
    // Declared as multipart without a single part: what there is was meant to be read.
    let whole = root.content_type().is_some_and(|kind| kind.ctype().eq_ignore_ascii_case("multipart"))
        && !root.is_multipart();
    let bare = || whole.then(|| String::from_utf8_lossy(root.contents()).into_owned());
    let text = joined(bodies(false).into_iter().map(as_text).collect()).or_else(bare);
    // Some programs send an empty text beside the HTML.
    let says_nothing = text.as_ref().is_none_or(|text| text.trim().is_empty());
    let said = || html.as_deref().map(html_text).filter(|text| !text.is_empty());
    let text = if says_nothing { said().or(text) } else { text };
    let (files, inline) = files(&message, whole);
    let from = message.from().or_else(|| message.sender()).and_then(mailbox);
    let references = ids([message.references(), message.in_reply_to()]);
    Some(Letter {
        message_id: message.message_id().and_then(bare_id),
        from,
        reply_to: message.reply_to().and_then(mailbox).map(|(_, address)| address),
        to: message.all_to().flat_map(addresses).collect(),
        cc: message.all_cc().flat_map(addresses).collect(),
        subject: message.subject().map(str::to_owned),
        text,
        html,
        references,
        sent_at: message
            .date()
            .filter(|date| date.is_valid())
            .and_then(|date| DateTime::from_timestamp(date.to_timestamp(), 0))
            .filter(|date| (0..=crate::json::LAST_SECOND).contains(&date.timestamp())),
        locale: language(&message),
        automatic: automatic::kind(&message),
        files,
        inline,
        report: report(&message),
    })
}

/// A body, and whether it is HTML.
fn body<'a>(message: &'a Message, part: &'a MessagePart) -> Option<(bool, Cow<'a, str>)> {
    let (is_html, text) = match &part.body {
        PartType::Text(text) => (false, text.as_ref()),
        PartType::Html(text) => (true, text.as_ref()),
        _ => return None,
    };
    let text = misnamed(message, part, is_html).unwrap_or(text);
    let is_root = std::ptr::eq(part, message.root_part());
    // The line break before a boundary is the boundary's, both characters of it.
    let own = text.strip_suffix('\r').filter(|_| !is_root).unwrap_or(text);
    Some((is_html, own.into()))
}

fn as_text((is_html, text): (bool, Cow<'_, str>)) -> Cow<'_, str> {
    if is_html { html_text(&text).into() } else { text }
}

/// A body that is UTF-8 although it is declared to be ASCII or Latin: many programs do that, and no Latin text looks
/// like UTF-8 by accident.
fn misnamed<'a>(message: &Message<'a>, part: &MessagePart<'a>, html: bool) -> Option<&'a str> {
    let is_kind = part.is_content_type("text", if html { "html" } else { "plain" });
    let charset = part.content_type().and_then(|kind| kind.attribute("charset")).unwrap_or_default();
    let latin =
        ["us-ascii", "ascii", "iso-8859-1", "windows-1252"].iter().any(|c| charset.eq_ignore_ascii_case(c));
    let plain = part
        .content_transfer_encoding()
        .is_none_or(|encoding| ["7bit", "8bit", "binary"].iter().any(|e| encoding.eq_ignore_ascii_case(e)));
    let Cow::Borrowed(raw) = message.raw_message else { return None };
    let text = std::str::from_utf8(raw.get(raw_range(part))?).ok()?;
    (is_kind && latin && plain && !text.is_ascii()).then_some(text)
}

/// The value of a header as text, trimmed; the first one counts.
pub(super) fn header<'a>(message: &'a Message, name: &'static str) -> Option<&'a str> {
    message
        .header(HeaderName::Other(name.into()))
        .or_else(|| message.header(HeaderName::from(name)))?
        .as_text()
        .map(str::trim)
}

/// The first mailbox with an address: its name, if it has one, and the address.
fn mailbox(address: &Address) -> Option<(Option<String>, String)> {
    let usable = |addr: &Addr| {
        let address = addr.address().map(str::trim).filter(|address| !address.is_empty())?.to_owned();
        let name = addr.name().map(str::trim).filter(|name| !name.is_empty());
        Some((name.map(str::to_owned), address))
    };
    address.iter().find_map(usable)
}

fn addresses(address: &Address) -> Vec<String> {
    address.iter().filter_map(|addr| addr.address()).map(str::to_owned).collect()
}

/// The ids in these headers, each once, in their order.
fn ids<'a>(values: [&'a HeaderValue<'a>; 2]) -> Vec<String> {
    let mut known = BTreeSet::new();
    let of = |value: &'a HeaderValue<'a>| {
        let several = value.as_text_list().into_iter().flatten().map(AsRef::as_ref);
        let one = if matches!(value, HeaderValue::Text(_)) { value.as_text() } else { None };
        several.chain(one).filter_map(bare_id)
    };
    values.into_iter().flat_map(of).filter(|id| known.insert(id.clone())).take(MAX_REFERENCES).collect()
}

fn language(message: &Message) -> Option<String> {
    let text = header(message, "Content-Language")?;
    let first = text.split(',').next().unwrap_or_default().trim();
    let plain = !first.is_empty() && first.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    plain.then(|| first.to_owned())
}

/// The files. Of a mail that is nothing but a file it is the file; `whole` says that it was read as text.
fn files(
    message: &Message,
    whole: bool,
) -> (Vec<(File, relevo_domain::message::Attachment)>, Map<String, Value>) {
    let mut inline = Map::new();
    let mut files = Vec::new();
    let is_read =
        |part: &MessagePart| std::ptr::eq(part, message.root_part()) && (whole || raw_range(part).is_empty());
    for part in message.attachments().filter(|part| !is_read(part)) {
        let mime = part.content_type().map(|kind| match kind.subtype() {
            Some(subtype) if subtype.eq_ignore_ascii_case(nested::OPAQUE) => "message/rfc822".to_owned(),
            Some(subtype) => format!("{}/{subtype}", kind.ctype()).to_ascii_lowercase(),
            None => kind.ctype().to_ascii_lowercase(),
        });
        let nested = matches!(part.body, PartType::Message(_));
        let mime = mime.or_else(|| nested.then(|| "message/rfc822".to_owned()));
        let name = part.attachment_name().unwrap_or(if nested { "message.eml" } else { "" });
        let contents = match &part.body {
            // A nested mail as it stood in the outer one.
            PartType::Message(nested) => {
                nested.raw_message.get(raw_range(part)).unwrap_or(nested.raw_message())
            }
            _ => part.contents(),
        };
        let (file, attachment) = File::attached(name, mime.as_deref(), contents.to_vec());
        if let Some(id) = part.content_id().and_then(bare_id) {
            inline.insert(id, file.reference.as_str().into());
        }
        files.push((file, attachment));
    }
    (files, inline)
}

fn raw_range(part: &MessagePart) -> std::ops::Range<usize> {
    part.offset_body as usize..part.offset_end as usize
}

/// The fields of a delivery report about its first recipient, and the id of the mail it is about.
fn report(message: &Message) -> Option<Report> {
    let status = message.parts.iter().find(|part| part.is_content_type("message", "delivery-status"))?;
    let text = String::from_utf8_lossy(status.contents());
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let original = message.parts.iter().find_map(|part| match &part.body {
        PartType::Message(nested) if !nested.parts.is_empty() => nested.message_id().and_then(bare_id),
        _ if part.is_content_type("text", "rfc822-headers") => {
            MessageParser::default().parse_headers(part.contents())?.message_id().and_then(bare_id)
        }
        _ => None,
    });
    // `rfc822; ana@example.org`
    let recipient = field("Final-Recipient").or_else(|| field("Original-Recipient"));
    let recipient = recipient.map(|value| value.split_once(';').map_or(value, |(_, address)| address).trim());
    let status = field("Status").map(|status| status.chars().take_while(|c| c.is_ascii_digit() || *c == '.'));
    Some(Report {
        original,
        action: field("Action")?.to_ascii_lowercase(),
        status: status.map(Iterator::collect).filter(|status: &String| !status.is_empty()),
        recipient: recipient.filter(|address| !address.is_empty()).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_break_before_a_boundary_is_not_of_the_text() {
        for (encoding, body) in
            [("7bit", "x"), ("quoted-printable", "x"), ("quoted-printable", "x=0D"), ("base64", "eA0=")]
        {
            let raw = format!(
                "From: a@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
                Content-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n--b--\r\n"
            );
            assert_eq!(
                letter(raw.as_bytes()).and_then(|letter| letter.text).as_deref(),
                Some("x"),
                "{encoding} {body}"
            );
        }
        let single = letter(b"From: a@example.com\r\n\r\nx\r").expect("a mail");
        assert_eq!(single.text.as_deref(), Some("x\r"), "as sent");
    }

    #[test]
    fn a_mail_refers_to_each_id_once_and_to_so_many() {
        let of = |count: usize| {
            let ids: String = (0..count).map(|n| format!(" <{}@x>\r\n", n / 2)).collect();
            let raw = format!("From: a@example.com\r\nReferences:{ids}In-Reply-To: <0@x>\r\n\r\nx");
            letter(raw.as_bytes()).expect("a mail").references
        };
        assert_eq!(of(6), ["0@x", "1@x", "2@x"]);
        assert_eq!(of(100_000).len(), MAX_REFERENCES);
    }
}
