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

#[cfg(test)]
mod tests {
    use super::*;

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
