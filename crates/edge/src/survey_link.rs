//! The token of a survey link: desk, survey and expiry, signed under the desk's key. It holds nothing personal.

use crate::keys::DeskKeys;
use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use subtle::ConstantTimeEq;

/// What a token says, not yet believed.
pub struct Unsigned<'a> {
    /// Desk.
    pub desk: &'a str,
    /// Stream name of the survey.
    pub survey: &'a str,
    /// When the link ends, seconds since 1970.
    pub expires: i64,
    content: &'a str,
    signature: &'a str,
}

/// Makes a token.
pub fn token(keys: &DeskKeys, desk: &str, survey: &str, expires_at: DateTime<Utc>) -> String {
    let content = format!("{desk}.{survey}.{:x}", expires_at.timestamp());
    let signature = BASE64URL_NOPAD.encode(&keys.sign_link(content.as_bytes()));
    format!("{content}.{signature}")
}

/// Takes a token apart.
pub fn parse(token: &str) -> Option<Unsigned<'_>> {
    let (content, signature) = token.rsplit_once('.')?;
    let mut parts = content.split('.');
    let (desk, survey, expires) = (parts.next()?, parts.next()?, parts.next()?);
    let expires = i64::from_str_radix(expires, 16).ok()?;
    parts.next().is_none().then_some(Unsigned { desk, survey, expires, content, signature })
}

impl Unsigned<'_> {
    /// Was it made here, for this desk?
    pub fn is_genuine(&self, keys: &DeskKeys) -> bool {
        let expected = BASE64URL_NOPAD.encode(&keys.sign_link(self.content.as_bytes()));
        bool::from(expected.as_bytes().ct_eq(self.signature.as_bytes()))
    }
}

/// Is this what a mail program posts to the address in `List-Unsubscribe` (RFC 8058)? As a form or as multipart.
pub fn is_one_click(body: &[u8]) -> bool {
    let as_form = form_urlencoded::parse(body).any(|(name, value)| is_one_click_pair(&name, &value));
    let text = String::from_utf8_lossy(body);
    let mut parts = text.lines().skip_while(|line| !is_disposition(line)).skip(1);
    as_form || parts.find(|line| !line.contains(':') && !line.is_empty()).is_some_and(is_one_click_value)
}

fn is_one_click_pair(name: &str, value: &str) -> bool {
    name.eq_ignore_ascii_case("List-Unsubscribe") && is_one_click_value(value)
}

fn is_one_click_value(value: &str) -> bool {
    value.trim().eq_ignore_ascii_case("One-Click")
}

fn is_disposition(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    line.starts_with("content-disposition:") && line.contains("name=\"list-unsubscribe\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_programs_button_is_known_in_both_forms_and_nothing_else_is() {
        let part = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n";
        for yes in [
            "List-Unsubscribe=One-Click".to_owned(),
            "a=b&list-unsubscribe=one-click".to_owned(),
            format!("{part}\r\nOne-Click\r\n--b--\r\n"),
            format!("{part}Content-Type: text/plain\r\n\r\nOne-Click\r\n--b--\r\n"),
        ] {
            assert!(is_one_click(yes.as_bytes()), "{yes}");
        }
        for no in [
            String::new(),
            "score=5".to_owned(),
            "comment=List-Unsubscribe%3DOne-Click".to_owned(),
            "List-Unsubscribe=".to_owned(),
            "List-Unsubscribe=Two-Clicks".to_owned(),
            format!("{part}\r\nno\r\nOne-Click\r\n--b--\r\n"),
            "--b\r\nContent-Disposition: form-data; name=\"comment\"\r\n\r\nOne-Click\r\n".to_owned(),
        ] {
            assert!(!is_one_click(no.as_bytes()), "{no}");
        }
        assert!(!is_one_click(&[0xff, 0xfe, b'=']));
    }

    fn keys(desk: &str) -> DeskKeys {
        DeskKeys::derive(&"1a".repeat(32), desk).expect("a good key")
    }

    #[test]
    fn a_token_is_genuine_for_its_desk_and_unaltered() {
        let at = DateTime::from_timestamp(1_800_000_000, 0).expect("an instant");
        let token = token(&keys("school"), "school", "abc", at);
        let parsed = parse(&token).expect("well-formed");
        assert_eq!((parsed.desk, parsed.survey, parsed.expires), ("school", "abc", 1_800_000_000));
        assert!(parsed.is_genuine(&keys("school")));
        assert!(!parsed.is_genuine(&keys("travel")));
    }

    #[test]
    fn every_altered_character_is_noticed() {
        let at = DateTime::from_timestamp(1_800_000_000, 0).expect("an instant");
        let token = token(&keys("school"), "school", "abc", at);
        for (n, _) in token.char_indices() {
            let mut altered = token.clone().into_bytes();
            altered[n] = if altered[n] == b'a' { b'b' } else { b'a' };
            let altered = String::from_utf8(altered).expect("ASCII");
            let accepted = parse(&altered).is_some_and(|t| t.is_genuine(&keys(t.desk)));
            assert!(!accepted, "{altered}");
        }
        for cut in 0..token.len() {
            let accepted = parse(&token[..cut]).is_some_and(|t| t.is_genuine(&keys(t.desk)));
            assert!(!accepted, "cut at {cut}");
        }
    }

    /// A small generator: the same tokens in every run.
    fn next(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    #[test]
    fn ten_thousand_forged_and_altered_tokens_are_refused() {
        const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567ABCDEFXYZ_-.0189%=";
        let at = DateTime::from_timestamp(1_800_000_000, 0).expect("an instant");
        let token = token(&keys("school"), "school", "abcdefghijklmnopqrstuvwxyz", at);
        let mut state = 0x9e37_79b9_7f4a_7c15;
        let mut pick =
            |n: usize| usize::try_from(next(&mut state) % u64::try_from(n).expect("small")).expect("small");
        let accepted = |forged: &str| parse(forged).is_some_and(|t| t.is_genuine(&keys(t.desk)));
        assert!(accepted(&token));
        let mut tried = 0;
        while tried < 10_000 {
            let mut bytes = token.clone().into_bytes();
            match pick(4) {
                // Another signature, as long as a genuine one.
                0 => bytes.iter_mut().rev().take(22).for_each(|byte| *byte = ALPHABET[pick(46)]),
                1 => drop(bytes.drain(..=pick(token.len() - 1))),
                2 => bytes.insert(pick(token.len()), ALPHABET[pick(ALPHABET.len())]),
                _ => (0..=pick(3)).for_each(|_| bytes[pick(token.len())] = ALPHABET[pick(ALPHABET.len())]),
            }
            let forged = String::from_utf8(bytes).expect("ASCII");
            if forged != token {
                assert!(!accepted(&forged), "{forged}");
                tried += 1;
            }
        }
        // Signed with the key of another desk, or of another installation.
        for n in 0..100 {
            let foreign = super::token(&keys("travel"), "school", &format!("survey{n}"), at);
            assert!(!accepted(&foreign), "{foreign}");
        }
    }
}
