//! Runs a Spin application where Spin is not installed.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Parser};
use relevo_local_host::{
    app::{App, Settings},
    kv::{Backend, CallLog, Location, Manner, copy},
    manifest::Manifest,
    metrics::Metrics,
    server::{Limits, LogLevel, Server, Turns},
    ticker::{Tick, Ticker},
    variables::{Variables, load_file, lookup},
};
use tokio::signal::unix::{SignalKind, signal};

/// Runs a Spin application where Spin is not installed.
#[derive(Parser)]
#[command(name = "relevo-host")]
enum Command {
    /// Serves an application.
    Up(Up),
    /// Only posts the tick routes of an application that runs elsewhere, such as on Spin.
    Tick(TickOnly),
    /// Copies a data file, also while a host is using it: the copy is what it was at one moment.
    Backup {
        /// The data file.
        #[arg(long)]
        data: PathBuf,
        /// The copy: a name that is not taken.
        #[arg(long)]
        to: PathBuf,
    },
    /// Puts a copy in place of a data file that no host is using. What was there is kept beside it.
    Restore {
        /// The copy.
        #[arg(long)]
        from: PathBuf,
        /// The data file.
        #[arg(long)]
        data: PathBuf,
    },
}

#[derive(Args)]
struct Up {
    /// The application's manifest.
    #[arg(long, default_value = "spin.toml")]
    manifest: PathBuf,
    /// Address and port; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: String,
    /// The key-value store: sqlite:PATH, redis://HOST[:PORT][/DB] or memory.
    #[arg(long, default_value = "sqlite:.spin/sqlite_key_value.db")]
    kv: Location,
    /// A file for a line about each key-value call of a component: what a request costs. Slow.
    #[arg(long, value_name = "FILE")]
    kv_calls: Option<PathBuf>,
    /// A folder for compiled components, so that the next start takes moments.
    #[arg(long)]
    cache: Option<PathBuf>,
    /// How long a component may take for an answer, in seconds.
    #[arg(long, default_value_t = 60)]
    request_timeout: u64,
    /// How many requests may be under way at once; as many as four times that wait up to 3 seconds for their turn,
    /// and what is more is answered with 503.
    #[arg(long, default_value_t = 256)]
    max_requests: usize,
    /// How long requests may take to finish when the host is stopped, in seconds.
    #[arg(long, default_value_t = 10)]
    grace: u64,
    /// What is said on standard error: faults, or requests (a line for each) too.
    #[arg(long, default_value = "faults")]
    log: LogLevel,
    #[command(flatten)]
    ticking: Ticking,
    #[command(flatten)]
    rehearsal: Rehearsal,
}

/// Faults to rehearse; never for use.
#[derive(Args)]
struct Rehearsal {
    /// A file that says by how many seconds the components' clock is wrong; read again and again.
    #[arg(long, value_name = "FILE")]
    clock_offset: Option<PathBuf>,
    /// How much longer every call of the store takes, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    kv_delay: u64,
    /// How many pages of 4 KB an SQLite store may have, as if the disk were full then.
    #[arg(long, value_name = "N")]
    kv_max_pages: Option<u32>,
}

#[derive(Args)]
struct TickOnly {
    /// Scheme, host and port of the application.
    #[arg(long)]
    base_url: String,
    #[command(flatten)]
    ticking: Ticking,
}

#[derive(Args)]
struct Ticking {
    /// Values of variables, as TOML (*.toml) or lines of name=value; they go before SPIN_VARIABLE_<NAME>.
    #[arg(long)]
    variables: Option<PathBuf>,
    /// Posts a route every so many seconds, as in /internal/tick/sla=5. May be given several times.
    #[arg(long, value_name = "ROUTE=SECONDS")]
    tick: Vec<Tick>,
    /// The variable that holds the bearer token of the tick routes.
    #[arg(long, value_name = "VARIABLE", default_value = "tick_token")]
    tick_token_from: String,
}

