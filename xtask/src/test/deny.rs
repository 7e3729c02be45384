//! Licences, sources, bans and advisories, by cargo-deny. It is built once into `target/tools` where it is missing.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use super::Outcome;
use crate::{process, project};

/// Fetching advisories takes seconds where they can be reached.
const FETCH_LIMIT: Duration = Duration::from_secs(60);

/// Advisories are looked at only where they can be fetched; the rest needs no network.
pub fn check() -> Result<Outcome> {
    let binary = binary()?;
    let mut deny = project::command(&binary);
    process::run("deny", deny.args(["--offline", "check", "licenses", "bans", "sources"]), None)?;
    let mut fetch = project::command(&binary);
    if process::run("deny fetch", fetch.args(["fetch", "db"]), Some(FETCH_LIMIT)).is_err() {
        return Ok(Outcome { note: "advisories cannot be fetched here".to_owned(), ..Outcome::passed() });
    }
    let mut deny = project::command(&binary);
    process::run("deny advisories", deny.args(["--offline", "check", "advisories"]), None)?;
    Ok(Outcome { note: "advisories too".to_owned(), ..Outcome::passed() })
}

fn binary() -> Result<PathBuf> {
    if let Some(path) = process::on_path("cargo-deny") {
        return Ok(path);
    }
    let tools = project::target().join("tools");
    let path = tools.join("bin/cargo-deny");
    if !path.is_file() {
        let mut cargo = project::cargo("install");
        cargo.args(["cargo-deny", "--locked", "--root"]).arg(&tools);
        process::step("install cargo-deny (three minutes, once)", &mut cargo)?;
    }
    Ok(path)
}
