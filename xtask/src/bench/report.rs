//! What the benchmark found: figures, then what was expected of them.

use std::time::Duration;

use anyhow::Result;

use super::Rounds;
use super::app::App;
use super::load::Measured;
use crate::build;

/// A tick: how many tickets were open, how many of them due, how long it took, and the peak of memory.
pub struct Tick {
    pub open: usize,
    pub due: usize,
    pub time: Duration,
    pub peak_mb: u64,
}

/// Lines of figures and of expectations, printed together at the end.
#[derive(Default)]
pub struct Report {
    figures: Vec<String>,
    expected: Vec<String>,
}

impl Report {
    /// How long it takes until components answer.
    pub fn start(&mut self, app: &App) -> Result<()> {
        self.figure(format!(
            "application ready after {:.1} s (components compiled before)",
            app.started.as_secs_f64()
        ));
        self.figure(format!("{:<34} {:>9} {:>9}", "a component's first answer, ms", "first", "next"));
        for (component, first, next) in app.first_answers()? {
            self.figure(format!("  {component:<32} {first:>9.1} {next:>9.1}"));
        }
        Ok(())
    }

    /// Intake beside its yardsticks.
    pub fn intake(&mut self, tickets: usize, rounds: &Rounds, half: &Measured, app: &App) {
        let what = format!("at {tickets} tickets, full load");
        self.figure(format!("\n{what:<34} {:>9} {:>9} {:>9} {:>9}", "1/s", "p50 ms", "p99 ms", "cpu ms"));
        self.measured("  answers only", &rounds.answer);
        self.measured("  key-value calls only", &rounds.calls);
        self.measured("  intake", &rounds.intake);
        self.measured("  intake at half load", half);
        self.figure(format!(
            "  memory of the host: {} MB at most, of which {} MB are its own",
            app.peak_mb(),
            app.own_mb()
        ));
        let ratio = rounds.intake.rate / rounds.calls.rate;
        self.expect(&format!("intake / key-value calls, {tickets}"), ratio, ">= 0.7", ratio >= 0.7);
        let p99 = half.quantile_ms(0.99);
        self.expect(&format!("p99 at half load, {tickets}, ms"), p99, "< 20", p99 < 20.0);
    }

    /// What many tickets cost.
    pub fn growth(&mut self, few: &Rounds, many: &Rounds) {
        let cost = many.intake.cpu_ms / few.intake.cpu_ms;
        self.expect("processor time, many / few tickets", cost, "<= 1.15", cost <= 1.15);
        // Beside the yardstick of the same minutes: the machine changes.
        let cost = (many.calls.rate / many.intake.rate) / (few.calls.rate / few.intake.rate);
        self.expect("time beside yardstick, many / few", cost, "<= 1.15", cost <= 1.15);
    }

    /// What sealing costs.
    pub fn sealing(&mut self, bytes: usize, sealed_ms: f64, clear_ms: f64, intake: &Measured) {
        let each = sealed_ms - clear_ms;
        self.figure(format!(
            "  journal, a text of {bytes} bytes: {sealed_ms:.3} ms sealed, {clear_ms:.3} ms in clear; {:.1} % of an intake's processor time",
            each / intake.cpu_ms * 100.0
        ));
        let ratio = (intake.cpu_ms - each) / intake.cpu_ms;
        self.expect(&format!("intake without / with sealing, {bytes} B"), ratio, ">= 0.7", ratio >= 0.7);
    }

    /// Ticks over how many tickets are open and how many due.
    pub fn ticks(&mut self, grid: &[Tick]) {
        self.figure(format!("\nservice-level tick {:>24} {:>9} {:>9}", "ms", "ms each", "MB"));
        for Tick { open, due, time, peak_mb } in grid {
            let ms = time.as_secs_f64() * 1_000.0;
            #[allow(clippy::cast_precision_loss)] // thousands
            let each = ms / *due as f64;
            self.figure(format!(
                "  {:<32} {ms:>9.0} {each:>9.2} {peak_mb:>9}",
                format!("{due} due of {open} open")
            ));
        }
        let (few, many) = grid.split_at(grid.len() / 2);
        for (few, many) in few.iter().zip(many) {
            let ratio = many.time.as_secs_f64() / few.time.as_secs_f64();
            self.expect(&format!("tick, {} due, many open / few", few.due), ratio, "<= 1.15", ratio <= 1.15);
        }
    }

    /// What components weigh.
    pub fn sizes(&mut self) -> Result<()> {
        self.figure("\ncomponents, MB".to_owned());
        for weight in build::weights()? {
            #[allow(clippy::cast_precision_loss)] // millions
            let (mb, allowed) = (weight.bytes as f64 / 1e6, weight.allowed as f64 / 1e6);
            self.figure(format!("  {:<32} {mb:>9.2}", weight.component));
            let expected = match weight.reason {
                Some(reason) => format!("<= {allowed:.2} ({reason})"),
                None => format!("<= {allowed:.2}"),
            };
            self.expect(&format!("{}, MB", weight.component), mb, &expected, mb <= allowed);
        }
        Ok(())
    }

    /// Prints everything.
    pub fn print(&self) {
        println!();
        self.figures.iter().for_each(|line| println!("{line}"));
        println!("\nexpected");
        self.expected.iter().for_each(|line| println!("{line}"));
    }

    fn figure(&mut self, line: String) {
        self.figures.push(line);
    }

    fn measured(&mut self, what: &str, measured: &Measured) {
        let (p50, p99) = (measured.quantile_ms(0.5), measured.quantile_ms(0.99));
        let cpu = if measured.cpu_ms > 0.0 { format!("{:>9.2}", measured.cpu_ms) } else { String::new() };
        self.figure(format!("{what:<34} {:>9.0} {p50:>9.2} {p99:>9.2} {cpu}", measured.rate));
    }

    fn expect(&mut self, what: &str, value: f64, expected: &str, holds: bool) {
        let verdict = if holds { "holds" } else { "MISSED" };
        self.expected.push(format!("  {verdict:<7} {what:<34} {value:>8.2}  {expected}"));
    }
}