fn main() -> ExitCode {
    let command = Command::parse();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(run(command)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("relevo-host: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Up(up) => serve(up).await,
        Command::Backup { data, to } => Ok(copy::backup(&data, &to)?),
        Command::Restore { from, data } => {
            if let Some(kept) = copy::restore(&from, &data)? {
                println!("what was there is now {}", kept.display());
            }
            Ok(())
        }
        Command::Tick(only) => {
            let file = load_values(only.ticking.variables.as_deref())?;
            if only.ticking.tick.is_empty() {
                bail!("nothing to post: give --tick ROUTE=SECONDS");
            }
            let token = lookup(&only.ticking.tick_token_from, &file, environment);
            let _ticker = start_ticker(&only.base_url, token, only.ticking)?;
            stop_signal()?.await;
            Ok(())
        }
    }
}

async fn serve(up: Up) -> Result<()> {
    let stop = stop_signal()?;
    let manifest = Manifest::load(&up.manifest)?;
    let file = load_values(up.ticking.variables.as_deref())?;
    for name in file.keys().filter(|name| !manifest.variables.contains_key(*name)) {
        eprintln!("relevo-host: the manifest has no variable {name:?}");
    }
    let variables = Variables::resolve(&manifest, &file, environment)?;
    let token = variables.get(&up.ticking.tick_token_from).map(str::to_owned);
    let metrics = Metrics::default();
    let watching = metrics.clone();
    let manner = Manner {
        watcher: Some(Arc::new(move |call, took, ok| watching.store_call(call, took, ok))),
        delay: Duration::from_millis(up.rehearsal.kv_delay),
    };
    let backend = Backend::open_limited(&up.kv, up.rehearsal.kv_max_pages)
        .await
        .with_context(|| format!("key-value store, {}", up.kv))?
        .with(manner);
    let backend = match &up.kv_calls {
        None => backend,
        Some(path) => backend
            .recording(CallLog::create(path).with_context(|| format!("--kv-calls {}", path.display()))?),
    };
    let settings = Settings {
        variables,
        backend,
        cache: up.cache,
        request_timeout: Duration::from_secs(up.request_timeout),
        clock_offset: up.rehearsal.clock_offset,
        metrics: metrics.clone(),
    };
    // Compiling keeps every core busy: not on the threads that answer signals.
    let app = tokio::task::spawn_blocking(move || App::load(&manifest, &settings)).await??;
    let limits =
        Limits { at_once: up.max_requests, waiting: up.max_requests.saturating_mul(4), ..Limits::default() };
    let turns = Turns::new(limits);
    let server = Server::bind(app, &up.listen, up.log, turns, metrics, token.clone())
        .await
        .with_context(|| format!("listening on {}", up.listen))?;
    let base_url = format!("http://{}", server.address());
    // Started first, it waits for the server, which takes connections already.
    let ticker = start_ticker(&base_url, token, up.ticking)?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "Serving {base_url}")?;
    stdout.flush()?;
    let stop = async move {
        stop.await;
        drop(ticker);
    };
    server.run(stop, Duration::from_secs(up.grace)).await;
    Ok(())
}

fn start_ticker(base_url: &str, token: Option<String>, ticking: Ticking) -> Result<Option<Ticker>> {
    if ticking.tick.is_empty() {
        return Ok(None);
    }
    let token = token.ok_or_else(|| anyhow!("--tick needs the variable {:?}", ticking.tick_token_from))?;
    Ticker::start(base_url, &token, ticking.tick).map(Some).map_err(|why| anyhow!(why))
}

fn load_values(file: Option<&Path>) -> Result<BTreeMap<String, String>> {
    let Some(path) = file else { return Ok(BTreeMap::new()) };
    let (values, warning) = load_file(path)?;
    if let Some(warning) = warning {
        eprintln!("relevo-host: {warning}");
    }
    Ok(values)
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Done at the first SIGINT or SIGTERM. Listens from now on, so that none is missed during the start.
fn stop_signal() -> Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
