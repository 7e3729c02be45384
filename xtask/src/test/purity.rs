//! Crates that hold the rules do no I/O, depend on nothing that does, and are given the time.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Outcome;
use crate::{process, project};

/// The crates, under `crates/`.
const PURE: [&str; 6] = ["calendar", "channels", "domain", "outward", "rendering", "search"];

/// What a pure crate may not depend on, however far away. A name ending in `*` stands for all that begin so.
const BANNED: [&str; 13] = [
    "async-std",
    "getrandom",
    "hyper*",
    "mio",
    "rand",
    "redis",
    "reqwest",
    "rusqlite",
    "spin-*",
    "tokio*",
    "ureq",
    "wasmtime*",
    "wit-bindgen*",
];

/// Features of chrono that read the system's clock or time zone.
const BANNED_OF_CHRONO: [&str; 2] = ["clock", "now"];

/// What may not be named in their source.
const BANNED_IN_SOURCE: [&str; 3] = ["Instant::now", "SystemTime::now", "Utc::now"];

/// Looks at what each is built with, and at its source.
pub fn check() -> Result<Outcome> {
    let mut faults = Vec::new();
    for name in PURE {
        let mut cargo = project::command(project::cargo_path());
        cargo.args(["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}|{f}"]);
        cargo.args(["--target", crate::toolchain::TARGET, "--package", &format!("relevo-{name}")]);
        let tree =
            process::output(&mut cargo).with_context(|| format!("`cargo tree` failed for relevo-{name}"))?;
        faults.extend(
            faults_of_tree(&tree).into_iter().map(|fault| format!("relevo-{name} depends on {fault}")),
        );
        look(&project::root().join("crates").join(name).join("src"), &mut faults)?;
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(Outcome::passed())
}

/// Lines of `name vX (path)|feature,feature`.
fn faults_of_tree(tree: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for line in tree.lines() {
        let (package, features) = line.split_once('|').unwrap_or((line, ""));
        let name = package.split_whitespace().next().unwrap_or_default();
        if BANNED.iter().any(|banned| match banned.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == *banned,
        }) {
            faults.push(name.to_owned());
        }
        if name == "chrono" {
            let banned = features.split([',', ' ']).filter(|feature| BANNED_OF_CHRONO.contains(feature));
            faults.extend(banned.map(|feature| format!("chrono with its feature {feature}")));
        }
    }
    faults.sort();
    faults.dedup();
    faults
}

fn look(folder: &Path, faults: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            look(&path, faults)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            let named = BANNED_IN_SOURCE.iter().filter(|banned| text.contains(**banned));
            faults.extend(named.map(|banned| format!("{} names {banned}", path.display())));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_io_is_found_however_it_is_named() {
        let tree = "relevo-domain v0.1.0 (/x)|default\nserde v1.0.0|std\nspin-sdk v7.0.0|http\ntokio-util v0.7.0|\n\
                    random v1.0.0|\nchrono v0.4.0|alloc,now,serde";
        assert_eq!(faults_of_tree(tree), ["chrono with its feature now", "spin-sdk", "tokio-util"]);
        assert!(faults_of_tree("chrono v0.4.0|alloc,serde\nrandom v1|").is_empty());
    }
}
