//! Everything that reads what others wrote, as targets: bytes in, and nothing but an answer or a refusal
//! out.
//!
//! One registry, two drivers: `tests/short.rs` runs each target for a moment on changed copies of its corpus and on
//! every finding of the past (`tests/parsers/findings/<target>/`); `tests/fuzz` runs one for as long as it is given,
//! guided by coverage. A channel of the registry is a target by being there; `tests/complete.rs` tells of any other
//! function that reads and is no target.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is what is looked for")]

mod channels;
mod corpus;
mod imports;
mod mutate;
mod others;
mod words;

pub use mutate::Mutator;

use std::path::PathBuf;

type Reader = Box<dyn Fn(&[u8])>;

/// Something that reads bytes.
pub struct Target {
    /// Its name: `channel/whatsapp`, `pack`.
    pub name: String,
    /// What it is to begin with.
    pub corpus: Vec<Vec<u8>>,
    run: Reader,
}

impl Target {
    fn new(name: impl Into<String>, corpus: Vec<Vec<u8>>, run: impl Fn(&[u8]) + 'static) -> Self {
        Self { name: name.into(), corpus, run: Box::new(run) }
    }

    /// Reads. Panics when something is wrong with what reads, never because of what is read.
    pub fn run(&self, bytes: &[u8]) {
        (self.run)(bytes);
    }

    /// What was found in the past: each must be read without a panic for ever.
    pub fn findings(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let folder = corpus::root().join("tests/parsers/findings").join(self.name.replace('/', "-"));
        corpus::files(&folder)
    }
}

/// All targets, by name.
pub fn targets() -> Vec<Target> {
    let mut all = channels::targets();
    all.extend(imports::targets());
    all.extend(others::targets());
    all.extend(words::targets());
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}
