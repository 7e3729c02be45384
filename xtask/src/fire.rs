//! `cargo xtask fire`: what must hold under fire, for as long as it takes, with a report.

mod load;
mod report;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lexopt::ValueExt as _;
use serde_json::Value;

use crate::test::api;
use crate::{build, fuzz, process, project, toolchain};

const HELP: &str = "\
cargo xtask fire [--full] [--only A,B] [--kills N] [--load N] [--fuzz N] [--api N] [--report FILE]

Kills, outages, full disks, wrong clocks, long mixed load, generated requests and damaged input; writes
tests/faults/REPORT.md. Half an hour on two cores that do nothing else, once everything is built.

  --full         mixed load for ten minutes at each level, a minute of each parser, ten times as many requests
  --only A,B     only these: faults, load, api, fuzz, or single scenarios of faults such as kills_redis
  --kills N      processes killed in all (200)
  --outage N     how long the store is gone, in seconds (30)
  --load N       mixed load at each level, in seconds (120; full: 600)
  --fuzz N       each parser on damaged input, in seconds (10; full: 60)
  --api N        generated requests for each operation (40; full: 400)
  --report FILE  where to write the report (tests/faults/REPORT.md)";

/// Scenarios that kill share the kills among them.
const KILLING: usize = 4;

/// What is to be done.
struct Options {
    only: Vec<String>,
    kills: usize,
    outage: u64,
    level: Duration,
    fuzz: Duration,
    api: u32,
    report: std::path::PathBuf,
}

/// A part of the report.
struct Section {
    /// Everything in it held.
    held: bool,
    /// As Markdown.
    text: String,
}

/// A part of the run.
struct Part {
    name: &'static str,
    run: fn(&Options) -> Result<Section>,
}

const PARTS: [Part; 4] = [
    Part { name: "faults", run: faults },
    Part { name: "load", run: load::run },
    Part { name: "api", run: requests },
    Part { name: "fuzz", run: parsers },
];

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
            let begun = Instant::now();
            let mut section = (part.run)(&options).unwrap_or_else(|error| Section {
                held: false,
                text: format!(
                    "## {}\n\nDid not hold, or could not be run:\n\n```\n{error:#}\n```\n",
                    part.name
                ),
            });
            section.text += &format!("\nThis part took {}.\n", process::seconds(begun.elapsed()));
            sections.push(section);
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

/// Generated requests to the running application.
fn requests(options: &Options) -> Result<Section> {
    let tried = api::run(&api::Effort { examples: options.api, ..api::Effort::default() })?;
    Ok(Section { held: true, text: report::requests(&tried) })
}

/// Every parser, guided by coverage.
fn parsers(options: &Options) -> Result<Section> {
    let all = fuzz::run(options.fuzz, &[])?;
    Ok(Section { held: all.iter().all(|fuzzed| fuzzed.found.is_none()), text: report::parsers(&all) })
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
        level: Duration::from_secs(120),
        fuzz: Duration::from_secs(10),
        api: 40,
        report: project::root().join("tests/faults/REPORT.md"),
    };
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("only") => {
                options.only = args.value()?.string()?.split(',').map(str::to_owned).collect();
            }
            lexopt::Arg::Long("kills") => options.kills = args.value()?.parse()?,
            lexopt::Arg::Long("outage") => options.outage = args.value()?.parse()?,
            lexopt::Arg::Long("load") => options.level = Duration::from_secs(args.value()?.parse()?),
            lexopt::Arg::Long("fuzz") => options.fuzz = Duration::from_secs(args.value()?.parse()?),
            lexopt::Arg::Long("api") => options.api = args.value()?.parse()?,
            lexopt::Arg::Long("full") => {
                options.level = Duration::from_secs(600);
                options.fuzz = Duration::from_secs(60);
                options.api = 400;
            }
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
