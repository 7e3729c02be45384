//! Live, ready, and what is wrong, with reasons.
//!
//! Who gets an answer at all is talking to a live application. It is *ready* when it can acknowledge what it is
//! given: the store answers and the master key opens what is in it. What else is wrong (a schedule that does not
//! fire, a projection that lags, messages that wait) makes it *degraded*: taking it out of service would turn a delay
//! into an outage.

use super::{Vitals, ticks};
use chrono::{DateTime, Duration, Utc};
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use serde::Serialize;

/// A tick that has not run for so long is not fired any more.
const TICK_OVERDUE: Duration = Duration::seconds(120);

/// Feed entries that a projection may be behind.
const MAX_LAG: u64 = 5_000;

/// How long a message may wait. Retries of a provider that is down take longer, which is worth a look.
const MAX_WAIT: Duration = Duration::minutes(15);

/// Where the application stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All is well.
    Ready,
    /// It takes requests, and something needs a look.
    Degraded,
    /// It cannot acknowledge anything.
    Unready,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// All is well.
    pub ok: bool,
    /// Nothing can be acknowledged without it.
    pub required: bool,
    /// What was found and, if something is wrong, what to do.
    pub detail: String,
}

/// What looking at everything found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Always true: it answered.
    pub live: bool,
    /// It can acknowledge what it is given.
    pub ready: bool,
    /// In one word.
    pub status: Status,
    /// The components' clock.
    pub at: DateTime<Utc>,
    /// What was looked at.
    pub checks: Vec<Check>,
}

impl Health {
    /// From what was looked at.
    pub fn new(at: DateTime<Utc>, checks: Vec<Check>) -> Self {
        let ready = checks.iter().all(|check| check.ok || !check.required);
        let status = match (ready, checks.iter().all(|check| check.ok)) {
            (false, _) => Status::Unready,
            (true, false) => Status::Degraded,
            (true, true) => Status::Ready,
        };
        Self { live: true, ready, status, at, checks }
    }
}

impl Check {
    /// One that the application cannot do without.
    pub fn required(name: &str, result: Result<String, String>) -> Self {
        Self { required: true, ..Self::other(name, result) }
    }

    fn other(name: &str, result: Result<String, String>) -> Self {
        let ok = result.is_ok();
        Self { name: name.to_owned(), ok, required: false, detail: result.unwrap_or_else(|why| why) }
    }
}

/// Looks at how the desks are set up.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn set_up<S: Store>(desks: &[DeskContext<S>], public_url: &str) -> Result<Vec<Check>, Problem> {
    let mut checks = vec![Check::other("public_url", origin(public_url))];
    if desks.is_empty() {
        let why = "there is no desk: publish a pack with PUT /api/{desk}/pack and the admin token";
        checks.push(Check::other("pack", Err(why.to_owned())));
    }
    for desk in desks {
        let name = &desk.desk;
        let pack = match desk.pack().await {
            Ok(pack) => pack,
            Err(problem) => {
                checks.push(Check::other(&format!("pack.{name}"), Err(problem.detail)));
                continue;
            }
        };
        let accounts = pack.pack.channels.iter().flat_map(|(channel, accounts)| {
            accounts.keys().map(move |account| format!("{channel}/{account}"))
        });
        let without: Vec<_> = accounts.filter(|name| !desk.config.state.secrets.contains_key(name)).collect();
        let result = match without.as_slice() {
            [] => Ok("every channel account has its secrets".to_owned()),
            some => Err(format!("no secrets are set for {}", some.join(", "))),
        };
        checks.push(Check::other(&format!("secrets.{name}"), result));
    }
    Ok(checks)
}

/// Is it an origin that customers can reach?
fn origin(url: &str) -> Result<String, String> {
    let uri: http::Uri = match url {
        "" => return Err("the variable public_url is not set: no survey can be sent".to_owned()),
        url => url.parse().map_err(|_| format!("the variable public_url is no URL: {url:?}"))?,
    };
    let local = matches!(uri.host(), Some("127.0.0.1" | "localhost"));
    match (uri.scheme_str(), uri.host(), uri.path(), uri.query()) {
        (Some("https"), Some(_), "" | "/", None) => Ok(format!("survey links begin with {url}")),
        (Some("http"), Some(_), "" | "/", None) if local => Ok(format!("{url} is for this machine alone")),
        (Some("http"), ..) => Err(format!("{url} is not https: links in messages must be")),
        _ => Err(format!("{url} must be scheme and host alone, such as https://desk.example.org")),
    }
}

/// Looks at what was gathered.
pub fn health<S: Store>(desks: &[DeskContext<S>], vitals: &Vitals, now: DateTime<Utc>) -> Vec<Check> {
    let mut checks = vec![Check::required("master_key", master_key(desks))];
    for tick in ticks() {
        let note = vitals.ticks.get(tick).and_then(Option::as_ref);
        let result = match note {
            None => {
                Err("it has never run: have the schedule post /internal/tick/… (see the README)".to_owned())
            }
            Some(note) if now - note.at > TICK_OVERDUE => {
                let age = (now - note.at).num_seconds();
                Err(format!(
                    "it last ran {age} s ago: is the schedule still posting it, with the tick token?"
                ))
            }
            Some(note) if !note.ok => Err("its last run failed for some desk; the log says why".to_owned()),
            Some(note) => Ok(format!("ran at {} in {} ms", note.at.to_rfc3339(), note.took_ms)),
        };
        checks.push(Check::other(&format!("tick.{tick}"), result));
    }
    for (desk, of) in &vitals.desks {
        for (projection, lag) in &of.lag {
            let result = match lag.entries {
                behind if behind > MAX_LAG => {
                    Err(format!("{behind} changes behind: lists are stale; is the tick `projections` fired?"))
                }
                behind => Ok(format!("{behind} changes behind")),
            };
            checks.push(Check::other(&format!("projection.{desk}.{projection}"), result));
        }
        let result = match of.outbox.oldest {
            Some(oldest) if now - oldest > MAX_WAIT => Err(format!(
                "{} messages wait, the oldest for {} s: see GET /api/{desk}/outbox?status=queued",
                of.outbox.queued,
                (now - oldest).num_seconds()
            )),
            _ => Ok(format!("{} messages wait", of.outbox.queued)),
        };
        checks.push(Check::other(&format!("outbox.{desk}"), result));
        let named: Vec<_> =
            of.silent.iter().map(|(name, since)| format!("{name} (since {})", since.to_rfc3339())).collect();
        let result = match named.as_slice() {
            [] => Ok("every channel account is heard as usual".to_owned()),
            some => Err(format!(
                "nothing comes in through {} although by habit it should: does the provider still call, and are its \
                 requests refused?",
                some.join(", ")
            )),
        };
        checks.push(Check::other(&format!("accounts.{desk}"), result));
    }
    checks
}

/// Tries the key on what was sealed with it.
fn master_key<S: Store>(desks: &[DeskContext<S>]) -> Result<String, String> {
    let mut opened = 0_usize;
    for desk in desks {
        for name in desk.config.state.secrets.keys() {
            let (channel, account) = name.split_once('/').unwrap_or((name, ""));
            if desk.secrets(channel, account).is_err() {
                let desk = &desk.desk;
                return Err(format!(
                    "the secrets of {desk}/{name} cannot be opened: the variable master_key is not the one that \
                     this store was filled with"
                ));
            }
            opened = opened.saturating_add(1);
        }
    }
    Ok(format!("opens the secrets of {opened} channel accounts"))
}
