//! `cargo xtask demo`: one whole story at a desk that `up` runs, told with the requests that providers, agents and
//! customers make. It ends at the first step that is not as it should be.

mod provider;
mod story;

use std::path::PathBuf;

use anyhow::Result;
use lexopt::ValueExt as _;

use crate::up::{Info, default_info_path};

const HELP: &str = "\
cargo xtask demo

Plays one whole story against a running `cargo xtask up` and prints each step with what came back:
a WhatsApp message becomes a ticket, gets its targets, is answered from a template, solved and rated.

  --desk NAME   at which desk (school)
  --info FILE   the file that `up` wrote (target/up.json)";

/// Runs the command.
///
/// # Errors
/// When an option is wrong, `up` is not running, or a step is not as it should be.
pub fn command(mut args: lexopt::Parser) -> Result<()> {
    let (mut desk, mut path): (String, PathBuf) = ("school".to_owned(), default_info_path());
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("desk") => desk = args.value()?.string()?,
            lexopt::Arg::Long("info") => path = args.value()?.into(),
            lexopt::Arg::Long("help") => {
                println!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    story::tell(&Info::load(&path)?, &desk)
}
