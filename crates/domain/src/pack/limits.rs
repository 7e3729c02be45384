//! How large files may be, and how many requests a desk takes: what is beyond is refused before anything is done, so that one desk, account or
//! token that runs wild does not use up what all share.

use serde::{Deserialize, Serialize};

/// Requests per minute, and the size of files. The defaults are more than one host serves: a guard against a runaway. Where desks share a
/// host, each pack says what the desk needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Of the whole desk: calls of its API and genuine webhooks.
    pub desk: u32,
    /// Of each channel account: genuine webhooks.
    pub account: u32,
    /// Of each token: calls of the API.
    pub token: u32,
    /// Bytes of a file that is fetched from a provider; a larger one stays there.
    pub file_bytes: u32,
}

/// Largest file: what a component has room for, and about what providers take.
const LARGEST_FILE_BYTES: u32 = 36 * 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self { desk: 480_000, account: 360_000, token: 240_000, file_bytes: LARGEST_FILE_BYTES }
    }
}

impl Limits {
    /// What is wrong: pointer below the limits, and what to do.
    pub(crate) fn check(&self) -> Vec<(String, String)> {
        let limits = [
            ("desk", self.desk),
            ("account", self.account),
            ("token", self.token),
            ("file_bytes", self.file_bytes),
        ];
        let wrong = limits.into_iter().filter(|(_, limit)| *limit == 0);
        let none =
            wrong.map(|(name, _)| (format!("/{name}"), "nothing could be done; at least 1".to_owned()));
        let too_large = (self.file_bytes > LARGEST_FILE_BYTES)
            .then(|| ("/file_bytes".to_owned(), format!("at most {LARGEST_FILE_BYTES}")));
        none.chain(too_large).collect()
    }

    /// Bytes of the largest file that is fetched.
    pub fn file_bytes(&self) -> usize {
        usize::try_from(self.file_bytes).unwrap_or(usize::MAX)
    }
}
