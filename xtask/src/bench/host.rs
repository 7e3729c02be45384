//! The host that is measured, without a schedule.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::http::Client;
use crate::project;

/// The operator's token.
pub const ADMIN: &str = "bench-admin";

/// The schedule's.
pub const TICK: &str = "bench-tick";

/// A running host; killed when dropped.
pub struct Host(Child);

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Host {
    /// Starts one, and waits until it answers; what is sent goes to `providers`.
    pub fn start(
        program: &Path,
        manifest: &Path,
        port: u16,
        store: &str,
        (providers, calls): (&str, Option<&Path>),
    ) -> Result<Self> {
        let cache = project::target().join("bench-cache");
        let mut command = Command::new(program);
        command
            .arg("up")
            .args(["--listen", &format!("127.0.0.1:{port}"), "--kv", store])
            .arg("--manifest")
            .arg(manifest)
            .arg("--cache")
            .arg(cache)
            .env("SPIN_VARIABLE_MASTER_KEY", "5a".repeat(32))
            .env("SPIN_VARIABLE_ADMIN_TOKEN", ADMIN)
            .env("SPIN_VARIABLE_TICK_TOKEN", TICK)
            .env("SPIN_VARIABLE_PROVIDER_BASE", providers)
            .env("SPIN_VARIABLE_REHEARSAL_HOST", providers)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(file) = calls {
            command.arg("--kv-calls").arg(file);
        }
        let host = Self(command.spawn().context("starting the host")?);
        let client = Client::new(&format!("http://127.0.0.1:{port}"));
        let start = Instant::now();
        while !client.send("GET", "/.well-known/spin/health", &[], None).is_ok_and(|a| a.is_success()) {
            if start.elapsed() > Duration::from_secs(180) {
                bail!("the host did not answer within three minutes");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(host)
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// A line of the process's status, in MB.
    pub fn status_mb(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|kb| kb.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() / 1_024
    }
}

/// A port that nobody listens on.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The application's own manifest with the yardstick beside its components.
pub fn manifest(folder: &Path) -> Result<PathBuf> {
    let own = project::root().join("spin.toml");
    let text = std::fs::read_to_string(&own).with_context(|| format!("reading {}", own.display()))?;
    let text = text.replace("source = \"target/", &format!("source = \"{}/", project::target().display()));
    let wasm = project::target().join("wasm32-wasip2/release/yardstick.wasm");
    let yardstick = format!(
        "\n[[trigger.http]]\nroute = \"/yardstick/...\"\ncomponent = \"yardstick\"\n\
         [component.yardstick]\nsource = \"{}\"\nkey_value_stores = [\"default\"]\n",
        wasm.display()
    );
    let path = folder.join("spin.toml");
    std::fs::write(&path, text + &yardstick)?;
    Ok(path)
}
