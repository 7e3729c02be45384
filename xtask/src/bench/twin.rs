//! Is the yardstick a twin of an intake? Both are sent one request, and the key-value calls that the host noted are
//! compared: a yardstick that does less or more than an intake would make any ratio look good.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::app::App;

/// Bytes of the values that a message on an open ticket writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The event.
    pub slot: usize,
    /// The conversation's state.
    pub snapshot: usize,
    /// The feed's entry.
    pub feed: usize,
}

/// Keys of counters for operators, and of limits, which are told of many messages at once.
const COUNTING: [&str; 5] = ["\tr1:n:y:", "\tr1:y:", "\tr1:w:", "\tr1:n:l:", "\tr1:l:"];

/// Messages on the ticket before the one that is looked at: as many as a ticket gets in the measurements.
const EARLIER: usize = 3;

/// One call: its name and, for writes, the sizes of the values.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    name: String,
    written: Vec<usize>,
}

/// Compares the calls; the sizes of a message's values.
///
/// # Errors
/// When they differ.
pub fn check(host: &Path, folder: &Path) -> Result<Sizes> {
    let noted = folder.join("calls");
    let app = App::start_noting(host, folder, &noted)?;
    for _ in 0..EARLIER {
        app.send(&app.message(0))?;
    }
    let message = calls_of(&noted, || app.send(&app.message(0)))?;
    let written = message.iter().find(|call| call.name == "set-many").map(|call| call.written.as_slice());
    let Some([slot, snapshot, feed]) = written else { bail!("a message writes something else: {message:?}") };
    let sizes = Sizes { slot: *slot, snapshot: *snapshot, feed: *feed };
    let yardstick = calls_of(&noted, || app.send(&app.yardstick_call(0, sizes)))?;
    if message != yardstick {
        bail!("the yardstick is no twin of an intake:\n{yardstick:?}\ninstead of\n{message:?}");
    }
    Ok(sizes)
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
    let written = match name.as_str() {
        "set-many" => parts.skip(1).step_by(2).filter_map(|size| size.parse().ok()).collect(),
        _ => Vec::new(),
    };
    Call { name, written }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_apart_by_name_and_what_they_write() {
        let set = call("inbound\tset-many\tr1:s:a:1\t612\tr1:p:a\t80");
        assert_eq!(set, Call { name: "set-many".into(), written: vec![612, 80] });
        assert_eq!(call("inbound\tget\tr1:n:s:a\t8"), call("yardstick\tget\ty1:n:c0\t-"));
        assert_ne!(call("yardstick\tincrement\ta\t-"), call("yardstick\tget\ta\t-"));
    }
}
