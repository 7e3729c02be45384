//! Rendering beside Jinja2 on the same template, and the survey page.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::app::App;
use super::host::ADMIN;
use super::load;
use crate::{pack, process, project, python};

/// For how long is measured.
const TIME: Duration = Duration::from_secs(3);

/// A contact that no other measurement has.
const STRANGER: usize = 99_000_000;

/// Measures and prints.
///
/// # Errors
/// When something cannot be built or installed, or a request fails.
pub fn run(app: &App) -> Result<()> {
    let school = pack::folder("school");
    let files = project::root().join("xtask/bench");
    println!("\nrendering the same template");
    let python = python::with("python-bench", &files.join("requirements.txt"))?;
    let mut jinja = project::command(python);
    jinja.arg(files.join("render.py")).arg(&school);
    let jinja = number(&process::step("Jinja2", &mut jinja)?)?;
    let mut native = project::cargo("run");
    native.args(["--quiet", "--release", "--package", "relevo-rendering", "--example", "bench"]);
    let native = number(&process::step("natively", &mut native)?)?;
    let through = component(app)?;
    for (what, rate) in
        [("Jinja2 in Python", jinja), ("natively", native), ("through the component", through)]
    {
        println!("{what:<44} {rate:>9.0}/s  {:>6.2} of Jinja2", rate / jinja);
    }
    page(app)
}

/// The last line of a log as a number.
fn number(log: &std::path::Path) -> Result<f64> {
    let text = std::fs::read_to_string(log)?;
    text.lines().last().and_then(|line| line.trim().parse().ok()).context("no figure was printed")
}

/// The whole call: caller, pack, data against their declaration, JSON.
fn component(app: &App) -> Result<f64> {
    let templates = pack::bundle(&pack::folder("school"))?;
    let fields = templates.pointer("/templates/respuesta/data").and_then(Value::as_object);
    let fields = fields.context("the template has data")?.iter();
    let data: Value = fields
        .filter_map(|(name, field)| Some((name.clone(), field.get("example")?.clone())))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let body = json!({"locale": "es", "channel": "text", "data": data}).to_string();
    let token = format!("Bearer {ADMIN}");
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    let request = load::post("/api/school/templates/respuesta/render", &headers, body.as_bytes());
    let measured = load::run(app.port, 8, TIME, None, &|_, _| request.clone())?;
    Ok(measured.rate)
}

/// A survey's page as somebody gets it who opens the link.
fn page(app: &App) -> Result<()> {
    // Somebody who has written today may be asked in the chat.
    app.send(&app.message(STRANGER))?;
    let id = app.newest_ticket()?;
    app.ask(&format!("tickets/{id}/status"), &json!({"status": "solved"}))?;
    let link = app.survey_link(&id)?;
    let request = format!("GET {link} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").into_bytes();
    let alone = load::run(app.port, 1, TIME, None, &|_, _| request.clone())?;
    let full = load::run(app.port, 8, TIME, None, &|_, _| request.clone())?;
    println!(
        "the survey's page: {:.1} ms to the first byte and the last (95 of 100 within {:.1} ms); {:.0}/s at full load",
        alone.quantile_ms(0.5),
        alone.quantile_ms(0.95),
        full.rate
    );
    Ok(())
}
