//! What who works at the desk waits for, at a few and at many open tickets: pages of lists, searches, the same done to many.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::app::App;
use super::load::{self, Measured};
use super::{ROUNDS, median};

/// For how long each is measured.
const TIME: Duration = Duration::from_secs(2);

/// Connections that ask for lists: so many agents' screens at the same instant.
const SCREENS: usize = 4;

/// Tickets of a page.
const PAGE: usize = 50;

/// Tickets that the same is done to.
const BULK: usize = 1_000;

/// Tickets that it is done to one request after another, to compare.
const SINGLE: usize = 200;

/// A word that one ticket alone has.
pub const RARE: &str = "zaragozano";

/// How many times as long a page may take when there are two hundred times as many.
const GROWTH: f64 = 4.0;

/// What is asked for, and whether how long it takes may not follow from how many there are.
const QUESTIONS: [(&str, &str, bool); 5] = [
    ("the first page, most urgent first", "order=priority", true),
    ("the first page, newest first", "order=newest", true),
    ("the counts beside it", "", false),
    ("a search for a word of all", "q=entrar", true),
    ("a search by number", "number=42", true),
];

/// Figures at one number of open tickets.
pub struct Asked {
    open: usize,
    /// Of each question.
    answers: Vec<Measured>,
    /// Of a word that one ticket has, page after page to the end.
    search: Duration,
    bulk: Duration,
    single: Duration,
}

/// Measures at the number of tickets that are open now.
///
/// # Errors
/// When a request fails, or the same was not done to all.
pub fn ask(app: &App) -> Result<Asked> {
    let open = app.open_tickets();
    println!("  lists and searches of {open} …");
    app.say(RARE)?;
    app.follow()?;
    let mut search = (0..ROUNDS).map(|_| whole_search(app)).collect::<Result<Vec<_>>>()?;
    let mut answers = Vec::new();
    for (_, question, _) in QUESTIONS {
        let path = match question {
            "" => "/api/school/tickets/counts".to_owned(),
            question => format!("/api/school/tickets?limit={PAGE}&{question}"),
        };
        let request = app.get(&path);
        let rounds = (0..ROUNDS).map(|_| load::run(app.port, SCREENS, TIME, None, &|_, _| request.clone()));
        answers.push(median(rounds.collect::<Result<_>>()?)?);
    }
    let (mut bulk, mut single) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        println!("  the same to {BULK} tickets, round {} of {ROUNDS} …", round + 1);
        let tickets = app.some_tickets(BULK)?;
        bulk.push(at_once(app, &tickets, &format!("bulk-{open}-{round}"))?);
        single.push(one_by_one(app, &tickets, &format!("single-{open}-{round}"))?);
        app.follow()?;
    }
    search.sort_unstable();
    bulk.sort_unstable();
    single.sort_unstable();
    let middle = |times: Vec<Duration>| times.get(ROUNDS / 2).copied().unwrap_or_default();
    Ok(Asked { open, answers, search: middle(search), bulk: middle(bulk), single: middle(single) })
}

/// How long it takes until everything was looked through for a word that one ticket has. A call looks through so many.
fn whole_search(app: &App) -> Result<Duration> {
    let begun = Instant::now();
    let (mut found, mut cursor) = (0, String::new());
    loop {
        let page = app.list(PAGE, &format!("&q={RARE}{cursor}"))?;
        found += page.get("items").and_then(Value::as_array).map_or(0, Vec::len);
        match page.get("next").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    match found {
        1 => Ok(begun.elapsed()),
        found => bail!("the word of one ticket is found in {found}"),
    }
}

/// How long it takes until it is done to all.
fn at_once(app: &App, tickets: &[String], tag: &str) -> Result<Duration> {
    let begun = Instant::now();
    let order = json!({"tickets": tickets, "actions": [{"tags": {"add": [tag]}}]});
    let mut state = app.ask("tickets/bulk", &order)?;
    let id = state.get("id").and_then(Value::as_str).context("a bulk action has an id")?.to_owned();
    while state.get("finished") != Some(&Value::Bool(true)) {
        app.tick_sla()?;
        state = app.read(&format!("bulk/{id}"))?;
    }
    match state.get("done").and_then(Value::as_u64) {
        Some(done) if done == tickets.len() as u64 => Ok(begun.elapsed()),
        done => bail!("it was done to {done:?} of {} tickets", tickets.len()),
    }
}

/// How long so many would take with a request for each.
fn one_by_one(app: &App, tickets: &[String], tag: &str) -> Result<Duration> {
    let begun = Instant::now();
    for ticket in tickets.iter().take(SINGLE) {
        app.ask(&format!("tickets/{ticket}/tags"), &json!({"add": [tag]}))?;
    }
    let of_all = tickets.len().div_ceil(SINGLE);
    Ok(begun.elapsed() * u32::try_from(of_all)?)
}

/// Prints both and what is expected.
pub fn print(few: &Asked, many: &Asked) {
    let header = format!("lists of {PAGE}, of {} and of {} open", few.open, many.open);
    println!("\n{header:<44} {:>9} {:>9} {:>9} {:>9}", "p50 ms", "p50 ms", "p99 ms", "ratio");
    for (((what, _, bounded), few), many) in QUESTIONS.iter().zip(&few.answers).zip(&many.answers) {
        let ratio = many.quantile_ms(0.5) / few.quantile_ms(0.5);
        let verdict = match bounded {
            true if ratio <= GROWTH => format!("holds   <= {GROWTH}"),
            true => format!("MISSED  <= {GROWTH}"),
            false => String::new(),
        };
        println!(
            "  {what:<42} {:>9.2} {:>9.2} {:>9.2} {ratio:>9.2} {verdict}",
            few.quantile_ms(0.5),
            many.quantile_ms(0.5),
            many.quantile_ms(0.99)
        );
    }
    for Asked { open, search, .. } in [few, many] {
        println!("  a word of one ticket among {open}: all looked through in {:.2} s", search.as_secs_f64());
    }
    for Asked { open, bulk, single, .. } in [few, many] {
        let ratio = bulk.as_secs_f64() / single.as_secs_f64();
        let verdict = if ratio <= 1.0 { "holds" } else { "MISSED" };
        println!(
            "  {BULK} tickets tagged of {open} open: at once {:.2} s, a request each {:.2} s; {verdict} {ratio:.2} <= 1",
            bulk.as_secs_f64(),
            single.as_secs_f64()
        );
    }
}
