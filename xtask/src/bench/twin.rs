//! Is the yardstick a twin of an intake? Both are sent one request, and the key-value calls that the host noted are
//! compared: a yardstick that does less or more than an intake would make any ratio look good.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::app::App;

/// What a message on an open ticket asks of the store: bytes of the values that it writes, and gets of data keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The event.
    pub slot: usize,
    /// The conversation's state.
    pub snapshot: usize,
    /// The feed's entry.
    pub feed: usize,
    /// Data keys that the instance does not remember.
    pub keys: usize,
}

/// Both cases.
#[derive(Clone, Copy, Debug)]
pub struct Twins {
    /// A message whose ticket's keys the instance remembers, as those of few tickets.
    pub remembered: Asked,
    /// One whose keys it does not, as with many.
    pub forgotten: Asked,
}

/// Keys of counters for operators, and of limits, which are told of many messages at once.
const COUNTING: [&str; 5] = ["\tr1:n:y:", "\tr1:y:", "\tr1:w:", "\tr1:n:l:", "\tr1:l:"];

/// Keys under which data keys lie.
const KEYS: [&str; 2] = ["r1:k:", "y1:k:"];

/// Messages on the ticket before the one that is looked at: as many as a ticket gets in the measurements.
const EARLIER: usize = 3;

/// Tickets whose messages make an instance forget the keys of another: more than it remembers keys.
const OTHERS: usize = 2_100;

/// One call: its name and, for writes, the sizes of the values.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    name: String,
    written: Vec<usize>,
    /// It asks for a data key.
    of_key: bool,
}

/// Compares the calls; what a message asks.
///
/// # Errors
/// When they differ.
pub fn check(host: &Path, folder: &Path) -> Result<Twins> {
    let noted = folder.join("calls");
    let app = App::start_noting(host, folder, &noted)?;
    for _ in 0..EARLIER {
        app.send(&app.message(0))?;
    }
    let remembered = compare(&app, &noted)?;
    // What is opened brings its keys along; those of what is open already are asked for and remembered.
    app.open_others(OTHERS)?;
    app.open_others(OTHERS)?;
    let forgotten = compare(&app, &noted)?;
    if remembered.keys > 0 || forgotten.keys == 0 {
        bail!("an instance does not remember keys as it should: {remembered:?}, {forgotten:?}");
    }
    Ok(Twins { remembered, forgotten })
}

fn compare(app: &App, noted: &Path) -> Result<Asked> {
    let message = calls_of(noted, || app.send(&app.message(0)))?;
    let written = message.iter().find(|call| call.name == "set-many").map(|call| call.written.as_slice());
    let Some([slot, snapshot, feed]) = written else { bail!("a message writes something else: {message:?}") };
    let keys = message.iter().filter(|call| call.of_key).count();
    let asked = Asked { slot: *slot, snapshot: *snapshot, feed: *feed, keys };
    let yardstick = calls_of(noted, || app.send(&app.yardstick_call(0, asked)))?;
    if message != yardstick {
        bail!("the yardstick is no twin of an intake:\n{yardstick:?}\ninstead of\n{message:?}");
    }
    Ok(asked)
}

/// The calls that something makes, sorted: gets are made at once, in no order.
fn calls_of(noted: &Path, something: impl FnOnce() -> Result<()>) -> Result<Vec<Call>> {
    let read = || std::fs::read_to_string(noted).with_context(|| format!("reading {}", noted.display()));
    let before = read()?.len();
    something()?;
    let noted = read()?;
    let lines = noted.get(before..).unwrap_or_default().lines();
    // What is counted for operators is written apart, every half second, however many requests came.
    let of_requests = lines.filter(|line| !COUNTING.iter().any(|keys| line.contains(keys)));
    let mut calls: Vec<Call> = of_requests.map(call).collect();
    calls.sort();
    Ok(calls)
}

/// A line: component, call, then keys and sizes.
fn call(line: &str) -> Call {
    let mut parts = line.split('\t').skip(1);
    let name = parts.next().unwrap_or_default().to_owned();
    let of_key =
        name == "get" && parts.clone().next().is_some_and(|key| KEYS.iter().any(|k| key.starts_with(k)));
    let written = match name.as_str() {
        "set-many" => parts.skip(1).step_by(2).filter_map(|size| size.parse().ok()).collect(),
        _ => Vec::new(),
    };
    Call { name, written, of_key }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_apart_by_name_and_what_they_write() {
        let set = call("inbound\tset-many\tr1:s:a:1\t612\tr1:p:a\t80");
        assert_eq!(set, Call { name: "set-many".into(), written: vec![612, 80], of_key: false });
        assert_eq!(call("inbound\tget\tr1:n:s:a\t8"), call("yardstick\tget\ty1:n:c0\t-"));
        assert_eq!(call("inbound\tget\tr1:k:school:a\t89"), call("yardstick\tget\ty1:k:c0:1\t89"));
        assert_ne!(call("inbound\tget\tr1:k:school:a\t89"), call("yardstick\tget\ty1:n:c0\t-"));
        assert_ne!(call("yardstick\tincrement\ta\t-"), call("yardstick\tget\ta\t-"));
    }
}
