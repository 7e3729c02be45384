//! `corpus <folder>`: writes each target's corpus and past findings to `<folder>/<target>/` and prints `target <name>` for each.
#![allow(clippy::expect_used, reason = "a tool for tests")]

use std::fs;
use std::path::PathBuf;

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("corpus <folder>"));
    for target in relevo_parsers::targets() {
        let own = folder.join(target.name.replace('/', "-"));
        fs::create_dir_all(&own).expect("a folder");
        let found = target.findings().into_iter().map(|(_, bytes)| bytes);
        for (n, bytes) in target.corpus.iter().cloned().chain(found).enumerate() {
            fs::write(own.join(format!("seed-{n:04}")), bytes).expect("a file");
        }
        println!("target {}", target.name);
    }
}
