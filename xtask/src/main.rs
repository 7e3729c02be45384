//! The project's own commands: `cargo xtask <command>`. One file per command; `cargo xtask help` lists them.
#![allow(clippy::disallowed_methods, reason = "a native tool, and the clock is read in clock.rs alone")]

mod build;
mod process;
mod project;
mod toolchain;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  setup     make sure that wasm32-wasip2 can be built and Redis can be started for tests
  build     build every component (release, wasm32-wasip2)

Each command takes --help.";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let mut args = lexopt::Parser::from_env();
    let command = match args.next()? {
        Some(lexopt::Arg::Value(name)) => name.to_string_lossy().into_owned(),
        _ => "help".to_owned(),
    };
    match command.as_str() {
        "build" => build::command(args),
        "setup" => toolchain::command(args),
        "help" => {
            println!("{HELP}");
            Ok(())
        }
        other => anyhow::bail!("no command `{other}`\n\n{HELP}"),
    }
}
