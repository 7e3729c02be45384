//! A record of key-value calls: what a request costs, and which keys it touches.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, Write as _},
    path::Path,
    sync::{Mutex, PoisonError},
};

/// Calls are written to a file, a line each, parted by tabs: component, call, then each key and the bytes of its value
/// (`-`: it has none, or the call is not about values). No value is written.
pub struct CallLog(Mutex<File>);

impl CallLog {
    /// Starts a file anew.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self(Mutex::new(File::create(path)?)))
    }

    /// Notes a call. One that cannot be noted is made all the same.
    pub(super) fn note(&self, component: &str, call: &str, keys: &[(&str, Option<usize>)]) {
        let mut line = format!("{component}\t{call}");
        for (key, bytes) in keys {
            let _ = match bytes {
                Some(bytes) => write!(line, "\t{key}\t{bytes}"),
                None => write!(line, "\t{key}\t-"),
            };
        }
        line.push('\n');
        // In one write: a reader never sees half a line.
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
    }
}
