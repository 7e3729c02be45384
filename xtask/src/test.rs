//! `cargo xtask test`: every check of the project, the cheap ones first.

pub mod api;
mod cargo;
mod deny;
mod deploy;
mod purity;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use lexopt::ValueExt as _;

use crate::process;

const HELP: &str = "\
cargo xtask test

Every check, the cheap ones first; ends at the first that fails.

  --only A,B     only these
  --keep-going   all of them, whatever fails
  --list         what there is";

/// A check.
struct Check {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result<Outcome>,
}

/// What a check that ran found. One that could not run, or that has no parts to count, is an error instead.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Parts that passed.
    pub passed: u32,
    /// Parts that did not.
    pub failed: u32,
    /// Shown beside the time, or, of a failure, beneath it.
    pub note: String,
}

/// In the order in which they run.
const CHECKS: [Check; 12] = [
    Check { name: "fmt", about: "formatting", run: cargo::fmt },
    Check { name: "lock", about: "Cargo.lock is what the manifests ask for", run: cargo::lock },
    Check { name: "purity", about: "pure crates do no I/O and read no clock", run: purity::check },
    Check {
        name: "deploy",
        about: "every tick has its schedules, every variable its value; what SpinKube and systemd take",
        run: deploy::check,
    },
    Check {
        name: "deny",
        about: "licences, sources, bans; advisories where they can be fetched",
        run: deny::check,
    },
    Check { name: "clippy", about: "lints", run: cargo::clippy },
    Check { name: "unit", about: "tests of every crate but the local host", run: cargo::unit },
    Check {
        name: "wasm",
        about: "components for wasm32-wasip2, without warnings, and their size",
        run: cargo::wasm,
    },
    Check {
        name: "host-clippy",
        about: "lints of the local host and of the end-to-end tests",
        run: cargo::host_clippy,
    },
    Check { name: "host", about: "tests of the local host", run: cargo::host },
    Check { name: "e2e", about: "the built components on the local host, over HTTP", run: cargo::e2e },
    Check {
        name: "api",
        about: "the running application against its OpenAPI document; that document is valid",
        run: api::check,
    },
];

impl Outcome {
    /// One check that passed.
    fn passed() -> Self {
        Self { passed: 1, ..Self::default() }
    }
}

/// Runs the command.
///
/// # Errors
/// When an option is unknown, or a check failed.
pub fn command(args: lexopt::Parser) -> Result<()> {
    let Some((only, keep_going)) = options(args)? else { return Ok(()) };
    let start = Instant::now();
    let chosen =
        CHECKS.iter().filter(|check| only.as_ref().is_none_or(|only| only.iter().any(|o| o == check.name)));
    let (mut passed, mut failed, mut failures) = (0, 0, Vec::new());
    for check in chosen {
        let begun = Instant::now();
        let outcome = (check.run)().unwrap_or_else(|error| Outcome {
            passed: 0,
            failed: 1,
            note: format!("{error:#}"),
        });
        report(check, &outcome, begun.elapsed());
        passed += outcome.passed;
        failed += outcome.failed;
        if outcome.failed > 0 {
            failures.push(check.name);
            if !keep_going {
                println!("not going on: what comes next would only repeat it (--keep-going does)");
                break;
            }
        }
    }
    println!("\n{passed} passed, {failed} failed in {}", process::seconds(start.elapsed()));
    if failures.is_empty() { Ok(()) } else { bail!("failed: {}", failures.join(", ")) }
}

fn report(check: &Check, outcome: &Outcome, took: Duration) {
    let verdict = if outcome.failed == 0 { "ok" } else { "FAILED" };
    let counts = match (outcome.passed, outcome.failed) {
        (0 | 1, 0) => String::new(),
        (passed, 0) => format!(" {passed} tests"),
        (passed, failed) => format!(" {failed} of {}", passed + failed),
    };
    let note = match (outcome.note.is_empty(), outcome.failed) {
        (true, _) => String::new(),
        (false, 0) => format!(" ({})", outcome.note),
        (false, _) => format!("\n{}", outcome.note),
    };
    println!("{:<12} {verdict}{counts} in {}{note}", check.name, process::seconds(took));
}

/// Names of checks to run (all, without), and whether to go on after a failure; nothing when only help was wanted.
fn options(mut args: lexopt::Parser) -> Result<Option<(Option<Vec<String>>, bool)>> {
    let (mut only, mut keep_going) = (None, false);
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("only") => {
                let names: Vec<String> = args.value()?.string()?.split(',').map(str::to_owned).collect();
                if let Some(unknown) =
                    names.iter().find(|name| CHECKS.iter().all(|check| check.name != *name))
                {
                    let there: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
                    bail!("there is no check `{unknown}`; there are {}", there.join(", "));
                }
                only = Some(names);
            }
            lexopt::Arg::Long("keep-going") => keep_going = true,
            lexopt::Arg::Long("list") => {
                CHECKS.iter().for_each(|check| println!("{:<12} {}", check.name, check.about));
                return Ok(None);
            }
            lexopt::Arg::Long("help") => {
                println!("{HELP}");
                return Ok(None);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some((only, keep_going)))
}
