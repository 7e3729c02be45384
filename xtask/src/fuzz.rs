//! `cargo xtask fuzz`: every target of `tests/parsers` under libFuzzer, guided by coverage, for as long as it is given.
//!
//! Works on a stable toolchain: the counters are an LLVM pass that rustc is asked for. What is found is left in
//! `target/fuzz/found/<target>/`; once mended it goes to `tests/parsers/findings/<target>/` and is tried in every test.
//! What was learnt of a target (`target/fuzz/corpus/`) is where its next run begins.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lexopt::ValueExt as _;

use crate::{process, project};

const HELP: &str = "\
cargo xtask fuzz [TARGET…]

Runs the targets of tests/parsers (all) under libFuzzer and says how long each ran and what it found.

  --seconds N    how long each (20)
  --list         what there is";

/// Counters at every edge, and what is compared, for libFuzzer to see.
const RUSTFLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                         -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                         -Cllvm-args=-sanitizer-coverage-pc-table \
                         -Cllvm-args=-sanitizer-coverage-trace-compares";

/// How long one input may take, in seconds.
const TOO_LONG_SECONDS: u32 = 10;

/// How much memory a target may take, in MB.
const TOO_MUCH_MB: u32 = 2_048;

/// Largest input.
const LARGEST_BYTES: u32 = 65_536;

/// Beyond its time, a target that does not end is stopped after this.
const GRACE: Duration = Duration::from_secs(120);

/// What a run of a target came to.
pub struct Fuzzed {
    /// The target.
    pub target: String,
    /// How long it ran.
    pub took: Duration,
    /// Inputs that were read.
    pub runs: u64,
    /// Edges of the code that were reached.
    pub edges: u64,
    /// What was found, in words.
    pub found: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// When an option is unknown, something does not build, or a target found something.
pub fn command(mut args: lexopt::Parser) -> Result<()> {
    let (mut seconds, mut wanted, mut list) = (20, Vec::new(), false);
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("seconds") => seconds = args.value()?.parse()?,
            lexopt::Arg::Long("list") => list = true,
            lexopt::Arg::Value(name) => wanted.push(name.string()?),
            lexopt::Arg::Long("help") => {
                println!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if list {
        corpora()?.iter().for_each(|name| println!("{name}"));
        return Ok(());
    }
    let all = run(Duration::from_secs(seconds), &wanted)?;
    let found: Vec<&str> = all.iter().filter_map(|fuzzed| fuzzed.found.as_deref()).collect();
    println!("{} targets, {} with a finding", all.len(), found.len());
    if found.is_empty() { Ok(()) } else { bail!("{}", found.join("\n")) }
}

/// The targets of these names (all, without), for that long each.
///
/// # Errors
/// When something does not build, or there is no such target. A finding is no error: it is in what comes back.
pub fn run(each: Duration, wanted: &[String]) -> Result<Vec<Fuzzed>> {
    let names = corpora()?;
    if let Some(unknown) = wanted.iter().find(|wanted| !names.contains(wanted)) {
        bail!("there is no target `{unknown}`; there are {}", names.join(", "));
    }
    let program = build()?;
    let chosen = names.iter().filter(|name| wanted.is_empty() || wanted.contains(name));
    chosen.map(|name| fuzz(&program, name, each)).collect()
}

fn folder() -> PathBuf {
    project::target().join("fuzz")
}

/// Writes what targets begin with; gives their names.
fn corpora() -> Result<Vec<String>> {
    let mut cargo = project::cargo("run");
    cargo
        .args(["--quiet", "--package", "relevo-parsers", "--bin", "corpus", "--"])
        .arg(folder().join("corpus"));
    let log = process::run("corpora", &mut cargo, None)?;
    let text = std::fs::read_to_string(&log).with_context(|| format!("reading {}", log.display()))?;
    Ok(text.lines().filter_map(|line| line.strip_prefix("target ")).map(str::to_owned).collect())
}

/// Builds for this machine, named so that build scripts are built without counters.
fn build() -> Result<PathBuf> {
    let host = process::output(Command::new("rustc").args(["--print", "host-tuple"]))
        .context("rustc names no host")?;
    let mut cargo = project::command(project::cargo_path());
    cargo
        .args(["build", "--release", "--target", &host, "--target-dir"])
        .arg(folder())
        .arg("--manifest-path")
        .arg(project::root().join("tests/fuzz/Cargo.toml"))
        .env("RUSTFLAGS", RUSTFLAGS);
    process::step("build fuzz targets", &mut cargo)?;
    Ok(folder().join(host).join("release/relevo-fuzz"))
}

/// Runs one target.
fn fuzz(program: &Path, name: &str, time: Duration) -> Result<Fuzzed> {
    let flat = name.replace('/', "-");
    let (corpus, found) = (folder().join("corpus").join(&flat), folder().join("found").join(&flat));
    std::fs::create_dir_all(&found).with_context(|| format!("creating {}", found.display()))?;
    let mut fuzzer = project::command(program);
    fuzzer
        .env("RELEVO_TARGET", name)
        .arg(&corpus)
        .arg(format!("-max_total_time={}", time.as_secs().max(1)))
        .arg(format!("-artifact_prefix={}/", found.display()))
        .arg(format!("-timeout={TOO_LONG_SECONDS}"))
        .arg(format!("-rss_limit_mb={TOO_MUCH_MB}"))
        .arg(format!("-max_len={LARGEST_BYTES}"))
        .args(["-print_final_stats=1", "-verbosity=1"]);
    let begun = Instant::now();
    let (log, status) = process::run_any(&format!("fuzz {flat}"), &mut fuzzer, Some(time + GRACE))?;
    let took = begun.elapsed();
    let text = std::fs::read(&log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())?;
    let (runs, edges) = figures(&text);
    let found = (!status.success() || runs == 0)
        .then(|| format!("{name} ({}):\n{}\n", found.display(), process::tail(&log, 30)));
    let verdict = if found.is_some() { "FOUND SOMETHING" } else { "nothing found" };
    println!("  {name}: {runs} runs, {edges} edges in {}, {verdict}", process::seconds(took));
    Ok(Fuzzed { target: name.to_owned(), took, runs, edges, found })
}

/// Inputs that were read and edges that were reached, as libFuzzer tells them.
fn figures(text: &str) -> (u64, u64) {
    let number = |word: Option<&str>| word.and_then(|word| word.trim().parse().ok()).unwrap_or_default();
    let runs = text.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let edges = text.lines().rev().find_map(|line| line.split_once(" cov: ")?.1.split(' ').next());
    (number(runs), number(edges))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libfuzzer_tells_is_read() {
        let text = "#2\tINITED cov: 12 ft: 13 corp: 1/1b\n#9\tNEW    cov: 40 ft: 51 corp: 2/9b lim: 4\n\
                    stat::number_of_executed_units: 4711\nstat::average_exec_per_sec:     0\n";
        assert_eq!(figures(text), (4711, 40));
        assert_eq!(figures("==1== ERROR: libFuzzer: deadly signal"), (0, 0));
    }
}
