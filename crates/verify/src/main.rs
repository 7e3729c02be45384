//! `relevo-verify --data FILE | --redis URL`: recomputes everything that is derived from the journal of a stopped or
//! running application and reports what differs; with `--audit` also holds the history against its links and anchors.
//! Changes nothing. Exits 1 if anything differs, 2 if nothing could be verified.
//!
//! With `SPIN_VARIABLE_MASTER_KEY` in the environment personal values, and the snapshots that have any, are compared too.

mod audit;

use anyhow::{Context, Result, bail};
use audit::Audit;
use chrono::{Datelike, Duration};
use lexopt::prelude::*;
use relevo_edge::app::DeskContext;
use relevo_edge::clock;
use relevo_edge::keys::DeskKeys;
use relevo_edge::rotation::MasterKeys;
use relevo_journal::{Journal, Month};
use relevo_local_host::kv::{Backend, Location};
use relevo_projections::verify::verify;
use std::process::ExitCode;

/// Where the master key is taken from, as hosts name it; it need not be there.
const MASTER_KEY: &str = "SPIN_VARIABLE_MASTER_KEY";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let found = async { run(Options::parse()?).await };
    match found.await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// How much differs.
async fn run(options: Options) -> Result<usize> {
    let backend = Backend::open_existing(&options.location).await.context("the store cannot be opened")?;
    let bucket = || backend.bucket("default");
    let now = clock::now();
    // A stream is listed by its first writer's clock, which may have been ahead.
    let months: Vec<Month> =
        first_month(options.since_year)?.until(Month::of(now + Duration::days(7))).collect();
    let desks = Journal::new(bucket()).all_desks(now).await?;
    let master = std::env::var(MASTER_KEY).ok().filter(|key| !key.is_empty());
    let mut wrong = 0;
    for desk in &desks {
        // Recomputing needs no secret; with it personal values and snapshots of them are compared too.
        let journal = Journal::new(bucket());
        let context = match &master {
            Some(master) => {
                let masters = MasterKeys { current: master.clone(), previous: String::new() };
                DeskContext::unlock(journal, desk.clone(), &masters, now).await
            }
            None => DeskContext::load(journal, desk.clone(), DeskKeys::none(), now).await,
        };
        let context = context.map_err(|problem| anyhow::anyhow!(problem.detail))?;
        let verified = verify(&context, &months).await.map_err(|problem| anyhow::anyhow!(problem.detail))?;
        println!(
            "{desk}: {} streams, {} events, {} rows, {} differences, {} feed entries not yet followed",
            verified.streams,
            verified.events,
            verified.rows,
            verified.differences.len(),
            verified.behind
        );
        for difference in &verified.differences {
            println!("  {difference}");
        }
        wrong += verified.differences.len();
    }
    println!("{} desks verified, {wrong} differences", desks.len());
    if let Some(audit) = &options.audit {
        wrong += audit.run(&backend).await?;
    }
    Ok(wrong)
}

fn first_month(year: u16) -> Result<Month> {
    Month::new(year, 1).context("--since takes a year, such as 2026")
}

struct Options {
    location: Location,
    since_year: u16,
    audit: Option<Audit>,
}

impl Options {
    fn parse() -> Result<Self> {
        let this_year = u16::try_from(clock::now().year())?;
        let (mut location, mut since_year) = (None, this_year.saturating_sub(1));
        let (mut audits, mut audit) = (false, Audit::default());
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("data") => location = Some(Location::Sqlite(parser.value()?.into())),
                Long("redis") => location = Some(Location::Redis(parser.value()?.string()?)),
                Long("since") => since_year = parser.value()?.parse()?,
                Long("audit") => audits = true,
                Long("anchors") => audit.anchors.push(parser.value()?.into()),
                Long("secrets") => audit.secrets = Some(parser.value()?.into()),
                _ => return Err(argument.unexpected().into()),
            }
        }
        let location = location.context("give --data FILE or --redis URL")?;
        if !audits && (audit.secrets.is_some() || !audit.anchors.is_empty()) {
            bail!("--anchors and --secrets go with --audit");
        }
        Ok(Self { location, since_year, audit: audits.then_some(audit) })
    }
}
