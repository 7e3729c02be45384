//! Links to stored files: signed under the desk's key, for a short time. A link says nothing of whose file it is.

use crate::keys::DeskKeys;
use chrono::{DateTime, Duration, Utc};
use data_encoding::BASE64URL_NOPAD;
use relevo_journal::BlobId;
use subtle::ConstantTimeEq;

/// For how long a link in an answer of the API is good.
pub const FOR_PEOPLE: Duration = Duration::minutes(10);

/// For how long a link that a provider fetches from is good.
pub const FOR_PROVIDERS: Duration = Duration::hours(6);

pub use relevo_domain::message::STORED;

/// What it began with before files were sealed.
const STORED_PLAIN: &str = "sha256:";

/// A file that a link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Its name in the store: a keyed SHA-256 of its bytes, in hexadecimal.
    pub hash: String,
    /// Declared MIME type.
    pub mime_type: Option<String>,
}

/// Why a link opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It was not made here for this desk, or it was altered.
    Forged,
    /// Its time is over.
    Expired,
}

/// The name in the store of a file that a reference is for; none if its bytes are not there.
pub fn stored(reference: &str) -> Option<BlobId> {
    let hash = reference.strip_prefix(STORED).or_else(|| reference.strip_prefix(STORED_PLAIN))?;
    BlobId::new(hash).ok()
}

/// The path of a link; none if the file's bytes are not in the store.
pub fn path(
    keys: &DeskKeys,
    desk: &str,
    reference: &str,
    mime_type: Option<&str>,
    until: DateTime<Utc>,
) -> Option<String> {
    let hash = stored(reference)?;
    let mime = BASE64URL_NOPAD.encode(mime_type.unwrap_or_default().as_bytes());
    let content = format!("{hash}.{:x}.{mime}", until.timestamp());
    let signature = sign(keys, &content);
    Some(format!("/api/{desk}/files/{content}.{signature}"))
}

/// Opens a link's last part.
///
/// # Errors
/// If it is not genuine or its time is over.
pub fn open(keys: &DeskKeys, token: &str, now: DateTime<Utc>) -> Result<Linked, Closed> {
    let (content, signature) = token.rsplit_once('.').ok_or(Closed::Forged)?;
    if !bool::from(sign(keys, content).as_bytes().ct_eq(signature.as_bytes())) {
        return Err(Closed::Forged);
    }
    let mut parts = content.split('.');
    let (Some(hash), Some(until), Some(mime)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Closed::Forged);
    };
    let until = i64::from_str_radix(until, 16).map_err(|_| Closed::Forged)?;
    if now.timestamp() > until {
        return Err(Closed::Expired);
    }
    let mime = BASE64URL_NOPAD.decode(mime.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(Linked { hash: hash.to_owned(), mime_type: mime.filter(|mime| !mime.is_empty()) })
}

fn sign(keys: &DeskKeys, content: &str) -> String {
    BASE64URL_NOPAD.encode(&keys.sign_link(format!("file.{content}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(desk: &str) -> DeskKeys {
        DeskKeys::derive(&"1a".repeat(32), desk).expect("a good key")
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("an instant")
    }

    fn token() -> String {
        let reference = format!("{STORED}{}", "0f".repeat(32));
        let path = path(&keys("school"), "school", &reference, Some("image/png"), at(1_000)).expect("stored");
        path.strip_prefix("/api/school/files/").expect("the route").to_owned()
    }

    #[test]
    fn a_link_opens_its_file_until_its_time_is_over_and_at_its_desk_alone() {
        let file = Linked { hash: "0f".repeat(32), mime_type: Some("image/png".into()) };
        assert_eq!(open(&keys("school"), &token(), at(1_000)), Ok(file));
        assert_eq!(open(&keys("school"), &token(), at(1_001)), Err(Closed::Expired));
        assert_eq!(open(&keys("travel"), &token(), at(1_000)), Err(Closed::Forged));
    }

    #[test]
    fn every_altered_character_is_noticed() {
        let token = token();
        for n in 0..token.len() {
            let mut altered = token.clone().into_bytes();
            altered[n] = if altered[n] == b'a' { b'b' } else { b'a' };
            let altered = String::from_utf8(altered).expect("ASCII");
            if altered != token {
                assert_eq!(open(&keys("school"), &altered, at(0)), Err(Closed::Forged), "{altered}");
            }
        }
        assert_eq!(open(&keys("school"), "", at(0)), Err(Closed::Forged));
    }

    #[test]
    fn only_what_is_stored_has_a_link() {
        let keys = keys("school");
        for reference in ["https://example.org/x", "blob:short", &format!("blob:{}", "0F".repeat(32))] {
            assert_eq!(path(&keys, "school", reference, None, at(0)), None, "{reference}");
        }
        let plain = format!("sha256:{}", "0f".repeat(32));
        assert!(path(&keys, "school", &plain, None, at(0)).is_some(), "kept before files were sealed");
    }
}
