//! What automations cost: new tickets a second through the feed with none, and with twenty of which one applies.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::app::App;

/// Tickets of one round.
const TICKETS: usize = 500;

/// Interleaved rounds of each.
const ROUNDS: usize = 3;

/// Automations of a busy desk.
const MANY: usize = 20;

/// Measures and prints.
///
/// # Errors
/// When a request fails, or an automation did not apply to every ticket.
pub fn run(app: &App) -> Result<()> {
    println!("\nautomations: new tickets through the feed");
    let (mut none, mut many) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        none.push(round(app, 0)?);
        many.push(round(app, MANY)?);
    }
    app.publish_changed(|_| ())?;
    let (none, many) = (median(none), median(many));
    line("without automations", none);
    line("with 20, of which one applies", many);
    println!("{:<44} {:>9.2}", "ratio", none.as_secs_f64() / many.as_secs_f64());
    Ok(())
}

/// How long the feed takes for so many new tickets.
fn round(app: &App, count: usize) -> Result<Duration> {
    let automations: Vec<Value> = (0..count)
        .map(|n| {
            // All are looked at; the last one applies to every ticket.
            let phrase = if n + 1 == count { "entrar".to_owned() } else { format!("nobody writes {n}") };
            json!({
                "id": format!("bench-{n}"), "name": "Bench", "on": ["message.received"],
                "when": {"text": {"contains": [phrase]}, "category": ["new"]},
                "then": [{"tags": {"add": ["bench"]}}, {"priority": {"priority": "high"}}]
            })
        })
        .collect();
    app.publish_changed(|pack| {
        pack.insert("automations".to_owned(), json!(automations));
    })?;
    let last = format!("bench-{}", MANY - 1);
    let before = app.fired(&last)?;
    app.open_more(TICKETS)?;
    let begun = Instant::now();
    app.follow()?;
    let took = begun.elapsed();
    let applied = app.fired(&last)? - before;
    if count > 0 && applied != TICKETS as u64 {
        bail!("{applied} of {TICKETS} tickets were changed");
    }
    Ok(took)
}

fn median(mut rounds: Vec<Duration>) -> Duration {
    rounds.sort_unstable();
    rounds.get(rounds.len() / 2).copied().unwrap_or_default()
}

fn line(what: &str, time: Duration) {
    #[allow(clippy::cast_precision_loss)] // hundreds
    let rate = TICKETS as f64 / time.as_secs_f64();
    println!("{what:<44} {rate:>9.0}/s  {:>6.1} s", time.as_secs_f64());
}
