//! Every template of the demo packs, in every language it has, on every kind of channel, as a customer would read it
//! with the examples that its author gave: held against files that people have read. `RELEVO_BLESS=1` writes them anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use relevo_domain::tone::Tone;
use relevo_rendering::{Locales, RenderError, Rendered, Request, Template, TemplateSet};
use serde_json::{Map, Value};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

const DESKS: [&str; 5] = ["cards", "collections", "mobility", "school", "travel"];

/// One slug for each kind of channel.
const CHANNELS: [&str; 5] = ["email", "in-app", "sms", "text", "whatsapp"];

fn folder(desk: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(desk)
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The templates of a pack with their parts from the files beside them.
fn templates(desk: &str) -> Value {
    let mut all = Map::new();
    for template in sorted(&folder(desk).join("templates")) {
        let mut value = json(&template.join("template.json"));
        for path in sorted(&template).iter().filter(|path| path.extension().is_some_and(|e| e == "j2")) {
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let (locale, part) = stem.split_once('.').unwrap();
            let text = fs::read_to_string(path).unwrap();
            value["locales"][locale][part] = text.strip_suffix('\n').unwrap_or(&text).into();
        }
        all.insert(template.file_name().unwrap().to_str().unwrap().to_owned(), value);
    }
    all.into()
}

fn set(desk: &str) -> TemplateSet {
    let partials = folder(desk).join("partials.json");
    let partials = if partials.exists() { json(&partials) } else { Value::Null };
    let locales: Locales =
        serde_json::from_value(json(&folder(desk).join("pack.json"))["locale"].clone()).unwrap();
    TemplateSet::load(&templates(desk), &partials, locales)
        .unwrap_or_else(|problems| panic!("{desk}: {problems:#?}"))
}

fn examples(template: &Template) -> Value {
    let fields = template.data.iter();
    fields
        .filter_map(|(name, field)| Some((name.clone(), field.example.clone()?)))
        .collect::<Map<_, _>>()
        .into()
}

fn shown(message: &Rendered) -> String {
    let mut out = String::new();
    for (name, text) in [("subject", &message.subject), ("html", &message.html)] {
        if let Some(text) = text {
            let _ = writeln!(out, "{name}: {text}");
        }
    }
    if let Some(whatsapp) = &message.whatsapp {
        let _ = writeln!(out, "whatsapp: {}", serde_json::to_string(whatsapp).unwrap());
    }
    if let Some(segments) = &message.segments {
        let _ = writeln!(
            out,
            "segments: {} of {:?}, {} units",
            segments.count, segments.encoding, segments.units
        );
    }
    if let Some(action) = &message.action {
        let _ = writeln!(out, "action: {} → {}", action.label, action.url);
    }
    // Spaces that cannot be seen would hide a difference.
    out.replace(['\u{a0}', '\u{202f}'], "⍽")
}

fn everything(desk: &str) -> String {
    let set = set(desk);
    let mut out = String::new();
    for (name, template) in &set.documents().templates {
        let data = examples(template);
        for locale in template.locales.keys() {
            let mut texts: Vec<(&str, String)> = Vec::new();
            for channel in CHANNELS {
                let time_zone = Some("Europe/Madrid");
                let rendered = set.render(&Request { name, locale, channel, data: &data, time_zone });
                let _ = writeln!(out, "════ {name} · {locale} · {channel}");
                match rendered {
                    Ok(message) => {
                        let text = message.text.replace(['\u{a0}', '\u{202f}'], "⍽");
                        let known =
                            texts.iter().find(|(_, known)| *known == text).map(|(channel, _)| *channel);
                        let text_or_where =
                            known.map_or(text.clone(), |channel| format!("(text as on {channel})"));
                        let _ = writeln!(out, "{}{text_or_where}\n", shown(&message));
                        texts.push((channel, text));
                    }
                    // Not every template is for every channel; the channel's need is named.
                    Err(RenderError::MissingPart { part, .. }) => drop(writeln!(out, "(no {part})\n")),
                    Err(error) => panic!("{desk}/{name}/{locale}/{channel}: {error}"),
                }
            }
        }
    }
    out
}

#[test]
fn what_customers_read_is_what_was_reviewed() {
    for desk in DESKS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/packs/{desk}.txt"));
        let now = everything(desk);
        if std::env::var_os("RELEVO_BLESS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &now).unwrap();
        }
        let reviewed = fs::read_to_string(&path).unwrap_or_default();
        let difference = now.lines().zip(reviewed.lines()).position(|(one, other)| one != other);
        let line = difference.unwrap_or(now.lines().count().min(reviewed.lines().count()));
        assert!(
            now == reviewed,
            "{desk}: line {} is now {:?}, reviewed was {:?}; read the change and run with RELEVO_BLESS=1",
            line + 1,
            now.lines().nth(line),
            reviewed.lines().nth(line)
        );
    }
}

/// Where the templates depart from the tone that their own desk wants, as an agent would be told.
fn slips(desk: &str) -> Vec<String> {
    let tone: Tone = serde_json::from_value(json(&folder(desk).join("tone.json"))).unwrap();
    let set = set(desk);
    let mut slips = Vec::new();
    for (name, template) in &set.documents().templates {
        let data = examples(template);
        for locale in template.locales.keys() {
            let locales = set.documents().locales.chain(locale);
            for channel in CHANNELS {
                let request = Request { name, locale, channel, data: &data, time_zone: None };
                // A part that only some channels take is no message of its own.
                let Ok(message) = set.render(&request) else { continue };
                let is_letter = message.text.contains("\n\n") && message.subject.is_some();
                let warnings = tone.check(&message.text, &locales);
                let wrong =
                    warnings.iter().filter(|w| is_letter || !matches!(&*w.code, "greeting" | "closing"));
                slips.extend(wrong.map(|w| format!("{desk}/{name}/{locale}/{channel}: {}", w.message)));
            }
        }
    }
    slips.sort();
    slips.dedup();
    slips
}

#[test]
fn the_demo_desks_write_in_the_tone_that_they_ask_for() {
    for desk in DESKS {
        // A notice to every school at once greets nobody.
        let slips: Vec<_> =
            slips(desk).into_iter().filter(|slip| !slip.contains("/aviso-general/")).collect();
        assert_eq!(slips, [""; 0]);
    }
}

#[test]
fn one_desk_says_tu_in_its_app_and_usted_in_its_letters() {
    let set = set("mobility");
    let (name, template) = set.documents().template("acuse").unwrap();
    let data = examples(template);
    let text = |locale| {
        let request = Request { name, locale, channel: "in-app", data: &data, time_zone: None };
        set.render(&request).unwrap().text
    };
    assert!(text("es").contains("Hemos recibido su mensaje"), "{}", text("es"));
    assert!(text("es-x-informal").contains("Hemos recibido tu mensaje"), "{}", text("es-x-informal"));
    // What is not written for the other way of address is written in the one there is, whole.
    let (name, template) = set.documents().template("reclamacion-resuelta").unwrap();
    let data = examples(template);
    let request = Request { name, locale: "es-x-informal", channel: "in-app", data: &data, time_zone: None };
    assert_eq!(set.render(&request).unwrap().locale, "es");
}
