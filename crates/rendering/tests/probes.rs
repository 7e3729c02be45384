//! The probes of `probes.txt`, one by one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use relevo_rendering::{Preview, Problem, TemplateSet};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TABLE: &str = include_str!("probes.txt");

fn data() -> Value {
    json!({
        "name": "Ana", "number": 1042, "km": 12345.678, "days": 3, "vip": false,
        "amount": { "minor": 123_450, "currency": "EUR" }, "vehicle": { "plate": "1234 BCD" },
        "items": ["uno", "dos"], "due": "2026-11-23T13:05:00Z", "first": "2026-12-01",
        "evil": "<b>\"'{{ x }}", "script": "javascript:alert(1)", "hidden": "a\u{200b}b\u{202e}c",
    })
}

/// What an author's preview shows, or the first refusal.
fn shown(reader: &str, source: &str) -> String {
    let (locale, channel) = reader.split_once('/').unwrap_or((reader, "text"));
    let (source, data) = (source.replace('␤', "\n"), data());
    let preview = Preview { source: &source, channel, data: &data, locale, time_zone: Some("Europe/Madrid") };
    let text = match TemplateSet::default().preview(&preview) {
        Ok(shown) => shown.text,
        Err(problems) => {
            let Problem { line, column, code, .. } = &problems[0];
            return format!("✗ {line}:{column} {code}");
        }
    };
    match text.replace(['\u{a0}', '\u{202f}'], "⍽").replace('\n', "␤") {
        nothing if nothing.is_empty() => "∅".to_owned(),
        text => text,
    }
}

#[test]
fn every_probe_gives_what_the_table_says() {
    let mut wrong = Vec::new();
    let mut sections: BTreeMap<&str, usize> = BTreeMap::new();
    let mut section = "";
    for line in TABLE.lines().skip(2).filter(|line| !line.is_empty()) {
        if let Some(title) = line.strip_prefix("## ") {
            section = title;
            continue;
        }
        let (probe, expected) = line.split_once(" → ").unwrap_or_else(|| panic!("no arrow: {line}"));
        let (reader, source) = probe.split_once(' ').unwrap_or_else(|| panic!("no reader: {line}"));
        let got = shown(reader, source.trim());
        *sections.entry(section).or_default() += 1;
        if got != expected.trim() {
            wrong.push(format!("{section}: {} gives {got}, not {}", probe.trim(), expected.trim()));
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert_eq!(sections.len(), 9, "every feature has its probes: {sections:?}");
    assert!(sections.values().all(|count| *count >= 3), "{sections:?}");
}
