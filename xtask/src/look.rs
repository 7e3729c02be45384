//! `cargo xtask look`: the pages that people see, in a browser.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{process, project};

const HELP: &str = "\
cargo xtask look [--info FILE]

Looks at the survey page of a running `up` in four languages, at a phone's and a desktop's width, in every state,
and holds it against the rules of accessibility (axe). Screenshots: target/look/shots.

Needs node with npm, and Chromium (CHROMIUM names it; else `chromium` on the PATH).";

/// Runs the command.
///
/// # Errors
/// When an option is unknown, a tool is missing, or something is wrong with a page.
pub fn command(mut args: lexopt::Parser) -> Result<()> {
    let mut info = project::target().join("up.json");
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("info") => info = PathBuf::from(args.value()?),
            lexopt::Arg::Long("help") => {
                println!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if !info.is_file() {
        bail!("{} is not there: start `cargo xtask up` first", info.display());
    }
    let (tools, folder) = (project::root().join("tests/look"), project::target().join("look"));
    std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(tools.join(file), folder.join(file)).with_context(|| format!("copying {file}"))?;
    }
    let mut npm = Command::new("npm");
    npm.current_dir(&folder).args(["ci", "--no-audit", "--no-fund"]);
    process::step("fetch the browser's driver and the rules", &mut npm)?;
    let browser = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    let mut node = Command::new("node");
    node.arg(tools.join("survey.mjs"));
    node.arg(info).arg(&folder).arg(folder.join("shots")).arg(browser);
    let status = node.status().context("node does not start: is it installed?")?;
    if status.success() { Ok(()) } else { bail!("something is wrong with what people see; see above") }
}
