//! `GET /internal/metrics` and `GET /internal/health`: how the application is, for those who run it.

use chrono::{DateTime, Utc};
use http::StatusCode;
use relevo_edge::app::DeskContext;
use relevo_edge::http::{Incoming, Response, json, respond};
use relevo_edge::problem::Problem;
use relevo_edge::{auth, clock, variables};
use relevo_journal::store::Store as _;
use relevo_journal::store::spin::SpinStore;
use relevo_journal::{Journal, VitalName};
use relevo_projections::vitals::{self, Check, Health, Vitals};

/// How much a store that is ready has room for at least: a message with all that becomes visible with it.
const ROOM_BYTES: usize = 64 * 1024;

const SILENT: &str = "the store does not answer: is it running and reachable? The log has its words";

const STUCK: &str = "the store can be read and takes no write: it is full or read-only. Free space; nothing that was \
                     acknowledged is lost, and providers repeat the rest";

/// The figures in OpenMetrics text.
pub async fn metrics(request: &Incoming) -> Result<Response, Problem> {
    auth::schedule(request).await?;
    let now = clock::now();
    let journal = Journal::new(SpinStore::open("default").await?);
    let probes = probe(&journal).await?;
    let (_, gathered) = gather(&journal, now).await?;
    let text = vitals::exposition(&gathered, &probes, clock::now());
    Ok(respond(StatusCode::OK, vitals::CONTENT_TYPE, text))
}

/// What was looked at; 503 if nothing can be acknowledged.
pub async fn health(request: &Incoming) -> Result<Response, Problem> {
    auth::schedule(request).await?;
    let now = clock::now();
    let mut checks = Vec::new();
    match store().await {
        Ok((journal, took)) => {
            checks.push(Check::required("store", Ok(format!("a write and a read took {took:.1} ms"))));
            match gather(&journal, now).await {
                Ok((desks, gathered)) => {
                    checks.extend(vitals::health(&desks, &gathered, clock::now()));
                    let public_url = variables::get("public_url").await;
                    checks.extend(vitals::set_up(&desks, &public_url).await?);
                }
                Err(problem) => checks.push(Check::required("desks", Err(problem.detail))),
            }
        }
        Err(why) => checks.push(Check::required("store", Err(why.to_owned()))),
    }
    let health = Health::new(clock::now(), checks);
    let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok(json(status, &health))
}

/// The store and how long a read and a write take, in milliseconds; or why nothing can be acknowledged.
async fn store() -> Result<(Journal<SpinStore>, f64), &'static str> {
    let journal = Journal::new(SpinStore::open("default").await.map_err(|_| SILENT)?);
    let name = probe_name().map_err(|_| SILENT)?;
    journal.note::<DateTime<Utc>>(&name).await.map_err(|_| SILENT)?;
    let took = probe(&journal).await.map_err(|_| STUCK)?.iter().map(|(_, seconds)| seconds * 1_000.0).sum();
    room(&journal).await.map_err(|_| STUCK)?;
    Ok((journal, took))
}

/// Writes something for which there must be room, and gives that back: a full store still takes what replaces
/// something of its size.
async fn room(journal: &Journal<SpinStore>) -> Result<(), Problem> {
    let name = VitalName::new(&["room"]).map_err(|_| Problem::unavailable("the probe could not be named"))?;
    journal.put_note(&name, &"-".repeat(ROOM_BYTES)).await?;
    Ok(journal.put_note(&name, &"").await?)
}

async fn gather(
    journal: &Journal<SpinStore>,
    now: DateTime<Utc>,
) -> Result<(Vec<DeskContext>, Vitals), Problem> {
    let mut desks = Vec::new();
    for desk in journal.all_desks(now).await? {
        desks.push(DeskContext::open(desk.as_str()).await?);
    }
    let gathered = vitals::gather(&desks, journal).await?;
    Ok((desks, gathered))
}

fn probe_name() -> Result<VitalName, Problem> {
    VitalName::new(&["probe"]).map_err(|_| Problem::unavailable("the probe could not be named"))
}

/// How long the store takes for each of its three calls, in seconds.
async fn probe(journal: &Journal<SpinStore>) -> Result<Vec<(&'static str, f64)>, Problem> {
    let name = probe_name()?;
    let mut probes = Vec::new();
    let mut last = clock::precise();
    let mut took = |call| {
        let now = clock::precise();
        probes.push((call, now.duration_since(last).as_secs_f64()));
        last = now;
    };
    journal.note::<DateTime<Utc>>(&name).await?;
    took("get");
    journal.put_note(&name, &clock::now()).await?;
    took("set-many");
    journal.store().increment(&format!("{}n:w:probe", relevo_journal::keys::PREFIX), 1).await?;
    took("increment");
    Ok(probes)
}
