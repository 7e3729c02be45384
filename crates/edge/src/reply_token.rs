//! The address that answers to a mail go to: `inbox+<conversation><signature>@domain`. Whoever writes there is heard
//! in that conversation, even if their program drops every threading header.

use crate::keys::DeskKeys;
use data_encoding::BASE32_NOPAD;
use subtle::ConstantTimeEq;

/// Characters of a conversation's stream name.
const NAME: usize = 26;

/// Characters of the signature: 80 bits, because the part of an address before `@` holds 64 characters at most.
const SIGNATURE: usize = 16;

/// Longest part of an address before `@`.
const LOCAL: usize = 64;

/// The address for answers in a conversation; none if the inbox is no address or there is no room.
pub fn address(keys: &DeskKeys, inbox: &str, conversation: &str) -> Option<String> {
    let (local, domain) = inbox.rsplit_once('@')?;
    let local = format!("{local}+{conversation}{}", signature(keys, conversation));
    (conversation.len() == NAME && local.len() <= LOCAL && !domain.is_empty())
        .then(|| format!("{local}@{domain}"))
}

/// The conversation that an address names, if we have signed it. Case does not matter: some programs change it.
pub fn conversation(keys: &DeskKeys, address: &str) -> Option<String> {
    let (local, _) = address.rsplit_once('@')?;
    let (_, token) = local.rsplit_once('+')?;
    let token = token.to_ascii_lowercase();
    if token.len() != NAME + SIGNATURE || !token.is_ascii() {
        return None;
    }
    let (name, signed) = token.split_at(NAME);
    let genuine = bool::from(signature(keys, name).as_bytes().ct_eq(signed.as_bytes()));
    genuine.then(|| name.to_owned())
}

fn signature(keys: &DeskKeys, conversation: &str) -> String {
    let signed = keys.sign_link(format!("reply.{conversation}").as_bytes());
    let mut text = BASE32_NOPAD.encode(&signed).to_ascii_lowercase();
    text.truncate(SIGNATURE);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMED: &str = "abcdefghijklmnopqrstuvwx27";

    fn keys(desk: &str) -> DeskKeys {
        DeskKeys::derive(&"1a".repeat(32), desk).expect("a good key")
    }

    #[test]
    fn an_address_of_ours_names_its_conversation_at_its_desk_alone() {
        let address = address(&keys("school"), "ayuda@in.example.org", NAMED).expect("fits");
        assert!(address.starts_with("ayuda+") && address.ends_with("@in.example.org"), "{address}");
        assert_eq!(conversation(&keys("school"), &address).as_deref(), Some(NAMED));
        assert_eq!(conversation(&keys("school"), &address.to_uppercase()).as_deref(), Some(NAMED));
        assert_eq!(conversation(&keys("travel"), &address), None);
    }

    #[test]
    fn what_was_altered_or_is_no_token_names_nothing() {
        let keys = keys("school");
        let genuine = address(&keys, "a@b.c", NAMED).expect("fits");
        for at in 2..2 + NAME + SIGNATURE {
            let mut altered = genuine.clone().into_bytes();
            altered[at] = if altered[at] == b'a' { b'b' } else { b'a' };
            assert_eq!(conversation(&keys, &String::from_utf8(altered).expect("ASCII")), None, "{at}");
        }
        for other in ["", "@", "a@b", "a+@b", "a+short@b", &format!("a+{}@b", "é".repeat(21))] {
            assert_eq!(conversation(&keys, other), None, "{other}");
        }
    }

    #[test]
    fn a_long_inbox_leaves_no_room_for_a_token() {
        assert_eq!(address(&keys("school"), &format!("{}@b.c", "x".repeat(40)), NAMED), None);
        assert_eq!(address(&keys("school"), "no address", NAMED), None);
    }
}
