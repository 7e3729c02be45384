//! The report, as Markdown.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::Result;
use serde_json::Value;

use super::Section;
use crate::fuzz::Fuzzed;
use crate::{clock, process, project};

/// The whole of it: where and of what it was made, then the sections.
pub fn write(sections: &[Section]) -> Result<String> {
    let mut text = "# Under fire\n\nWritten by `cargo xtask fire`; what each scenario does is in `tests/faults/src/scenarios`.\n\n".to_owned();
    let verdict = if sections.iter().all(|section| section.held) {
        "everything held"
    } else {
        "**something did not hold**"
    };
    let rows = [
        ("verdict", verdict.to_owned()),
        ("when", clock::rfc3339(clock::now_ms())),
        ("commit", commit()),
        ("machine", machine()),
        ("versions", versions()),
    ];
    writeln!(text, "| | |\n|---|---|")?;
    for (what, value) in rows {
        writeln!(text, "| {what} | {value} |")?;
    }
    for section in sections {
        write!(text, "\n{}", section.text)?;
    }
    Ok(text)
}

/// A table of the scenarios, and the figures of each.
pub fn faults(lines: &[Value]) -> String {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut text = "## Faults\n\nMixed traffic all the while: messages delivered until they are acknowledged and some again, replies and notes with an\nIdempotency-Key, lists, schedules. Afterwards everything that was acknowledged is there exactly once, what is served equals the\njournal, every reply has reached the provider.\n\n| scenario | what was done | held | took |\n|---|---|---|---|\n".to_owned();
    for line in lines {
        let held = if line["passed"] == true { "yes" } else { "**no**" };
        text += &format!(
            "| {} | {} | {held} | {} s |\n",
            word(&line["name"]),
            word(&line["about"]),
            line["seconds"]
        );
    }
    for line in lines {
        text += &format!("\n### {}\n\n", word(&line["name"]));
        if let Some(why) = line["why"].as_str() {
            text += &format!("Did not hold: {why}\n");
            continue;
        }
        text += "| | |\n|---|---|\n";
        for figure in line["figures"].as_array().into_iter().flatten() {
            text += &format!("| {} | {} |\n", word(&figure[0]), word(&figure[1]));
        }
    }
    text
}

/// What was asked of the running application.
pub fn requests(tried: &str) -> String {
    format!(
        "## Requests\n\n`schemathesis`, all checks, against the OpenAPI document, which is valid: no answer that it does not\n\
         describe, no nonsense that is accepted, no fault of the server.\n\n{tried}\n"
    )
}

/// A table of the targets, and what was found.
pub fn parsers(all: &[Fuzzed]) -> String {
    let mut text = "## Parsers\n\nEach under libFuzzer, guided by coverage, from its corpus.\n\n\
                    | target | ran | inputs | edges reached | found |\n|---|---|---|---|---|\n"
        .to_owned();
    for Fuzzed { target, took, runs, edges, found } in all {
        let found = if found.is_some() { "**something**" } else { "nothing" };
        text += &format!("| {target} | {} s | {runs} | {edges} | {found} |\n", took.as_secs());
    }
    for found in all.iter().filter_map(|fuzzed| fuzzed.found.as_deref()) {
        text += &format!("\n```\n{found}```\n");
    }
    text
}

fn commit() -> String {
    let git = |args: &[&str]| process::output(project::command("git").args(args)).unwrap_or_default();
    let changed = if git(&["status", "--porcelain", "--untracked-files=no"]).is_empty() {
        ""
    } else {
        ", with changes"
    };
    format!("{}{changed}", git(&["rev-parse", "--short=12", "HEAD"]))
}

fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let memory = read("/proc/meminfo");
    let kb = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    let load = read("/proc/loadavg");
    format!(
        "{} × {}, {} GB, {}; load average when this was written {}",
        cores,
        model.map_or("unknown processor", |(_, name)| name),
        kb.unwrap_or_default() / 1_048_576,
        process::output(Command::new("uname").arg("-sr")).unwrap_or_default(),
        load.split(' ').next().unwrap_or_default()
    )
}

fn versions() -> String {
    let of =
        |program: &str, args: &[&str]| process::output(Command::new(program).args(args)).unwrap_or_default();
    let lock = std::fs::read_to_string(project::root().join("Cargo.lock")).unwrap_or_default();
    let wasmtime =
        lock.split("name = \"wasmtime\"\nversion = \"").nth(1).and_then(|rest| rest.split('"').next());
    let redis = of("redis-server", &["--version"]);
    let redis = redis.split_whitespace().find(|word| word.starts_with("v=")).unwrap_or("none");
    format!("{}; wasmtime {}; Redis {redis}", of("rustc", &["--version"]), wasmtime.unwrap_or("unknown"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_scenario_that_did_not_hold_is_told_with_its_reason() {
        let lines = [
            json!({"name": "a", "about": "b", "passed": true, "seconds": 3, "figures": [["kills", "7"]], "why": null}),
            json!({"name": "c", "about": "d", "passed": false, "seconds": 4, "figures": [], "why": "lost: x"}),
        ];
        let text = faults(&lines);
        for part in
            ["| a | b | yes | 3 s |", "| c | d | **no** | 4 s |", "| kills | 7 |", "Did not hold: lost: x"]
        {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let sections = [Section { held: true, text }, Section { held: false, text: String::new() }];
        assert!(write(&sections).expect("text").contains("**something did not hold**"));
    }
}
