//! `cargo xtask up`: the whole application on this machine, with the demo packs and a stand-in for every provider.

mod desk;
mod files;
mod host;
pub mod info;
mod options;
mod redis;
mod secrets;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::http::Client;
use crate::stand_in::StandIn;
use crate::{build, pack, process, project, toolchain};
use host::{Host, Kind};
pub use info::{Desk, Info, default_path as default_info_path};
use options::{Options, Store};
use secrets::Secrets;

/// Runs the command until it is stopped by a signal.
///
/// # Errors
/// When an option is wrong, something does not build or start, a desk cannot be set up, or the host ends by itself.
pub fn command(args: lexopt::Parser) -> Result<()> {
    let Some(options) = Options::parse(args)? else { return Ok(()) };
    let start = Instant::now();
    files::remove(&options.info)?;
    files::private_folder(&options.state)?;
    let store = options.store();
    let lock = files::lock(&options.state, &store)?;
    if options.fresh {
        files::empty(&options.state)?;
        if let Store::Redis(url) = &store {
            redis::forget_everything(url)?;
        }
    }
    let desks = options.desks()?;

    let kind = Kind::choose(options.host)?;
    build::components(&toolchain::ready()?)?;
    kind.build()?;

    let mut secrets = Secrets::load(&options.state)?;
    let stand_in = StandIn::start(secrets.stand_in_port)?;
    secrets.stand_in_port.get_or_insert(stand_in.port());
    secrets.save(&options.state)?;
    println!("  stand-in provider at {}", stand_in.base_url());

    let stop = stop_signal()?;
    let base_url = format!("http://127.0.0.1:{}", options.port);
    let mut host = Host::start(&host::Setup {
        kind,
        port: options.port,
        base_url: &base_url,
        store: &store,
        state: &options.state,
        secrets: &secrets,
        provider_base: &stand_in.base_url(),
    })?;
    host.wait_until_healthy(&base_url, &stop)?;
    println!("  {} at {base_url}, state in {}", kind.name(), store.place());

    let client = Client::new(&base_url);
    let mut ready = BTreeMap::new();
    for name in &desks {
        if stop.load(Ordering::Relaxed) {
            return host.stop();
        }
        let document = pack::bundle(&pack::folder(name))?;
        let desk =
            desk::set_up(&client, &mut secrets, name, &document).with_context(|| format!("desk {name}"));
        secrets.save(&options.state)?;
        match desk {
            Ok(desk) => ready.insert(name.clone(), desk),
            Err(error) => {
                bail!("{error:#}\n\nthe host's last words, from {}:\n{}", host.log(), host.last_words())
            }
        };
    }
    let info = Info {
        base_url,
        admin_token: secrets.admin_token.clone(),
        tick_token: secrets.tick_token.clone(),
        stand_in: stand_in.base_url(),
        desks: ready,
    };
    info.save(&options.info)?;
    // On Redis another one may share the state folder from now on; on SQLite it is ours until the end.
    let _lock = matches!(store, Store::Sqlite(_)).then(|| lock);
    println!("\nReady after {}. {}", process::seconds(start.elapsed()), info.what_to_try(&options.info));
    watch(host, &stop)
}

/// Set when the process is told to stop; from now on that no longer ends it at once.
fn stop_signal() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).context("listening for signals")?;
    }
    Ok(stop)
}

fn watch(mut host: Host, stop: &AtomicBool) -> Result<()> {
    while !stop.load(Ordering::Relaxed) {
        if let Some(status) = host.ended()? {
            bail!("the host ended by itself ({status}); from {}:\n{}", host.log(), host.last_words());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("stopping");
    host.stop()
}

/// `path` relative to the project where that is shorter, for messages.
fn shown(path: &std::path::Path) -> String {
    path.strip_prefix(project::root()).unwrap_or(path).display().to_string()
}
