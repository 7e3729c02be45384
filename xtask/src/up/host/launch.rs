//! The command lines of the two, and the schedule that one of them lacks.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};

use super::super::files;
use super::super::options::Store;
use super::Setup;
use crate::http::Client;
use crate::{build, process, project};

/// This project's own host, which posts the tick routes itself.
pub fn local(setup: &Setup, ticks: &[String]) -> Command {
    let mut command = dying_with_us(&build::local_host_path());
    let store = match setup.store {
        Store::Sqlite(path) => format!("sqlite:{}", path.display()),
        Store::Redis(url) => url.clone(),
    };
    command
        .arg("up")
        .arg("--manifest")
        .arg(project::root().join("spin.toml"))
        .args(["--listen", &format!("127.0.0.1:{}", setup.port), "--kv", &store, "--cache"])
        .arg(project::target().join("relevo-host-cache"));
    for route in ticks {
        command.arg("--tick").arg(format!("{route}=1"));
    }
    command
}

/// Spin, with a runtime configuration for the store.
///
/// # Errors
/// When that cannot be written.
pub fn spin(setup: &Setup) -> Result<Command> {
    let store = match setup.store {
        Store::Sqlite(path) => format!("type = \"spin\"\npath = {:?}\n", path.display().to_string()),
        Store::Redis(url) => format!("type = \"redis\"\nurl = {url:?}\n"),
    };
    let config = setup.state.join("runtime-config.toml");
    files::write_private(&config, &format!("[key_value_store.default]\n{store}"))?;
    let mut command = dying_with_us(Path::new("spin"));
    command
        .arg("up")
        .arg("--from")
        .arg(project::root().join("spin.toml"))
        .args(["--listen", &format!("127.0.0.1:{}", setup.port), "--runtime-config-file"])
        .arg(config)
        .arg("--state-dir")
        .arg(setup.state);
    Ok(command)
}

/// A command that the system ends with this program, however that ends, where it can be told to.
fn dying_with_us(program: &Path) -> Command {
    const SETPRIV: [&str; 3] = ["--pdeathsig", "KILL", "--"];
    if process::output(Command::new("setpriv").args(SETPRIV).arg("true")).is_some() {
        let mut command = project::command("setpriv");
        command.args(SETPRIV).arg(program);
        return command;
    }
    project::command(program)
}

/// What a schedule must post, as the manifest routes it.
///
/// # Errors
/// When the manifest cannot be read.
pub fn tick_routes() -> Result<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct Manifest {
        trigger: Triggers,
    }
    #[derive(serde::Deserialize)]
    struct Triggers {
        http: Vec<Trigger>,
    }
    #[derive(serde::Deserialize)]
    struct Trigger {
        route: toml::Value,
    }
    let path = project::root().join("spin.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let manifest: Manifest = toml::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    let routes = manifest.trigger.http.iter().filter_map(|trigger| trigger.route.as_str());
    Ok(routes.filter(|route| route.starts_with("/internal/tick/")).map(str::to_owned).collect())
}

/// Spin has no schedule of its own: one thread for each route posts it every second.
pub fn tick(client: Client, token: String, routes: Vec<String>, going: Arc<AtomicBool>) {
    for route in routes {
        let (client, token, going) = (client.clone(), token.clone(), Arc::clone(&going));
        std::thread::spawn(move || {
            while going.load(Ordering::Relaxed) {
                // A tick that fails is made good by the next.
                let _ = client.json("POST", &route, &token, &serde_json::json!({}));
                std::thread::sleep(Duration::from_secs(1));
            }
        });
    }
}
