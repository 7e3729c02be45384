//! Service levels: due dates a second, natively and through the component, and a trial of other terms on all tickets.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::app::App;
use crate::{pack, process, project};

/// Questions in one call: as many as one takes.
const ITEMS: usize = 1_000;

/// For how long they are asked.
const TIME: Duration = Duration::from_secs(3);

/// Measures and prints.
///
/// # Errors
/// When something cannot be built, or a request fails.
pub fn run(app: &App) -> Result<()> {
    println!("\ndue dates, natively");
    let mut native = project::cargo("run");
    native.args(["--quiet", "--release", "--package", "relevo-calendar", "--example", "bench"]);
    let log = process::step("due dates", &mut native)?;
    print!("{}", std::fs::read_to_string(log)?);
    due_dates(app)?;
    simulate(app)
}

/// Working hours of the desk's own calendar added to instants of a year; reading and writing JSON is in it.
fn due_dates(app: &App) -> Result<()> {
    let items: Vec<Value> = (0..ITEMS)
        .map(|n| {
            let (month, day, hour) = (n % 12 + 1, n % 28 + 1, n % 24);
            let start = format!("2026-{month:02}-{day:02}T{hour:02}:17:05Z");
            json!({"calendar": "soporte", "start": start, "seconds": 3_600 * (n % 40 + 1)})
        })
        .collect();
    let body = json!({"items": items});
    let (begun, mut calls) = (Instant::now(), 0_usize);
    while begun.elapsed() < TIME {
        let answer = app.ask("sla/preview", &body)?;
        if answer.get("items").and_then(Value::as_array).map(Vec::len) != Some(ITEMS) {
            bail!("a preview did not answer every question: {answer}");
        }
        calls += 1;
    }
    rate("due dates through the component", calls * ITEMS, begun.elapsed());
    Ok(())
}

/// The desk's policies with half the time, on every ticket there is.
fn simulate(app: &App) -> Result<()> {
    let mut sla = pack::bundle(&pack::folder("school"))?.get("sla").cloned().unwrap_or_default();
    for policy in sla.as_array_mut().into_iter().flatten() {
        let targets = policy.get_mut("targets").and_then(Value::as_object_mut);
        for seconds in targets.into_iter().flatten().filter_map(|(_, target)| target.get_mut("seconds")) {
            *seconds = json!(seconds.as_u64().unwrap_or_default() / 2);
        }
        // Warnings may lie before the beginning then.
        let targets = policy.get_mut("targets").and_then(Value::as_object_mut);
        for target in targets.into_iter().flatten().filter_map(|(_, target)| target.as_object_mut()) {
            target.remove("warn");
        }
    }
    let (begun, mut tickets, mut cursor) = (Instant::now(), 0_u64, Value::Null);
    loop {
        let answer = app.ask("sla/simulate", &json!({"days": 30, "sla": sla, "cursor": cursor}))?;
        tickets += answer.get("tickets").and_then(Value::as_u64).context("a trial counts tickets")?;
        cursor = answer.get("next").cloned().unwrap_or_default();
        if cursor.is_null() {
            break;
        }
    }
    if tickets == 0 {
        bail!("the trial found no tickets");
    }
    rate(&format!("trial of other terms on {tickets} tickets"), usize::try_from(tickets)?, begun.elapsed());
    Ok(())
}

fn rate(what: &str, count: usize, time: Duration) {
    #[allow(clippy::cast_precision_loss)] // counts are far below 2^53
    let rate = count as f64 / time.as_secs_f64();
    println!("{what:<44} {rate:>9.0}/s  {:>6.1} s", time.as_secs_f64());
}
