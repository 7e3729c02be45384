//! `relevo-fire [--kills N] [--seconds N] [--only A,B] --out FILE`: runs the scenarios and writes a JSON line for each.
#![allow(clippy::expect_used, clippy::disallowed_methods)]

use std::fs::File;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use relevo_faults::{SCENARIOS, Scale};
use serde_json::{Map, Value, json};

fn main() -> ExitCode {
    let option = |name: &str| {
        let mut arguments = std::env::args().skip_while(|argument| argument != name);
        arguments.nth(1)
    };
    let number = |name, usual| option(name).map_or(usual, |value| value.parse().expect("a number"));
    let only = option("--only").map(|names| names.split(',').map(str::to_owned).collect::<Vec<_>>());
    let scale =
        Scale { kills: number("--kills", 50), outage: Duration::from_secs(number("--seconds", 30) as u64) };
    let mut out = File::create(option("--out").expect("--out FILE")).expect("the file can be written");
    let mut failed = false;
    let chosen =
        SCENARIOS.iter().filter(|s| only.as_ref().is_none_or(|only| only.iter().any(|o| o == s.name)));
    for scenario in chosen {
        println!("{}: {} …", scenario.name, scenario.about);
        let begun = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| (scenario.run)(&scale)));
        let seconds = begun.elapsed().as_secs();
        let (passed, figures, why) = match outcome {
            Ok(figures) => {
                let figures = figures.into_iter().map(|(what, value)| json!([what, value])).collect();
                (true, Value::Array(figures), Value::Null)
            }
            Err(panic) => {
                let why = panic.downcast_ref::<String>().cloned();
                let why = why.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
                (false, json!([]), why.into())
            }
        };
        failed |= !passed;
        println!("{}: {} in {seconds} s", scenario.name, if passed { "held" } else { "FAILED" });
        let line = Map::from_iter([
            ("name".to_owned(), scenario.name.into()),
            ("about".to_owned(), scenario.about.into()),
            ("passed".to_owned(), passed.into()),
            ("seconds".to_owned(), seconds.into()),
            ("figures".to_owned(), figures),
            ("why".to_owned(), why),
        ]);
        writeln!(out, "{}", Value::Object(line)).expect("the file can be written");
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
