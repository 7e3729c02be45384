//! `cargo xtask bench`: throughput and latency beside yardsticks, in one run on the same host and store.

mod app;
mod load;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{build, process, project, toolchain};
use app::{App, Yardstick};
use load::Measured;

const HELP: &str = "\
cargo xtask bench [--full] [--seconds N] [--connections N] [--redis URL]

Measures webhook intake beside a component that only answers and one that only makes an intake's
key-value calls, at few and at many existing tickets; the service-level tick with the same number
due of few and of many; memory, sizes and start. Rounds are interleaved, figures are medians, and what
counts are the ratios of one run: the machine may be busy with other things.

  --full         100 000 tickets (200 000 open for the tick) instead of a tenth
  --seconds N    length of a measurement (3)
  --connections N  connections at full load (8)
  --redis URL    Redis instead of SQLite; everything in it that begins with r1: is used";

/// Interleaved rounds.
const ROUNDS: usize = 3;

/// Tickets that are due in a tick.
const DUE: usize = 1_000;

struct Options {
    full: bool,
    time: Duration,
    connections: usize,
    redis: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// When something cannot be built or started, or a request fails: then there is nothing to report.
pub fn command(args: lexopt::Parser) -> Result<()> {
    let Some(options) = options(args)? else { return Ok(()) };
    let toolchain = toolchain::ready()?;
    build::components(&toolchain)?;
    let mut yardstick = project::cargo("build");
    yardstick.args(["--release", "--target", toolchain::TARGET, "--package", "relevo-yardstick"]);
    process::step("build the yardstick", toolchain.apply(&mut yardstick))?;
    let host = build::local_host()?;
    let folder = project::target().join("bench");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;

    let few = 1_000;
    let many = if options.full { 100_000 } else { 10_000 };
    println!("\nstart (first answer after compiling from the cache)");
    let yardstick = Yardstick::start(&host, &folder, options.redis.as_deref())?;
    let app = App::start(&host, &folder, options.redis.as_deref())?;
    println!("  application ready after {:.1} s", app.started.as_secs_f64());
    for (component, ms) in app.first_answers()? {
        println!("  {component:<10} first answer {ms:>7.1} ms");
    }

    app.seed(few)?;
    let at_few = rounds(&options, &yardstick, &app)?;
    app.seed(many)?;
    let at_many = rounds(&options, &yardstick, &app)?;
    let half = half_load(&options, &app, at_many.intake.rate)?;
    println!("\n{:<34} {:>9} {:>9} {:>9}", "intake, full load", "1/s", "p50 ms", "p99 ms");
    line("answers only", &at_few.answer);
    line("key-value calls only", &at_few.calls);
    line(&format!("intake at {few} tickets"), &at_few.intake);
    line("key-value calls only, later", &at_many.calls);
    line(&format!("intake at {many} tickets"), &at_many.intake);
    line("intake at half load", &half);
    ratio("intake / key-value calls", at_few.intake.rate / at_few.calls.rate, ">= 0.7", |r| r >= 0.7);
    // Against the yardstick of the same minutes: the store itself grows slower, and the machine changes.
    let cost = (at_many.calls.rate / at_many.intake.rate) / (at_few.calls.rate / at_few.intake.rate);
    ratio(&format!("cost at {many} / at {few} tickets"), cost, "<= 1.15", |r| r <= 1.15);
    ratio("p99 at half load, ms", half.quantile_ms(0.99), "< 20", |r| r < 20.0);
    println!("peak memory of the host: {} MB (yardstick {} MB)", app.peak_mb(), yardstick.peak_mb());

    tick(&options, &app)
}

/// Medians of one set of rounds.
struct Rounds {
    answer: Measured,
    calls: Measured,
    intake: Measured,
}

fn rounds(options: &Options, yardstick: &Yardstick, app: &App) -> Result<Rounds> {
    let (mut answers, mut calls, mut intakes) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        println!("  round {} of {ROUNDS} …", round + 1);
        let run = |port, request: &(dyn Fn(usize, usize) -> Vec<u8> + Sync)| {
            load::run(port, options.connections, options.time, None, &|c, n| request(c, n))
        };
        answers.push(run(yardstick.port, &|_, _| load::post("/answer", &[], b""))?);
        calls.push(run(yardstick.port, &|c, n| load::post(&format!("/calls/c{c}x{}", n % 16), &[], b""))?);
        intakes.push(run(app.port, &|c, n| app.message(c * 16 + n % 16))?);
    }
    Ok(Rounds { answer: median(answers)?, calls: median(calls)?, intake: median(intakes)? })
}

fn half_load(options: &Options, app: &App, rate: f64) -> Result<Measured> {
    #[allow(clippy::cast_precision_loss)] // a handful of connections
    let pause = Duration::from_secs_f64(options.connections as f64 / (rate / 2.0));
    load::run(app.port, options.connections, options.time * 2, Some(pause), &|c, n| {
        app.message(c * 16 + n % 16)
    })
}

/// The run in the middle by its rate.
fn median(mut runs: Vec<Measured>) -> Result<Measured> {
    runs.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    runs.into_iter().nth(ROUNDS / 2).context("no rounds")
}

fn line(what: &str, measured: &Measured) {
    let (p50, p99) = (measured.quantile_ms(0.5), measured.quantile_ms(0.99));
    println!("{what:<34} {:>9.0} {p50:>9.2} {p99:>9.2}", measured.rate);
}

fn ratio(what: &str, value: f64, expected: &str, holds: impl Fn(f64) -> bool) {
    let verdict = if holds(value) { "as expected" } else { "MISSED" };
    println!("{what:<34} {value:>9.2} expected {expected}: {verdict}");
}

/// The tick with the same number due, of few and of many open tickets.
fn tick(options: &Options, app: &App) -> Result<()> {
    let sizes = if options.full { [10_000, 200_000] } else { [2_000, 20_000] };
    println!("\nservice-level tick, {DUE} due");
    let mut times = Vec::new();
    for open in sizes {
        app.seed(open)?;
        let mut runs = Vec::new();
        for _ in 0..ROUNDS {
            app.make_due(DUE)?;
            let begun = Instant::now();
            let notices = app.tick_sla()?;
            runs.push(begun.elapsed());
            if notices < DUE {
                bail!("the tick gave {notices} notices of {DUE}");
            }
        }
        runs.sort_unstable();
        let time = runs.get(ROUNDS / 2).copied().unwrap_or_default();
        println!("  of {open:>7} open: {:>8.0} ms", time.as_secs_f64() * 1_000.0);
        times.push(time.as_secs_f64());
    }
    if let [few, many] = times.as_slice() {
        ratio("tick, many open / few open", many / few, "about 1", |r| r <= 1.15);
    }
    Ok(())
}

fn options(mut args: lexopt::Parser) -> Result<Option<Options>> {
    let mut options = Options { full: false, time: Duration::from_secs(3), connections: 8, redis: None };
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("full") => options.full = true,
            lexopt::Arg::Long("seconds") => {
                options.time = Duration::from_secs(args.value()?.to_string_lossy().parse()?)
            }
            lexopt::Arg::Long("connections") => {
                options.connections = args.value()?.to_string_lossy().parse()?
            }
            lexopt::Arg::Long("redis") => options.redis = Some(args.value()?.to_string_lossy().into_owned()),
            lexopt::Arg::Long("help") => {
                println!("{HELP}");
                return Ok(None);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(options))
}
