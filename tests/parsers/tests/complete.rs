//! No function that reads what others wrote is without a target: the sources are searched for them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use relevo_parsers::targets;

/// Where there is something to read. What is left out reads only what the operator or this project wrote.
const PLACES: [&str; 11] = [
    "components",
    "crates/calendar",
    "crates/channels",
    "crates/domain",
    "crates/edge",
    "crates/import",
    "crates/journal",
    "crates/outward",
    "crates/privacy",
    "crates/projections",
    "crates/rendering",
];

/// What a function that reads is called. `verify` and `parse` of channels are called through the registry.
const VERBS: [&str; 4] = ["parse", "read", "decode", "from_str"];

/// Functions that read, by file, and the target that gets to them.
const READERS: &[(&str, &str, &str)] = &[
    ("components/reports/src/period.rs", "parse", NOT_LINKED),
    ("components/desk/src/tickets.rs", "parse", "ids"),
    ("crates/calendar/src/deadline/rules.rs", "parse", "deadlines"),
    ("crates/calendar/src/document.rs", "parse", "calendar"),
    ("crates/calendar/src/hours.rs", "parse", "calendar"),
    ("crates/calendar/src/ical.rs", "parse_holidays", "ical"),
    ("crates/calendar/src/ical/lines.rs", "parse", "ical"),
    ("crates/calendar/src/ical/repeat.rs", "parse", "ical"),
    ("crates/calendar/src/days.rs", "read", "ical"),
    ("crates/calendar/src/problem.rs", "read", "calendar"),
    ("crates/calendar/src/zone.rs", "parse", "calendar"),
    ("crates/channels/src/podio/item.rs", "read_item", "podio-item"),
    ("crates/channels/src/podio/item.rs", "read_news", "podio-item"),
    ("crates/domain/src/category.rs", "parse", "words"),
    ("crates/domain/src/directory/members.rs", "read_money", "field-value"),
    ("crates/domain/src/field/value.rs", "read", "field-value"),
    ("crates/domain/src/kpi/group.rs", "parse", "words"),
    ("crates/domain/src/kpi/report.rs", "parse", "words"),
    ("crates/domain/src/money.rs", "read", "field-value"),
    ("crates/domain/src/objects.rs", "read", "body"),
    ("crates/domain/src/pack/validate.rs", "parse", "pack"),
    ("crates/domain/src/playbook/check.rs", "parse", "pack"),
    ("crates/domain/src/sla/escalation.rs", "parse", "words"),
    ("crates/domain/src/sla/threshold.rs", "parse", "words"),
    ("crates/domain/src/worklist/order.rs", "parse", "words"),
    ("crates/edge/src/cursor.rs", "parse_after", "cursor"),
    ("crates/edge/src/cursor.rs", "parse_below", "cursor"),
    ("crates/edge/src/cursor.rs", "parse_in_order", "cursor"),
    ("crates/edge/src/ids.rs", "parse", "ids"),
    ("crates/edge/src/ids.rs", "parse_ticket", "ids"),
    ("crates/edge/src/survey_link.rs", "parse", "token"),
    ("crates/edge/src/trace.rs", "parse", "words"),
    ("crates/import/src/archive.rs", "read", "archive"),
    ("crates/import/src/archive.rs", "read_zip", "archive"),
    ("crates/import/src/confluence/export.rs", "read", "confluence-export"),
    ("crates/import/src/confluence/export.rs", "read_files", "confluence-export"),
    ("crates/import/src/confluence/rest.rs", "read", "confluence-page"),
    ("crates/import/src/confluence/tree.rs", "parse_html", "confluence-export"),
    ("crates/import/src/confluence/tree.rs", "parse_storage", "confluence-page"),
    ("crates/import/src/markdown.rs", "read", "archive"),
    ("crates/journal/src/names.rs", "from_str", "ids"),
    ("crates/journal/src/store.rs", "decode_counter", "event"),
    ("crates/journal/src/value.rs", "decode", "event"),
    ("crates/outward/src/lib.rs", "parse", "address"),
    ("crates/rendering/src/channel.rs", "parse", "template"),
    ("crates/rendering/src/document/parse.rs", "parse", "templates"),
    ("crates/rendering/src/engine.rs", "decode", "template"),
    ("crates/rendering/src/locale.rs", "parse", "template"),
    ("crates/rendering/src/markup/entities.rs", "decode", "template"),
    ("crates/rendering/src/values.rs", "parse_date", "template"),
    ("crates/rendering/src/values.rs", "parse_instant", "template"),
    ("crates/rendering/src/values.rs", "parse_money", "template"),
    ("crates/rendering/src/values.rs", "parse_zone", "template"),
];

/// It is in a component and cannot be called from here; `cargo xtask api` gives its parameters every form.
const NOT_LINKED: &str = "";

#[test]
fn every_function_that_reads_has_a_target() {
    let targets: BTreeSet<String> = targets().into_iter().map(|target| target.name).collect();
    let mut expected = BTreeMap::new();
    for (file, function, target) in READERS {
        assert!(*target == NOT_LINKED || targets.contains(*target), "{file}: no target {target}");
        assert!(
            expected.insert((file.to_string(), function.to_string()), ()).is_none(),
            "{file} {function} twice"
        );
    }
    let found = readers();
    let missing: Vec<_> = found.iter().filter(|reader| !expected.contains_key(*reader)).collect();
    assert!(missing.is_empty(), "these read and have no target (tests/parsers/src/others.rs): {missing:?}");
    let gone: Vec<_> = expected.keys().filter(|reader| !found.contains(*reader)).collect();
    assert!(gone.is_empty(), "these are not there any more: {gone:?}");
}

/// Public functions, by file, whose name says that they read.
fn readers() -> BTreeSet<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let mut files = Vec::new();
    PLACES.iter().for_each(|place| sources(&root.join(place), &mut files));
    let mut found = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        for line in text.lines() {
            let Some(function) = reads(line.trim_start()) else { continue };
            // A channel's, which the registry names.
            if name.starts_with("crates/channels/src/") && function == "parse" {
                continue;
            }
            found.insert((name.clone(), function.to_owned()));
        }
    }
    found
}

fn reads(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub ").or_else(|| line.starts_with("fn from_str").then_some(line))?;
    let rest = rest.strip_prefix("const ").unwrap_or(rest).strip_prefix("fn ")?;
    let end = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric())?;
    let name = &rest[..end];
    let is =
        |verb: &&str| name.strip_prefix(*verb).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
    // What reads back from a provider makes a request.
    (VERBS.iter().any(is) && name != "read_back").then_some(name)
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if name != "tests" {
                sources(&path, files);
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            files.push(path);
        }
    }
}

#[test]
fn the_search_finds_what_it_is_for() {
    assert_eq!(reads("pub fn parse_rules(text: &str) -> u8 {"), Some("parse_rules"));
    assert_eq!(reads("pub const fn decode(bytes: &[u8]) -> u8 {"), Some("decode"));
    assert_eq!(reads("fn from_str(text: &str) -> Result<Self, Self::Err> {"), Some("from_str"));
    for other in ["pub fn reader() {", "pub fn ready() {", "fn parse() {", "pub async fn read(context) {"] {
        assert_eq!(reads(other), None, "{other}");
    }
}
