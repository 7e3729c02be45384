//! What runs the application: Spin, or this project's own host.

mod launch;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::options::Store;
use super::secrets::Secrets;
use super::shown;
use crate::http::Client;
use crate::{build, process};

/// The first start compiles every component.
const START_LIMIT: Duration = Duration::from_secs(600);

/// How long requests may take to finish when it is stopped.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Local,
    Spin,
}

/// What it is started with.
pub struct Setup<'a> {
    pub kind: Kind,
    pub port: u16,
    pub base_url: &'a str,
    pub store: &'a Store,
    pub state: &'a Path,
    pub secrets: &'a Secrets,
    pub provider_base: &'a str,
}

/// A running host. Killed when dropped.
pub struct Host {
    child: Child,
    log: PathBuf,
    ticking: Arc<AtomicBool>,
}

impl Kind {
    /// The one of that name.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "local" => Ok(Self::Local),
            "spin" => Ok(Self::Spin),
            other => bail!("--host takes local or spin, not `{other}`"),
        }
    }

    /// The one that is wanted, or the better one of what is there.
    ///
    /// # Errors
    /// When Spin is wanted and missing or too old.
    pub fn choose(wanted: Option<Self>) -> Result<Self> {
        let version = || process::output(Command::new("spin").arg("--version"));
        match wanted {
            Some(Self::Local) => Ok(Self::Local),
            None if version().is_some_and(|version| is_recent(&version)) => Ok(Self::Spin),
            None => Ok(Self::Local),
            Some(Self::Spin) => match version() {
                Some(version) if is_recent(&version) => Ok(Self::Spin),
                Some(version) => bail!("this is {version}; the application needs Spin 4.1 or later"),
                None => bail!("there is no `spin` on PATH; leave out --host, or give --host local"),
            },
        }
    }

    /// Builds it where it is ours.
    ///
    /// # Errors
    /// When it does not build.
    pub fn build(self) -> Result<()> {
        if self == Self::Spin {
            return Ok(());
        }
        build::local_host().map(drop)
    }

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "the local host",
            Self::Spin => "Spin",
        }
    }
}

impl Host {
    /// Starts it; it does not answer yet.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(setup: &Setup) -> Result<Self> {
        let log = setup.state.join("host.log");
        let output = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
        let ticks = launch::tick_routes()?;
        let mut command = match setup.kind {
            Kind::Local => launch::local(setup, &ticks),
            Kind::Spin => launch::spin(setup)?,
        };
        command
            .env("SPIN_VARIABLE_MASTER_KEY", &setup.secrets.master_key)
            .env("SPIN_VARIABLE_ADMIN_TOKEN", &setup.secrets.admin_token)
            .env("SPIN_VARIABLE_TICK_TOKEN", &setup.secrets.tick_token)
            .env("SPIN_VARIABLE_PUBLIC_URL", setup.base_url)
            .env("SPIN_VARIABLE_PROVIDER_BASE", setup.provider_base)
            .env("SPIN_VARIABLE_REHEARSAL_HOST", setup.provider_base)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let child = command.spawn().with_context(|| format!("starting {}", setup.kind.name()))?;
        let host = Self { child, log, ticking: Arc::new(AtomicBool::new(true)) };
        if setup.kind == Kind::Spin {
            launch::tick(
                Client::new(setup.base_url),
                setup.secrets.tick_token.clone(),
                ticks,
                Arc::clone(&host.ticking),
            );
        }
        Ok(host)
    }

    /// Waits until the application answers.
    ///
    /// # Errors
    /// When it ends or is stopped before that, or takes too long.
    pub fn wait_until_healthy(&mut self, base_url: &str, stop: &AtomicBool) -> Result<()> {
        let (start, client) = (Instant::now(), Client::new(base_url));
        let mut said = start;
        loop {
            if let Some(status) = self.ended()? {
                bail!("the host did not start ({status}); from {}:\n{}", self.log(), self.last_words());
            }
            if client
                .send("GET", "/.well-known/spin/health", &[], None)
                .is_ok_and(|answer| answer.is_success())
            {
                return Ok(());
            }
            if stop.load(Ordering::Relaxed) {
                bail!("stopped");
            }
            if start.elapsed() > START_LIMIT {
                bail!("the host does not answer; from {}:\n{}", self.log(), self.last_words());
            }
            if said.elapsed() > Duration::from_secs(10) {
                said = Instant::now();
                println!("  waiting for the host … {}", process::seconds(start.elapsed()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// How it ended, if it did.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Lets it finish what it is at.
    ///
    /// # Errors
    /// When the system does not let it be stopped.
    pub fn stop(mut self) -> Result<()> {
        self.ticking.store(false, Ordering::Relaxed);
        // The standard library knows no signal but KILL.
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill -TERM \"$0\"", &self.child.id().to_string()]);
        process::output(&mut kill);
        let start = Instant::now();
        while start.elapsed() < STOP_LIMIT {
            if self.ended()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        println!("the host did not stop in time and is killed");
        self.child.kill().context("killing the host")
    }

    /// Where its output goes, for messages.
    pub fn log(&self) -> String {
        shown(&self.log)
    }

    /// The end of its output.
    pub fn last_words(&self) -> String {
        process::tail(&self.log, 40)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.ticking.store(false, Ordering::Relaxed);
        // Both fail when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether `spin 4.1.0 (…)` can run the application.
fn is_recent(version: &str) -> bool {
    let mut numbers = version.split_whitespace().nth(1).unwrap_or_default().split('.');
    let mut next = || numbers.next().and_then(|number| number.parse::<u32>().ok());
    let (major, minor) = (next(), next());
    (major, minor) >= (Some(4), Some(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spin_is_used_from_4_1() {
        for (version, recent) in [
            ("spin 4.1.0 (abcdef 2026-01-01)", true),
            ("spin 4.2", true),
            ("spin 5.0.0", true),
            ("spin 4.0.2 (abc)", false),
            ("spin 3.9.9", false),
            ("nonsense", false),
            ("", false),
        ] {
            assert_eq!(is_recent(version), recent, "{version}");
        }
    }
}
