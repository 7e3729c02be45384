//! Mails within mails: each is read within the reading of the one around it, and dropped so. Without a bound, a mail of a
//! hundred kilobytes exhausts the stack.

use std::borrow::Cow;

/// Mails within a mail that are read; others are files like any other.
const MAX_NESTED: usize = 200;

/// A mail up to this size cannot have in it, encoded, more mails within mails than can be read.
const SMALL_BYTES: usize = 48 * 1024;

/// Subtype of a mail that is a file like any other.
pub(super) const OPAQUE: &str = "rfc-82";

/// Subtypes of what is read as a mail, or has mails as its parts, and the same length of what is not (RFC 2046, 5.1.5 and
/// 5.2.1; RFC 6532, 3.7).
const KINDS: [(&str, &str); 3] = [("rfc822", OPAQUE), ("global", OPAQUE), ("digest", "mixed ")];

/// Encodings of parts; a mail must not have one (RFC 2046, 5.2.1), and what is in it shows only when it is read.
const ENCODINGS: [&str; 2] = ["base64", "quoted-printable"];

/// A mail whose mails within mails have an end: those beyond are declared to be something else, all in the same place.
pub(super) fn bounded(raw: &[u8]) -> Cow<'_, [u8]> {
    let mut bounded = Cow::Borrowed(raw);
    let mut count = 0_usize;
    let mut start = 0;
    while let Some(left) = raw.get(start..).filter(|left| !left.is_empty()) {
        let block = left.get(..block_length(left)).unwrap_or(left);
        if find(block, "content-type").is_some() {
            let encoded = ENCODINGS.iter().any(|encoding| find(block, encoding).is_some());
            for (kind, other) in KINDS {
                let hidden = encoded || kind == "digest";
                let mut from = 0;
                while let Some(at) = block.get(from..).and_then(|rest| find(rest, kind)).map(|at| from + at) {
                    from = at + kind.len();
                    count = count.saturating_add(1);
                    if count > MAX_NESTED || (hidden && raw.len() > SMALL_BYTES) {
                        let place = start + at..start + from;
                        if let Some(place) = bounded.to_mut().get_mut(place) {
                            place.copy_from_slice(other.as_bytes());
                        }
                    }
                }
            }
        }
        start += block.len();
    }
    bounded
}

/// How long it is up to and with the next empty line.
fn block_length(bytes: &[u8]) -> usize {
    let mut length = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        length += line.len();
        if line.iter().all(u8::is_ascii_whitespace) {
            break;
        }
    }
    length
}

/// Where a word of ASCII letters begins, in capitals or not.
fn find(bytes: &[u8], word: &str) -> Option<usize> {
    let first = word.as_bytes().first()?;
    bytes.windows(word.len()).position(|at| {
        at.first().is_some_and(|byte| byte.eq_ignore_ascii_case(first))
            && at.eq_ignore_ascii_case(word.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::super::read::letter;
    use super::*;
    use mail_parser::{Message, MessageParser, PartType};

    fn depth(message: &Message) -> usize {
        let of = |body: &PartType| match body {
            PartType::Message(message) => 1 + depth(message),
            _ => 0,
        };
        message.parts.iter().map(|part| of(&part.body)).max().unwrap_or(0)
    }

    fn read(raw: &str) -> usize {
        let bounded = bounded(raw.as_bytes());
        assert_eq!(bounded.len(), raw.len());
        assert!(letter(raw.as_bytes()).is_some(), "it is read all the same");
        depth(&MessageParser::default().parse(bounded.as_ref()).expect("a mail"))
    }

    fn within(declaration: &str, times: usize) -> String {
        format!(
            "From: a@example.com\r\nSubject: s\r\n{}From: b@example.com\r\n\r\nx",
            declaration.repeat(times)
        )
    }

    #[test]
    fn mails_within_mails_are_read_so_far_however_they_are_declared() {
        let plain = "Content-Type: message/rfc822\r\n\r\n";
        assert_eq!(read(&within(plain, 3)), 3);
        for declaration in [
            plain,
            "content-TYPE:message/(a comment)RFC822\n\n",
            "Content-Type: message/\"rfc822\"; name=\"content-type: x\"\r\n\r\n",
            "Content-Type: message / global\r\n \r\n",
            "Content-Type: multipart/digest; boundary=a\r\n\r\n--a\r\n\r\n",
        ] {
            let found = read(&within(declaration, 4_000));
            assert!(found <= MAX_NESTED, "{found} of {declaration}");
        }
    }

    #[test]
    fn what_is_encoded_is_no_way_around() {
        let inner = within("Content-Type: message/rfc822\r\n\r\n", 4_000);
        let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, inner.as_bytes());
        let quoted = inner.replace("message", "=6Dessage").replace("rfc", "=72fc");
        for (encoding, body) in [("base64", &base64), ("Quoted-Printable", &quoted)] {
            let headers = format!("Content-Transfer-Encoding: {encoding}\r\n");
            let own = format!("From: a@example.com\r\n{headers}Content-Type: message/rfc822\r\n\r\n{body}");
            assert_eq!(read(&own), 0, "{encoding}");
            let digest = "From: a@example.com\r\nContent-Type: multipart/digest; boundary=b\r\n\r\n";
            assert_eq!(read(&format!("{digest}--b\r\n{headers}\r\n{body}\r\n--b--\r\n")), 0, "{encoding}");
        }
    }

    #[test]
    fn what_has_an_end_is_left_as_it_is() {
        let forwarded = within("Content-Type: message/rfc822\r\n\r\n", 2);
        assert!(matches!(bounded(forwarded.as_bytes()), Cow::Borrowed(_)));
        let talk = "the rfc822 digest of global things\n\n".repeat(5_000);
        assert!(matches!(bounded(talk.as_bytes()), Cow::Borrowed(_)), "no declaration");
        assert!(matches!(bounded(b""), Cow::Borrowed(_)));
    }
}
