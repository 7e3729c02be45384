//! The project's own commands: `cargo xtask <command>`. One file per command; `cargo xtask help` lists them.

mod articles;
mod bench;
mod build;
mod clock;
mod demo;
mod doctor;
mod fire;
mod fuzz;
mod http;
mod look;
mod new_channel;
mod pack;
mod process;
mod project;
mod python;
mod random;
mod stand_in;
mod test;
mod toolchain;
mod up;
mod verify;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  up        build and run the application with the demo packs; says what to try
  demo      play one whole story against a running `up`
  test      every check
  setup     make sure that wasm32-wasip2 can be built and Redis can be started for tests
  build     build every component (release, wasm32-wasip2)
  doctor    what is wrong with a set-up, and what to do
  fire      kills, outages, wrong clocks and long load, with a report
  fuzz      every parser on changed input, guided by coverage
  api       the running application against its OpenAPI document
  bench     throughput and latency beside yardsticks
  articles  Markdown files or a Confluence space into a desk's knowledge base
  verify    hold what is served against the journal
  look      look at the survey page in a browser, in four languages
  new-channel NAME
            make the files of a new channel, whose tests fail until it is written
  pack      print a desk's pack as one JSON document

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
        "api" => test::api::command(args),
        "articles" => articles::command(args),
        "bench" => bench::command(args),
        "build" => build::command(args),
        "demo" => demo::command(args),
        "doctor" => doctor::command(args),
        "fire" => fire::command(args),
        "fuzz" => fuzz::command(args),
        "new-channel" => new_channel::command(args),
        "pack" => pack::command(args),
        "setup" => toolchain::command(args),
        "test" => test::command(args),
        "up" => up::command(args),
        "look" => look::command(args),
        "verify" => verify::command(args),
        "help" => {
            println!("{HELP}");
            Ok(())
        }
        other => anyhow::bail!("no command `{other}`\n\n{HELP}"),
    }
}
