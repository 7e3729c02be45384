//! What a token of a desk looks like: `rlv_<desk>_<random><check>`.
//!
//! The check is a keyed hash of the rest. It makes no token valid (that is for the store to say) but shows without a
//! look there that a token was issued here and is not a guess.

use crate::keys::{self, DeskKeys, KeyError};
use subtle::ConstantTimeEq;

/// Random characters: 160 bits.
const RANDOM_CHARS: usize = 32;

/// Characters of the check: 80 bits.
const CHECK_CHARS: usize = 16;

/// Makes a token.
///
/// # Errors
/// If the host gives no random bytes.
pub fn issue(keys: &DeskKeys, desk: &str) -> Result<String, KeyError> {
    let random = keys::random::<20>()?;
    Ok(format!("rlv_{desk}_{random}{}", check(keys, &random)))
}

/// The token of a call that may be made twice: the same each time, and nobody's to know without the desk's keys.
pub fn issued_for(keys: &DeskKeys, desk: &str, call: &str) -> String {
    let halves = ["1", "2"].map(|half| keys.id("token-random", &[half, call]));
    let random: String = halves.concat().chars().take(RANDOM_CHARS).collect();
    format!("rlv_{desk}_{random}{}", check(keys, &random))
}

/// The desk that a token says it is of.
pub fn desk(token: &str) -> Option<&str> {
    token.strip_prefix("rlv_")?.rsplit_once('_').map(|(desk, _)| desk)
}

/// Was this token issued under these keys?
pub fn is_issued(keys: &DeskKeys, token: &str) -> bool {
    let secret = token.rsplit_once('_').map_or("", |(_, secret)| secret);
    let Some((random, given)) = secret.split_at_checked(RANDOM_CHARS) else { return false };
    bool::from(check(keys, random).as_bytes().ct_eq(given.as_bytes()))
}

/// Name of a token's document: a keyed hash. The token itself is nowhere.
pub fn document_name(keys: &DeskKeys, token: &str) -> String {
    keys.id("token", &[token])
}

fn check(keys: &DeskKeys, random: &str) -> String {
    keys.id("token-check", &[random]).chars().take(CHECK_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(desk: &str) -> DeskKeys {
        DeskKeys::derive(&"1a".repeat(32), desk).expect("a good key")
    }

    #[test]
    fn a_token_is_known_under_the_keys_it_was_issued_under_alone() {
        let token = issue(&keys("a-b"), "a-b").expect("random bytes");
        assert!(is_issued(&keys("a-b"), &token));
        assert!(!is_issued(&keys("school"), &token));
        assert_eq!(desk(&token), Some("a-b"));
        assert_ne!(token, issue(&keys("a-b"), "a-b").expect("random bytes"));
    }

    #[test]
    fn a_call_that_is_repeated_is_given_the_same_token_and_another_call_another() {
        let token = issued_for(&keys("school"), "school", "api.a");
        assert!(is_issued(&keys("school"), &token));
        assert_eq!(token.len(), issue(&keys("school"), "school").expect("random bytes").len());
        assert_eq!(token, issued_for(&keys("school"), "school", "api.a"));
        assert_ne!(token, issued_for(&keys("school"), "school", "api.b"));
        assert!(!is_issued(&keys("cards"), &token));
    }

    #[test]
    fn nothing_else_is() {
        let token = issue(&keys("school"), "school").expect("random bytes");
        let start = "rlv_school_".len();
        for at in start..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
            let altered = String::from_utf8(bytes).expect("ASCII");
            assert!(altered == token || !is_issued(&keys("school"), &altered), "{altered}");
            assert!(!is_issued(&keys("school"), &token[..at]), "cut at {at}");
        }
        let longer = format!("{token}a");
        for other in ["", "_", "rlv_school_", "rlv_school_ñññññññññññññññññññññññññññññññ", &longer]
        {
            assert!(!is_issued(&keys("school"), other), "{other}");
        }
    }
}
