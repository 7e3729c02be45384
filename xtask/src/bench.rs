//! `cargo xtask bench`: throughput and latency beside yardsticks, in one run on the same host and store.

mod app;
mod automations;
mod channels;
mod desk;
mod host;
pub mod load;
mod refusals;
mod rendering;
mod report;
mod sla;
mod twin;
mod webhooks;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{build, process, project, toolchain};
use app::App;
use load::Measured;
use report::{Report, Tick};

const HELP: &str = "\
cargo xtask bench [--quick] [--seconds N] [--connections N] [--redis URL]

Measures webhook intake beside a component that only answers and one that makes exactly an intake's
key-value calls, in the same host and on the same store, at 1 000 and at 100 000 existing tickets; the
service-level tick with 100, 1 000 and 3 000 due of 10 000 and of 200 000 open; the heaviest webhooks (a mail with a file, a
batch of 1 000), refusals of what there is and is not, and what is sent; lists, searches and bulk actions of 1 000 and of
200 000 open; automations; due dates and trials of other terms;
rendering beside Jinja2 on the same template and the survey's page; memory, sizes and instantiation. Each
with what is expected and whether it holds. Rounds are interleaved, figures are medians, and what counts
are the ratios of one run: the machine may be busy with other things. The calls of the yardstick are held
against those of a real message first. Takes about 15 minutes.

  --channels     the webhooks, refusals and what is sent alone, of 1 000 tickets
  --desk         lists, searches, bulk actions and automations alone
  --quick        10 000 tickets at most (20 000 open for the tick): four minutes
  --seconds N    length of a measurement (3)
  --connections N  connections at full load (8)
  --redis URL    Redis instead of SQLite; everything in it that begins with r1: or y1: is used";

/// Interleaved rounds.
const ROUNDS: usize = 3;

/// Tickets that are due in a tick; the middle one is what is compared.
const DUE: [usize; 3] = [100, 1_000, 3_000];

/// Tickets of the first measurement.
const FEW: usize = 1_000;

struct Options {
    quick: bool,
    channels: bool,
    desk: bool,
    time: Duration,
    connections: usize,
    redis: Option<String>,
}

impl Options {
    /// Open tickets of the tick, few and many.
    fn sizes(&self) -> [usize; 2] {
        if self.quick { [2_000, 20_000] } else { [10_000, 200_000] }
    }
}

/// Runs the command.
///
/// # Errors
/// When something cannot be built or started, a request fails, or the yardstick is no twin of an intake: then there is
/// nothing to report.
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

    if options.channels {
        let app = App::start(&host, &folder, options.redis.as_deref())?;
        app.seed(FEW)?;
        channels::run(&app)?;
        return refusals::run(&app);
    }
    if options.desk {
        let app = App::start(&host, &folder, options.redis.as_deref())?;
        let mut asked = Vec::new();
        for tickets in [FEW, options.sizes()[1]] {
            app.seed(tickets)?;
            asked.push(desk::ask(&app)?);
        }
        if let [few, many] = asked.as_slice() {
            desk::print(few, many);
        }
        return automations::run(&app);
    }
    println!("\nthe yardstick's calls beside those of a message");
    let twins = twin::check(&host, &folder)?;
    let twin::Asked { slot, snapshot, feed, keys } = twins.forgotten;
    println!(
        "  the same; values of {slot} (slot), {snapshot} (state), {feed} (feed) bytes; {keys} keys that are asked for \
         when an instance has more tickets than it remembers keys of"
    );

    let app = App::start(&host, &folder, options.redis.as_deref())?;
    let mut report = Report::default();
    report.start(&app)?;

    let many = if options.quick { 10_000 } else { 100_000 };
    let mut measured = Vec::new();
    let mut asked_of_few = None;
    for tickets in [FEW, many] {
        // An instance remembers the keys of the few, and soon has met them all.
        let asked = if tickets == FEW { twins.remembered } else { twins.forgotten };
        app.seed(tickets)?;
        app.fill_yardstick(tickets, asked)?;
        app.forget_peak();
        let rounds = rounds(&options, &app, asked)?;
        let half = half_load(&options, &app, rounds.intake.rate)?;
        report.intake(tickets, &rounds, &half, &app);
        measured.push(rounds);
        if tickets == FEW {
            app.follow()?;
            asked_of_few = Some(desk::ask(&app)?);
        }
    }
    if let [few, many] = measured.as_slice() {
        report.growth(few, many);
    }
    sealing(&app, &measured, &mut report)?;
    ticks(&options, &app, &mut report)?;
    report.sizes()?;
    report.print();
    let asked_of_many = desk::ask(&app)?;
    if let Some(few) = asked_of_few {
        desk::print(&few, &asked_of_many);
    }
    channels::run(&app)?;
    refusals::run(&app)?;
    automations::run(&app)?;
    sla::run(&app)?;
    rendering::run(&app)
}

