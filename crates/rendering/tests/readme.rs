//! The examples of the README are true.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use relevo_rendering::{Channel, Locales, Request, TemplateSet};
use serde_json::{Map, Value, json};

const README: &str = include_str!("../README.md");

/// Blocks fenced as a language.
fn blocks(language: &str) -> Vec<&'static str> {
    README
        .split(&format!("```{language}\n"))
        .skip(1)
        .map(|rest| rest.split("\n```").next().unwrap())
        .collect()
}

fn pack() -> Value {
    serde_json::from_str(blocks("json")[0]).unwrap()
}

fn locales(pack: &Value) -> Locales {
    serde_json::from_value(pack["locale"].clone()).unwrap()
}

fn examples(pack: &Value) -> Value {
    let data = pack["templates"]["case-received"]["data"].as_object().unwrap();
    let mut out: Map<String, Value> =
        data.iter().filter_map(|(name, field)| Some((name.clone(), field.get("example")?.clone()))).collect();
    out.insert("vehicle".into(), json!({ "plate": "1234 BCD" }));
    out.insert("items".into(), json!([{ "title": "Casco" }]));
    out.into()
}

#[test]
fn the_template_is_sound_and_renders_on_every_channel() {
    let pack = pack();
    let set = TemplateSet::load(&pack["templates"], &pack["partials"], locales(&pack)).unwrap();
    let data = examples(&pack);
    for channel in Channel::slugs() {
        let request = Request {
            name: "case-received",
            locale: "es-MX",
            channel,
            data: &data,
            time_zone: Some("Europe/Madrid"),
        };
        set.render(&request).unwrap_or_else(|error| panic!("{channel}: {error}"));
    }
}

/// A source as the part `text` of a template with the page's data, all of which count as used.
fn set_with(source: &str, locale: &str) -> Result<TemplateSet, Vec<relevo_rendering::Problem>> {
    let pack = pack();
    let uses = "{% if number and name is defined and due and day and amount and days and km and vip and vehicle and items %}{% endif %}";
    let mut template = json!({ "data": pack["templates"]["case-received"]["data"], "locales": {} });
    template["locales"][locale] = json!({ "text": source, "sms": uses });
    // The examples of the page speak of a name that is there.
    template["data"]["name"]["optional"] = json!(false);
    let locales = Locales { default: locale.to_owned(), ..locales(&pack) };
    TemplateSet::load(&json!({ "t": template }), &pack["partials"], locales)
}

#[test]
fn every_example_is_true() {
    let (mut right, mut refused) = (0, 0);
    for line in blocks("text").into_iter().flat_map(str::lines) {
        if let Some((source, expected)) = line.split_once(" → ") {
            let (locale, source) = match source.split_once(": ") {
                Some((locale, source))
                    if locale.len() <= 5 && !locale.contains(['{', ' ']) && locale != "Hola" =>
                {
                    (locale, source)
                }
                _ => ("es", source),
            };
            let set = set_with(source.trim_end(), locale).unwrap_or_else(|p| panic!("{line}: {p:?}"));
            let request = Request {
                name: "t",
                locale,
                channel: "text",
                data: &examples(&pack()),
                time_zone: Some("Europe/Madrid"),
            };
            let text = set.render(&request).unwrap().text;
            assert_eq!(text.replace(['\u{a0}', '\u{202f}'], " "), expected.trim(), "{line}");
            right += 1;
        }
        if let Some((source, expected)) = line.split_once(" ✗ ") {
            let problems =
                set_with(source.trim_end(), "es").err().unwrap_or_else(|| panic!("{line}: no problem"));
            let first = &problems[0];
            assert_eq!(format!("{}:{} {}", first.line, first.column, first.code), expected.trim(), "{line}");
            refused += 1;
        }
    }
    assert!(right >= 20 && refused >= 10, "{right} {refused}");
}

#[test]
fn every_helper_is_named() {
    use relevo_rendering::helpers::{FILTERS, FUNCTIONS, TESTS};
    for name in FILTERS.into_iter().chain(TESTS).chain(FUNCTIONS) {
        assert!(README.contains(name), "{name}");
    }
}
