//! `cargo xtask doctor`: what is wrong with a set-up, in words, and what to do about it. Changes nothing.

mod application;
mod machine;
mod store;

use std::path::PathBuf;

use anyhow::{Result, bail};
use lexopt::ValueExt as _;

use crate::up::info;

const HELP: &str = "\
cargo xtask doctor [--base-url URL --token TICK_TOKEN] [--info FILE] [--redis URL] [--state DIR]

Looks at the machine, the store and a running application, and says what is wrong and what to do.
Where the application is comes from the file that `up` writes, unless a URL and the tick token are given.

  --base-url URL  scheme, host, port of a running application
  --token TOKEN   its tick token
  --info FILE     what `up` wrote (target/up.json)
  --redis URL     the Redis that holds the data
  --state DIR     where data is kept (.relevo), to look at the disk's space";

/// What was looked at, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    what: String,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// All is well.
    Well(String),
    /// It works, and something needs a look.
    Doubtful { why: String, todo: String },
    /// It does not work like this.
    Wrong { why: String, todo: String },
}

impl Finding {
    fn well(what: &str, detail: impl Into<String>) -> Self {
        Self { what: what.to_owned(), state: State::Well(detail.into()) }
    }

    fn doubtful(what: &str, why: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { what: what.to_owned(), state: State::Doubtful { why: why.into(), todo: todo.into() } }
    }

    fn wrong(what: &str, why: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { what: what.to_owned(), state: State::Wrong { why: why.into(), todo: todo.into() } }
    }

    fn text(&self) -> String {
        match &self.state {
            State::Well(detail) => format!("ok        {}: {detail}", self.what),
            State::Doubtful { why, todo } => format!("LOOK      {}: {why}\n          → {todo}", self.what),
            State::Wrong { why, todo } => format!("WRONG     {}: {why}\n          → {todo}", self.what),
        }
    }
}

struct Options {
    base_url: Option<String>,
    token: Option<String>,
    info: PathBuf,
    redis: Option<String>,
    state: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// When something is wrong, or an option is unknown.
pub fn command(args: lexopt::Parser) -> Result<()> {
    let Some(options) = options(args)? else { return Ok(()) };
    let mut findings = machine::look(&options.state);
    if let Some(url) = &options.redis {
        findings.extend(store::look(url));
    }
    match (&options.base_url, &options.token) {
        (Some(url), Some(token)) => findings.extend(application::look(url, token)),
        (None, None) => match info::Info::load(&options.info) {
            Ok(info) => {
                findings.extend(application::look(&info.base_url, &info.tick_token));
                findings.extend(application::desks(&info));
            }
            Err(error) => findings.push(Finding::doubtful(
                "application",
                format!("there is nothing to ask: {error:#}"),
                "start it with `cargo xtask up`, or give --base-url and --token",
            )),
        },
        _ => bail!("--base-url and --token go together"),
    }
    findings.iter().for_each(|finding| println!("{}", finding.text()));
    let wrong = findings.iter().filter(|finding| matches!(finding.state, State::Wrong { .. })).count();
    if wrong > 0 { bail!("{wrong} things are wrong") } else { Ok(()) }
}

fn options(mut args: lexopt::Parser) -> Result<Option<Options>> {
    let mut options = Options {
        base_url: None,
        token: None,
        info: info::default_path(),
        redis: None,
        state: crate::project::root().join(".relevo"),
    };
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("base-url") => options.base_url = Some(args.value()?.string()?),
            lexopt::Arg::Long("token") => options.token = Some(args.value()?.string()?),
            lexopt::Arg::Long("info") => options.info = args.value()?.into(),
            lexopt::Arg::Long("redis") => options.redis = Some(args.value()?.string()?),
            lexopt::Arg::Long("state") => options.state = args.value()?.into(),
            lexopt::Arg::Long("help") => {
                println!("{HELP}");
                return Ok(None);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(options))
}