/// What sealing takes of an intake: it cannot be switched off, so the same messages go through the journal once
/// sealed and once in clear, without a store.
fn sealing(app: &App, measured: &[Rounds], report: &mut Report) -> Result<()> {
    let Some(rounds) = measured.last() else { return Ok(()) };
    for bytes in [100, 2_000] {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            times.push((app.journal_ms(true, bytes)?, app.journal_ms(false, bytes)?));
        }
        times.sort_by(|a, b| (a.0 - a.1).total_cmp(&(b.0 - b.1)));
        let (sealed, clear) = times.get(ROUNDS / 2).copied().unwrap_or_default();
        report.sealing(bytes, sealed, clear, &rounds.intake);
    }
    Ok(())
}

/// Medians of one set of rounds.
struct Rounds {
    answer: Measured,
    calls: Measured,
    intake: Measured,
}

fn rounds(options: &Options, app: &App, asked: twin::Asked) -> Result<Rounds> {
    let (mut answers, mut calls, mut intakes) = (Vec::new(), Vec::new(), Vec::new());
    // The same tickets in the same order for both: no ticket gets more than a few messages.
    let ticket = |c, n| app.spread(n * options.connections + c);
    for round in 0..ROUNDS {
        println!("  round {} of {ROUNDS} …", round + 1);
        let run = |request: &(dyn Fn(usize, usize) -> Vec<u8> + Sync)| {
            let before = app.cpu_ms();
            let mut measured =
                load::run(app.port, options.connections, options.time, None, &|c, n| request(c, n))?;
            #[allow(clippy::cast_precision_loss)] // thousands
            let each = (app.cpu_ms() - before) / measured.count().max(1) as f64;
            measured.cpu_ms = each;
            anyhow::Ok(measured)
        };
        answers.push(run(&|_, _| load::post("/yardstick/answer", &[], b""))?);
        calls.push(run(&|c, n| app.yardstick_call(ticket(c, n), asked))?);
        intakes.push(run(&|c, n| app.message(ticket(c, n)))?);
    }
    Ok(Rounds { answer: median(answers)?, calls: median(calls)?, intake: median(intakes)? })
}

fn half_load(options: &Options, app: &App, rate: f64) -> Result<Measured> {
    #[allow(clippy::cast_precision_loss)] // a handful of connections
    let pause = Duration::from_secs_f64(options.connections as f64 / (rate / 2.0));
    load::run(app.port, options.connections, options.time * 2, Some(pause), &|c, n| {
        app.message(app.spread(n * options.connections + c))
    })
}

/// The run in the middle by its rate.
fn median(mut runs: Vec<Measured>) -> Result<Measured> {
    runs.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    runs.into_iter().nth(ROUNDS / 2).context("no rounds")
}

/// The tick with the same number due, of few and of many open tickets.
fn ticks(options: &Options, app: &App, report: &mut Report) -> Result<()> {
    let mut grid = Vec::new();
    for open in options.sizes() {
        // Those of the intake are open too.
        app.seed(open)?;
        app.forget_peak();
        let open = app.open_tickets();
        for due in DUE {
            let mut runs = Vec::new();
            for round in 0..ROUNDS {
                println!("  tick, {due} due of {open}, round {} of {ROUNDS} …", round + 1);
                app.make_due(due)?;
                let begun = Instant::now();
                let notices = app.tick_sla()?;
                runs.push(begun.elapsed());
                if notices < due {
                    bail!("the tick gave {notices} notices of {due}");
                }
                app.follow()?;
            }
            runs.sort_unstable();
            let time = runs.get(ROUNDS / 2).copied().unwrap_or_default();
            grid.push(Tick { open, due, time, peak_mb: app.peak_mb() });
        }
    }
    report.ticks(&grid);
    Ok(())
}

fn options(mut args: lexopt::Parser) -> Result<Option<Options>> {
    let mut options = Options {
        quick: false,
        channels: false,
        desk: false,
        time: Duration::from_secs(3),
        connections: 8,
        redis: None,
    };
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("quick") => options.quick = true,
            lexopt::Arg::Long("channels") => options.channels = true,
            lexopt::Arg::Long("desk") => options.desk = true,
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
