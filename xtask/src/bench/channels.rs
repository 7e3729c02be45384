//! The heaviest webhooks beside a plain one of the same minutes, and how fast what is written leaves.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::json;

use super::app::App;
use super::load::{self, Measured};
use super::{ROUNDS, median, webhooks};

/// For how long each is measured.
const TIME: Duration = Duration::from_secs(3);

/// Connections at full load.
const CONNECTIONS: usize = 8;

/// Connections that send large bodies: providers do not send many of them at once.
const LARGE: usize = 2;

/// Items of a batch.
const BATCH: usize = 1_000;

/// Bytes of a mail's file.
const FILE: usize = 1 << 20;

/// Replies that are written to tickets of their own.
const REPLIES: usize = 400;

/// Connections that write replies.
const WRITERS: usize = 4;

/// How long the last reply may take to arrive.
const PATIENCE: Duration = Duration::from_secs(120);

/// Measures and prints.
///
/// # Errors
/// When a request fails, or what was written does not arrive.
pub fn run(app: &App) -> Result<()> {
    intake(app)?;
    delivery(app)
}

/// Rounds interleaved, medians: a message, a batch, a mail, a mail with a file.
fn intake(app: &App) -> Result<()> {
    let (mut messages, mut batches, mut mails, mut files) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let unique = AtomicUsize::new(0);
    let mail = |bytes| {
        let n = unique.fetch_add(1, Relaxed);
        let id = format!("{}.{n}", crate::random::hex(8).unwrap_or_default());
        webhooks::mail(&format!("p{}", app.spread(n)), &id, bytes)
    };
    for round in 0..ROUNDS {
        println!("  webhooks, round {} of {ROUNDS} …", round + 1);
        messages.push(measure(app, CONNECTIONS, &|c, n| app.message(app.spread(n * CONNECTIONS + c)))?);
        batches.push(measure(app, LARGE, &|c, n| app.batch((n * LARGE + c) * BATCH, BATCH))?);
        mails.push(measure(app, CONNECTIONS, &|_, _| mail(0))?);
        files.push(measure(app, LARGE, &|_, _| mail(FILE))?);
        app.follow()?;
    }
    let [message, batch, mail, file] = [median(messages)?, median(batches)?, median(mails)?, median(files)?];
    println!("\n{:<34} {:>9} {:>9} {:>9} {:>9}", "webhooks", "1/s", "p50 ms", "p99 ms", "cpu ms");
    for (what, measured) in [
        ("  one message", &message),
        ("  a batch of 1 000 messages", &batch),
        ("  a mail of three parts", &mail),
        ("  the same with a file of 1 MB", &file),
    ] {
        println!(
            "{what:<34} {:>9.1} {:>9.1} {:>9.1} {:>9.2}",
            measured.rate,
            measured.quantile_ms(0.5),
            measured.quantile_ms(0.99),
            measured.cpu_ms
        );
    }
    #[allow(clippy::cast_precision_loss)] // a thousand
    let items = BATCH as f64;
    println!();
    expect("cpu, a batch's item / one message", batch.cpu_ms / items / message.cpu_ms, 1.0);
    expect("a batch, ms (providers wait 10 s)", batch.quantile_ms(0.99), 10_000.0);
    expect("cpu, a mail / one message", mail.cpu_ms / message.cpu_ms, 4.0);
    println!("  a file's MB takes {:.1} ms of processor time", file.cpu_ms - mail.cpu_ms);
    Ok(())
}

fn measure(
    app: &App,
    connections: usize,
    request: &(dyn Fn(usize, usize) -> Vec<u8> + Sync),
) -> Result<Measured> {
    let before = app.cpu_ms();
    let mut measured = load::run(app.port, connections, TIME, None, &|c, n| request(c, n))?;
    #[allow(clippy::cast_precision_loss)] // thousands
    let each = (app.cpu_ms() - before) / measured.count().max(1) as f64;
    measured.cpu_ms = each;
    Ok(measured)
}

/// From the first reply that is written until the provider has the last: replies are sent while others are written.
fn delivery(app: &App) -> Result<()> {
    let tickets = app.some_tickets(REPLIES)?;
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        println!("  replies, round {} of {ROUNDS} …", round + 1);
        app.forget_delivered()?;
        let begun = Instant::now();
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let write = || {
                while let Some(ticket) = tickets.get(next.fetch_add(1, Relaxed)) {
                    app.ask(&format!("tickets/{ticket}/replies"), &json!({"text": "Lo miramos"}))?;
                }
                anyhow::Ok(())
            };
            let threads: Vec<_> = (0..WRITERS).map(|_| scope.spawn(write)).collect();
            threads.into_iter().try_for_each(|t| t.join().unwrap_or_else(|_| bail!("a thread failed")))
        })?;
        let written = begun.elapsed();
        while app.delivered()? < tickets.len() {
            if begun.elapsed() > PATIENCE {
                bail!("{} replies of {} arrived", app.delivered()?, tickets.len());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        rounds.push((begun.elapsed(), written));
    }
    rounds.sort_unstable();
    let (delivered, written) = rounds.get(ROUNDS / 2).copied().unwrap_or_default();
    #[allow(clippy::cast_precision_loss)] // hundreds
    let rate = |time: Duration| tickets.len() as f64 / time.as_secs_f64();
    println!(
        "\n{} replies: written {:.0}/s, delivered {:.0}/s",
        tickets.len(),
        rate(written),
        rate(delivered)
    );
    expect("time, delivered / written", delivered.as_secs_f64() / written.as_secs_f64(), 1.5);
    Ok(())
}

fn expect(what: &str, value: f64, most: f64) {
    let verdict = if value <= most { "holds" } else { "MISSED" };
    println!("  {verdict:<7} {what:<34} {value:>8.2}  <= {most}");
}
