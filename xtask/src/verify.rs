//! `cargo xtask verify`: what is served, held against the journal.

use std::process::Command;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask verify --data FILE | --redis URL [--since YEAR] [--audit [--secrets FILE] [--anchors FILE]…]

Recomputes every stream and every derived row of a data file or a Redis server and reports what differs.
Changes nothing. A data file is <state>/kv.db of `up`, or .spin/sqlite_key_value.db of Spin.

  --audit         also hold the history against its links and anchors: finds what was altered, removed, added or
                  back-dated up to the last anchor, and says where
  --secrets FILE  holds the master key: <state>/secrets.json of `up`, or a file of variables; else SPIN_VARIABLE_MASTER_KEY
  --anchors FILE  anchors that were kept outside, as GET /api/{desk}/audit/anchors gives them; any number of files";

/// Runs the command. The program is a crate of its own, so that the other commands need not wait for it to build.
///
/// # Errors
/// When it cannot be built, or something differs.
pub fn command(mut args: lexopt::Parser) -> Result<()> {
    let options: Vec<_> = args.raw_args()?.collect();
    if options.is_empty() || options.iter().any(|option| option == "--help") {
        println!("{HELP}");
        return Ok(());
    }
    let mut verify = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    verify.args(["run", "--quiet", "--package", "relevo-verify", "--"]).args(options);
    match verify.status()?.code() {
        Some(0) => Ok(()),
        Some(1) => bail!("something is not as it was written: see above"),
        _ => bail!("nothing was verified"),
    }
}
