//! Whether the time of a refusal tells what there is: a wrong signature beside accounts, channels and desks that are made up.

use std::time::Duration;

use anyhow::Result;

use super::app::App;
use super::load;
use super::{ROUNDS, median, webhooks};

/// For how long each is measured.
const TIME: Duration = Duration::from_secs(3);

/// How far the medians may lie apart: what a network adds to each request differs by more.
const APART: f64 = 1.1;

/// What is refused; the first is what the others are held against.
const REFUSED: [(&str, &str); 4] = [
    ("a wrong signature", "/hooks/school/whatsapp/main"),
    ("no such account", "/hooks/school/whatsapp/other"),
    ("no such channel", "/hooks/school/pigeon/main"),
    ("no such desk", "/hooks/nowhere/whatsapp/main"),
];

/// Measures over one connection, as whoever probes would, rounds interleaved, and prints.
///
/// # Errors
/// When one of them is not refused.
pub fn run(app: &App) -> Result<()> {
    let mut measured = REFUSED.map(|_| Vec::new());
    for round in 0..ROUNDS {
        println!("  refusals, round {} of {ROUNDS} …", round + 1);
        for ((_, path), measured) in REFUSED.iter().zip(&mut measured) {
            let request = webhooks::forged(path);
            measured.push(load::run_answered(401..402, app.port, 1, TIME, None, &|_, _| request.clone())?);
        }
    }
    println!("\n{:<34} {:>9} {:>9} {:>9}", "refusals", "p50 ms", "p99 ms", "ratio");
    let mut first = None;
    for ((what, _), measured) in REFUSED.iter().zip(measured) {
        let measured = median(measured)?;
        let p50 = measured.quantile_ms(0.5);
        let ratio = p50 / *first.get_or_insert(p50);
        let verdict = if (APART.recip()..=APART).contains(&ratio) { "holds" } else { "MISSED" };
        println!("  {what:<32} {p50:>9.3} {:>9.3} {ratio:>9.2} {verdict}", measured.quantile_ms(0.99));
    }
    Ok(())
}
