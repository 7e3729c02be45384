//! `cargo xtask fire`: what must hold under fire, for as long as it takes, with a report.

mod load;
mod report;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lexopt::ValueExt as _;
use serde_json::Value;

use crate::{build, process, project, toolchain};

const HELP: &str = "\
cargo xtask fire [--only A,B] [--kills N] [--minutes N] [--seconds N] [--report FILE]

Kills, outages, full disks, wrong clocks and hours of mixed load; writes tests/faults/REPORT.md.

  --only A,B     only these: faults, load, or single scenarios of faults such as kills_redis
  --kills N      processes killed in all (200)
  --minutes N    mixed load at each level (10)
  --seconds N    the same in seconds
  --outage N     how long the store is gone, in seconds (30)
  --report FILE  where to write the report (tests/faults/REPORT.md)";

/// Scenarios that kill share the kills among them.
const KILLING: usize = 4;

/// What is to be done.
struct Options {
    only: Vec<String>,
    kills: usize,
    outage: u64,
    level: Duration,
    report: std::path::PathBuf,
}

/// A part of the report.
struct Section {
    /// Everything in it held.
    held: bool,
    /// As Markdown.
    text: String,
}

/// A part of the run. More of them (such as a fuzzer's long run) are added here.
struct Part {
    name: &'static str,
    run: fn(&Options) -> Result<Section>,
}

const PARTS: [Part; 2] = [Part { name: "faults", run: faults }, Part { name: "load", run: load::run }];

/// Runs the command.
///
/// # Errors
/// When something cannot be built or does not hold; the report is written all the same.
pub fn command(args: lexopt::Parser) -> Result<()> {
    let Some(options) = options(args)? else { return Ok(()) };
    toolchain::redis()?;
    let toolchain = toolchain::ready()?;
    build::components(&toolchain)?;
    build::local_host()?;
    let mut sections = Vec::new();
    for part in &PARTS {
        let chosen = options.only.is_empty() || options.only.iter().any(|only| part.takes(only));
        if chosen {
            println!("\n{}", part.name);
            sections.push((part.run)(&options).unwrap_or_else(|error| Section {
                held: false,
                text: format!("## {}\n\nCould not be run: {error:#}\n", part.name),
            }));
        }
    }
    fs::write(&options.report, report::write(&sections)?)
        .with_context(|| format!("writing {}", options.report.display()))?;
    println!("\n{}", options.report.display());
    if sections.iter().all(|section| section.held) { Ok(()) } else { bail!("something does not hold") }
}

impl Part {
    /// Is this its name, or one of its scenarios?
    fn takes(&self, only: &str) -> bool {
        only == self.name || self.name == "faults" && PARTS.iter().all(|part| part.name != only)
    }
}

/// The scenarios of tests/faults, by the program that is built from them.
fn faults(options: &Options) -> Result<Section> {
    let mut cargo = project::cargo("build");
    process::step("build verify", cargo.args(["--package", "relevo-verify"]))?;
    let mut cargo = project::cargo("build");
    process::step("build the scenarios", cargo.args(["--profile", "native", "--package", "relevo-faults"]))?;
    let folder = project::target().join("fire");
    fs::create_dir_all(&folder)?;
    let out = folder.join("faults.jsonl");
    let mut fire = project::command(project::target().join("native/relevo-fire"));
    fire.arg("--out").arg(&out);
    fire.args([
        "--kills",
        &options.kills.div_ceil(KILLING).to_string(),
        "--seconds",
        &options.outage.to_string(),
    ]);
    let scenarios: Vec<_> =
        options.only.iter().filter(|o| PARTS.iter().all(|p| p.name != **o)).cloned().collect();
    if !scenarios.is_empty() {
        fire.args(["--only", &scenarios.join(",")]);
    }
    fire.env("RELEVO_HOST_BIN", build::local_host_path());
    let (log, status) = process::run_any("fire", &mut fire, None)?;
    let lines = read(&out)?;
    if lines.is_empty() {
        bail!("nothing was run:\n{}", process::tail(&log, 30));
    }
    Ok(Section { held: status.success(), text: report::faults(&lines) })
}

fn read(path: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    text.lines().map(|line| serde_json::from_str(line).context("a line of the scenarios")).collect()
}

fn options(mut args: lexopt::Parser) -> Result<Option<Options>> {
    let mut options = Options {
        only: Vec::new(),
        kills: 200,
        outage: 30,
        level: Duration::from_secs(600),
        report: project::root().join("tests/faults/REPORT.md"),
    };
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("only") => {
                options.only = args.value()?.string()?.split(',').map(str::to_owned).collect();
            }
            lexopt::Arg::Long("kills") => options.kills = args.value()?.parse()?,
            lexopt::Arg::Long("outage") => options.outage = args.value()?.parse()?,
            lexopt::Arg::Long("minutes") => {
                options.level = Duration::from_secs(args.value()?.parse::<u64>()?.saturating_mul(60));
            }
            lexopt::Arg::Long("seconds") => options.level = Duration::from_secs(args.value()?.parse()?),
            lexopt::Arg::Long("report") => options.report = args.value()?.into(),
            lexopt::Arg::Long("help") => {
                println!("{HELP}");
                return Ok(None);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(options))
}
