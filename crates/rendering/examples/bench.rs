//! Renders a template of a demo pack and prints how often in a second: `cargo run --release --example bench`.
#![allow(missing_docs, clippy::unwrap_used)]

use relevo_rendering::{Locales, Request, TemplateSet};
use serde_json::{Map, Value};
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

const TIME: Duration = Duration::from_secs(2);

fn main() {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/school");
    let read = |path: &str| std::fs::read_to_string(pack.join(path)).unwrap();
    let json = |path: &str| -> Value { serde_json::from_str(&read(path)).unwrap() };
    let mut template = json("templates/respuesta/template.json");
    template["locales"]["es"]["text"] = read("templates/respuesta/es.text.j2").into();
    let data: Map<String, Value> = template["data"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, field)| (name.clone(), field["example"].clone()))
        .collect();
    let data = Value::Object(data);
    let templates = serde_json::json!({ "t": template });
    let locales = Locales { default: "es".into(), ..Locales::default() };
    let set = TemplateSet::load(&templates, &json("partials.json"), locales).unwrap();
    let request = Request { name: "t", locale: "es", channel: "text", data: &data, time_zone: None };
    let text = set.render(&request).unwrap().text;
    assert!(text.contains(data["answer"].as_str().unwrap()), "{text}");
    let (begun, mut count) = (Instant::now(), 0_u32);
    while begun.elapsed() < TIME {
        for _ in 0..1_000 {
            black_box(set.render(black_box(&request)).unwrap());
        }
        count += 1_000;
    }
    println!("{:.0}", f64::from(count) / begun.elapsed().as_secs_f64());
}
