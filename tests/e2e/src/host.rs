//! One process of the host.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};

use crate::app::{ADMIN_TOKEN, MASTER_KEY, TICK_TOKEN};
use crate::client::{Answer, Client};
use crate::wait::eventually;

/// What a host is started with.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// As `--kv` takes it.
    pub kv: String,
    /// Base URL of the stand-in for all providers.
    pub provider: String,
    /// Where its log goes.
    pub log: PathBuf,
    /// Port; 0: any free one.
    pub port: u16,
    /// File that says by how many seconds the components' clock is wrong.
    pub clock: PathBuf,
    /// More options.
    pub more: Vec<String>,
    /// Variables that differ from the usual.
    pub variables: Vec<(String, String)>,
}

/// A running host. Killed when dropped.
#[derive(Debug)]
pub struct Host {
    child: Child,
    /// Calls to it.
    pub client: Client,
    /// Scheme, host, port.
    pub base_url: String,
    setup: Setup,
}

impl Host {
    #[track_caller]
    pub(crate) fn start(setup: &Setup) -> Self {
        let log = File::options().create(true).append(true).open(&setup.log).expect("a log");
        let mut child = dying_with_us(&named_by("RELEVO_HOST_BIN", "target/native/relevo-host"))
            .args(["up", "--listen", &format!("127.0.0.1:{}", setup.port), "--kv", &setup.kv])
            .arg("--manifest")
            .arg(named_by("RELEVO_MANIFEST", "spin.toml"))
            .arg("--cache")
            .arg(root().join("target/e2e-cache"))
            .arg("--clock-offset")
            .arg(&setup.clock)
            .args(&setup.more)
            .env("SPIN_VARIABLE_MASTER_KEY", MASTER_KEY)
            .env("SPIN_VARIABLE_ADMIN_TOKEN", ADMIN_TOKEN)
            .env("SPIN_VARIABLE_TICK_TOKEN", TICK_TOKEN)
            .env("SPIN_VARIABLE_PUBLIC_URL", "https://desk.example.org")
            .env("SPIN_VARIABLE_PROVIDER_BASE", &setup.provider)
            .env("SPIN_VARIABLE_REHEARSAL_HOST", &setup.provider)
            .envs(setup.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the host starts: has `cargo xtask build` run?");
        // It says where it serves once everything is compiled and the port is taken.
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let Some(base_url) = line.trim().strip_prefix("Serving ").map(str::to_owned) else {
            let _ = child.kill();
            let said = std::fs::read_to_string(&setup.log).unwrap_or_default();
            panic!("the host did not start: {line}{said}");
        };
        let port = base_url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        let setup = Setup { port, ..setup.clone() };
        Self { child, client: Client::new(&base_url), base_url, setup }
    }

    /// Ends it as a power cut would: nothing is said, nothing is finished.
    pub fn kill9(&mut self) {
        self.child.kill().expect("it is running");
        self.child.wait().expect("it has ended");
    }

    /// Starts it again on the same state and port.
    #[track_caller]
    pub fn restart(&mut self) {
        *self = Self::start(&self.setup);
    }

    /// Starts it again with other options than before, such as `--kv-delay`.
    #[track_caller]
    pub fn restart_with(&mut self, more: &[&str]) {
        self.setup.more = more.iter().map(|&option| option.to_owned()).collect();
        self.restart();
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fires a schedule once, as `/internal/tick/{name}`.
    pub fn tick(&self, name: &str) -> Answer {
        let authorization = format!("Bearer {TICK_TOKEN}");
        let headers = [("authorization", &*authorization), ("content-type", "application/json")];
        self.client.send(
            "POST",
            &format!("/internal/tick/{name}"),
            &headers,
            Some(json!({}).to_string().as_bytes()),
        )
    }

    /// Fires a schedule until there is nothing left to do at any desk; what the last one reported.
    #[track_caller]
    pub fn tick_all(&self, name: &str) -> Value {
        eventually("the tick has nothing more to do", Duration::from_secs(20), || {
            let report = self.tick(name).is(200).json();
            let more = report.as_object().expect("by desk").values().any(|desk| desk["more"] == true);
            (!more).then_some(report)
        })
    }

    /// Calls something with the schedule's token.
    pub fn internal(&self, path: &str) -> Answer {
        let authorization = format!("Bearer {TICK_TOKEN}");
        self.client.send("GET", path, &[("authorization", &*authorization)], None)
    }

    /// What it logged as JSON, a line each.
    pub fn log_lines(&self) -> Vec<Value> {
        self.log().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// What it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.setup.log).unwrap_or_default()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Both fail when it has been killed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let last: Vec<_> =
                log.lines().rev().filter(|line| !line.contains("\"request\"")).take(20).collect();
            eprintln!("the host's last words:\n{}", last.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
    }
}

/// The project's folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("tests/e2e is two folders down").to_owned()
}

/// A path that the environment may name, or the usual one within the project.
pub(crate) fn named_by(variable: &str, usual: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(|| root().join(usual), PathBuf::from)
}

/// A command that the system ends with the test's thread, however that ends, where it can be told to.
pub(crate) fn dying_with_us(program: &Path) -> Command {
    const SETPRIV: [&str; 3] = ["--pdeathsig", "KILL", "--"];
    static CAN: OnceLock<bool> = OnceLock::new();
    let can =
        || Command::new("setpriv").args(SETPRIV).arg("true").status().is_ok_and(|status| status.success());
    if !CAN.get_or_init(can) {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(SETPRIV).arg(program);
    command
}
