//! What `up` is told on the command line.

use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use lexopt::ValueExt as _;

use super::host::Kind;
use super::info;
use crate::{pack, project};

const HELP: &str = "\
cargo xtask up

Builds everything, starts the application on 127.0.0.1, applies the demo packs through its API, writes a file with
tokens and secrets, says what to try, and runs until it is stopped.

  --port N           the port (3000; 0 takes a free one)
  --host local|spin  what runs it (spin if that is on PATH in version 4.1 or later, else crates/local-host)
  --state DIR        where data and secrets are kept between runs (.relevo)
  --redis URL        keep the data in Redis (redis://HOST[:PORT][/DB]); secrets stay in the state folder
  --fresh            begin with nothing
  --packs A,B        only these packs (all)
  --info FILE        where to write tokens and secrets, last of all (target/up.json)

It may run several times at once, with a port, a state folder and an info file each. RELEVO_HOST_BIN names a local host
that is built already.";

/// What to do.
pub struct Options {
    pub port: u16,
    pub host: Option<Kind>,
    pub fresh: bool,
    pub redis: Option<String>,
    /// Absolute.
    pub state: PathBuf,
    /// Absolute.
    pub info: PathBuf,
    packs: Option<Vec<String>>,
}

/// Where the data is kept.
pub enum Store {
    Sqlite(PathBuf),
    Redis(String),
}

impl Store {
    /// As people read it: a password in an URL is left out.
    pub fn place(&self) -> String {
        match self {
            Self::Sqlite(path) => super::shown(path),
            Self::Redis(url) => match url.split_once('@') {
                Some((_, server)) => format!("redis://…@{server}"),
                None => url.clone(),
            },
        }
    }
}

impl Options {
    /// Reads the command line; nothing when only help was wanted.
    ///
    /// # Errors
    /// When it cannot be understood, or the port is taken.
    pub fn parse(mut args: lexopt::Parser) -> Result<Option<Self>> {
        let mut options = Self {
            port: 3000,
            host: None,
            fresh: false,
            redis: None,
            state: project::root().join(".relevo"),
            info: info::default_path(),
            packs: None,
        };
        while let Some(arg) = args.next()? {
            match arg {
                lexopt::Arg::Long("port") => options.port = args.value()?.parse()?,
                lexopt::Arg::Long("host") => options.host = Some(Kind::parse(&args.value()?.string()?)?),
                lexopt::Arg::Long("fresh") => options.fresh = true,
                lexopt::Arg::Long("redis") => options.redis = Some(args.value()?.string()?),
                lexopt::Arg::Long("state") => options.state = std::path::absolute(args.value()?)?,
                lexopt::Arg::Long("info") => options.info = std::path::absolute(args.value()?)?,
                lexopt::Arg::Long("packs") => {
                    options.packs = Some(args.value()?.string()?.split(',').map(str::to_owned).collect());
                }
                lexopt::Arg::Long("help") => {
                    println!("{HELP}");
                    return Ok(None);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        let listener = TcpListener::bind(("127.0.0.1", options.port))
            .with_context(|| format!("port {} is taken; give another one with --port", options.port))?;
        options.port = listener.local_addr()?.port();
        Ok(Some(options))
    }

    /// Where the data is to be kept.
    pub fn store(&self) -> Store {
        match &self.redis {
            Some(url) => Store::Redis(url.clone()),
            None => Store::Sqlite(self.state.join("kv.db")),
        }
    }

    /// The packs to apply.
    ///
    /// # Errors
    /// When one does not exist.
    pub fn desks(&self) -> Result<Vec<String>> {
        let there = pack::desks()?;
        let Some(wanted) = &self.packs else { return Ok(there) };
        if let Some(missing) = wanted.iter().find(|desk| !there.contains(desk)) {
            bail!("there is no pack `{missing}`; there are {}", there.join(", "));
        }
        Ok(wanted.clone())
    }
}
