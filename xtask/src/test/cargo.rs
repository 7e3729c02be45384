//! The checks that are one call of cargo.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Outcome;
use crate::{build, pack, process, project, toolchain};

/// What takes an engine of its own: built with optimisation, and apart, because it takes minutes.
const HEAVY: [&str; 3] = ["relevo-local-host", "relevo-e2e", "relevo-faults"];

/// How many lines around a failure are shown.
const SHOWN_LINES: usize = 60;

/// Formatting of the workspace and of packages outside it.
pub fn fmt() -> Result<Outcome> {
    let mut cargo = project::command(project::cargo_path());
    process::run("fmt", cargo.args(["fmt", "--all", "--check"]), None)?;
    let mut cargo = project::command(project::cargo_path());
    cargo.args(["fmt", "--check", "--manifest-path"]).arg(build::guest_folder().join("Cargo.toml"));
    process::run("fmt of the guest", &mut cargo, None)?;
    Ok(Outcome::passed())
}

/// A build from a clean clone takes the versions that were tested.
pub fn lock() -> Result<Outcome> {
    let mut cargo = project::command(project::cargo_path());
    process::run("lock", cargo.args(["metadata", "--locked", "--format-version", "1"]), None)?;
    Ok(Outcome::passed())
}

/// Lints of all that builds quickly.
pub fn clippy() -> Result<Outcome> {
    let mut cargo = project::cargo("clippy");
    cargo.args(["--workspace", "--all-targets"]);
    cargo.args(HEAVY.iter().flat_map(|package| ["--exclude", package]));
    lints("clippy", &mut cargo)
}

/// Lints of the rest.
pub fn host_clippy() -> Result<Outcome> {
    let mut cargo = project::cargo("clippy");
    cargo.args(["--profile", "native", "--all-targets"]);
    cargo.args(HEAVY.iter().flat_map(|package| ["--package", package]));
    lints("host clippy", &mut cargo)
}

/// Tests of all that builds quickly.
pub fn unit() -> Result<Outcome> {
    // Some start a Redis server.
    toolchain::redis()?;
    let mut cargo = project::cargo("test");
    cargo.args(["--workspace", "--no-fail-fast"]);
    cargo.args(HEAVY.iter().flat_map(|package| ["--exclude", package]));
    tests("unit tests", &mut cargo)
}

/// The components. A warning there may be of code that native lints do not see.
pub fn wasm() -> Result<Outcome> {
    let toolchain = toolchain::ready()?;
    let log = build::components(&toolchain)?;
    build::guest(&toolchain)?;
    build::check_sizes()?;
    let text = std::fs::read_to_string(&log).with_context(|| format!("reading {}", log.display()))?;
    if text.lines().any(|line| line.starts_with("warning: ")) {
        bail!("warnings:\n{text}");
    }
    Ok(Outcome::passed())
}

/// Tests of the local host, on the guest that was built with the components.
pub fn host() -> Result<Outcome> {
    toolchain::redis()?;
    let mut cargo = project::cargo("test");
    cargo.args(["--profile", "native", "--no-fail-fast", "--package", "relevo-local-host"]);
    tests("host tests", &mut cargo)
}

/// The application as it is shipped.
pub fn e2e() -> Result<Outcome> {
    toolchain::redis()?;
    let host = build::local_host()?;
    let verify = build::verify()?;
    let packs = project::target().join("packs");
    write_packs(&packs)?;
    let mut cargo = project::cargo("build");
    process::run("build verify", cargo.args(["--package", "relevo-verify"]), None)?;
    let mut cargo = project::cargo("test");
    cargo
        .args([
            "--profile",
            "native",
            "--no-fail-fast",
            "--package",
            "relevo-e2e",
            "--package",
            "relevo-faults",
        ])
        .env("RELEVO_HOST_BIN", host)
        .env("RELEVO_VERIFY_BIN", verify)
        .env("RELEVO_PACKS", packs);
    tests("e2e tests", &mut cargo)
}

/// Every pack as one document, for tests that publish them.
fn write_packs(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    for desk in pack::desks()? {
        let path = folder.join(&desk).with_extension("json");
        let document = pack::bundle(&pack::folder(&desk))?;
        std::fs::write(&path, document.to_string()).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

fn lints(what: &str, cargo: &mut Command) -> Result<Outcome> {
    process::run(what, cargo.args(["--", "-D", "warnings"]), None)?;
    Ok(Outcome::passed())
}

fn tests(what: &str, cargo: &mut Command) -> Result<Outcome> {
    let (log, status) = process::run_any(what, cargo, None)?;
    let text = std::fs::read_to_string(&log).with_context(|| format!("reading {}", log.display()))?;
    let mut outcome = count(&text);
    if !status.success() && outcome.failed == 0 {
        // It did not build, or a test took the whole process with it.
        outcome.failed = 1;
        outcome.note = process::tail(&log, SHOWN_LINES);
    } else if outcome.failed > 0 {
        outcome.note = format!("{}    all of it: {}", failures(&text), log.display());
    }
    Ok(outcome)
}

/// Adds up the `test result:` lines.
fn count(text: &str) -> Outcome {
    let mut outcome = Outcome::default();
    for line in text.lines().filter_map(|line| line.strip_prefix("test result: ")) {
        let number = |what: &str| {
            let part = line.split(&[';', '.']).find(|part| part.trim().ends_with(what))?;
            part.split_whitespace().next()?.parse::<u32>().ok()
        };
        outcome.passed += number("passed").unwrap_or_default();
        outcome.failed += number("failed").unwrap_or_default();
    }
    outcome
}

/// What the failed tests said.
fn failures(text: &str) -> String {
    let mut shown = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line == "failures:" && lines.peek().is_some_and(|next| next.is_empty()) {
            for line in lines.by_ref().take_while(|line| !line.starts_with("test result:")).take(SHOWN_LINES)
            {
                shown.push_str(&format!("    {line}\n"));
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
test a ... ok
test b ... FAILED

failures:

---- b stdout ----
assertion failed

failures:
    b

test result: FAILED. 1 passed; 1 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.01s

   Doc-tests x
test result: ok. 20 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s
";

    #[test]
    fn results_are_added_up() {
        assert_eq!(count(LOG), Outcome { passed: 21, failed: 1, note: String::new() });
        assert_eq!(count("error: could not compile"), Outcome::default());
    }

    #[test]
    fn failures_are_shown_with_what_they_said() {
        assert!(failures(LOG).contains("assertion failed"), "{}", failures(LOG));
        assert_eq!(failures("test result: ok. 1 passed; 0 failed;"), "");
    }
}
