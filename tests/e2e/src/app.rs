//! An application of a test's own: host, state, desks, provider.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::client::{Answer, Client};
use crate::desk::Desk;
use crate::host::{Host, Setup, named_by};
use crate::pack::pack;
use crate::provider::Provider;
use crate::redis::Redis;

/// The master key.
pub const MASTER_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// The operator's token.
pub const ADMIN_TOKEN: &str = "adm_end_to_end";

/// The schedule's token.
pub const TICK_TOKEN: &str = "tick_end_to_end_0123456789abcdef0123456789";

/// Where the state is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// Spin's SQLite file.
    Sqlite,
    /// A Redis of the test's own that writes every command to disk before it answers.
    Redis,
}

/// An application. Everything ends with it.
pub struct App {
    /// The host. Further ones on the same state: [`App::another_host`].
    pub host: Host,
    /// Stands in for every provider and subscriber.
    pub provider: Provider,
    /// The server, if the state is in Redis.
    pub redis: Option<Redis>,
    setup: Setup,
    folder: TempDir,
}

impl App {
    /// Starts one without any desk.
    #[track_caller]
    pub fn bare(store: Store) -> Self {
        Self::bare_with(store, &[])
    }

    /// Starts one whose key-value calls are noted: see [`App::calls`].
    #[track_caller]
    pub fn noting_calls(store: Store) -> Self {
        Self::bare_with(store, &["--kv-calls", "{state}/calls"])
    }

    /// Starts one without any desk, its host with more options, in which `{state}` stands for the folder of its state.
    #[track_caller]
    pub fn bare_with(store: Store, options: &[&str]) -> Self {
        Self::start(store, options, |_| ())
    }

    /// Starts one on a state that was put there before: the data file is `kv.db` in the folder, and Redis keeps its files
    /// in it.
    #[track_caller]
    pub fn on(store: Store, prepare: impl FnOnce(&Path)) -> Self {
        Self::start(store, &[], prepare)
    }

    #[track_caller]
    fn start(store: Store, options: &[&str], prepare: impl FnOnce(&Path)) -> Self {
        let folder = state_folder();
        prepare(folder.path());
        let provider = Provider::start();
        let redis = (store == Store::Redis).then(|| Redis::start(folder.path()));
        let kv = match &redis {
            Some(redis) => redis.url(),
            None => format!("sqlite:{}", folder.path().join("kv.db").display()),
        };
        let log = folder.path().join("host.log");
        let clock = folder.path().join("clock");
        let state = folder.path().display().to_string();
        let more = options.iter().map(|option| option.replace("{state}", &state)).collect();
        let variables = Vec::new();
        let setup = Setup { kv, provider: provider.base_url(), log, port: 0, clock, more, variables };
        let host = Host::start(&setup);
        Self { host, provider, redis, setup, folder }
    }

    /// Starts one with the desk `school`.
    #[track_caller]
    pub fn school(store: Store) -> (Self, Desk) {
        let app = Self::bare(store);
        let desk = app.publish("school");
        (app, desk)
    }

    /// Sets up a desk with the project's pack of that name.
    #[track_caller]
    pub fn publish(&self, name: &str) -> Desk {
        Desk::set_up(&self.host.client, name, &pack(name))
    }

    /// Sets up a desk with a pack of the test's own.
    #[track_caller]
    pub fn publish_pack(&self, name: &str, pack: &serde_json::Value) -> Desk {
        Desk::set_up(&self.host.client, name, pack)
    }

    /// Sets up a desk with the project's pack of that name, changed.
    #[track_caller]
    pub fn publish_with(&self, name: &str, change: impl FnOnce(&mut serde_json::Value)) -> Desk {
        let mut pack = pack(name);
        change(&mut pack);
        self.publish_pack(name, &pack)
    }

    /// One more host on the same state.
    #[track_caller]
    pub fn another_host(&self) -> Host {
        Host::start(&Setup { log: self.folder.path().join("another.log"), ..self.setup.clone() })
    }

    /// From now on the clock of all components of all hosts is wrong by so many seconds.
    #[track_caller]
    pub fn set_clock(&self, seconds: i64) {
        // In one step: a component that reads it meanwhile sees one or the other.
        let new = self.setup.clock.with_extension("new");
        std::fs::write(&new, seconds.to_string()).expect("written");
        std::fs::rename(&new, &self.setup.clock).expect("moved");
    }

    /// By how many seconds it is wrong.
    pub fn clock(&self) -> i64 {
        let text = std::fs::read_to_string(&self.setup.clock).unwrap_or_default();
        text.parse().unwrap_or_default()
    }

    /// Holds everything that is served against the journal, as `cargo xtask verify` does.
    ///
    /// # Panics
    /// When something differs: with all that does.
    #[track_caller]
    pub fn verify(&self) -> String {
        let mut verify = Command::new(named_by("RELEVO_VERIFY_BIN", "target/debug/relevo-verify"));
        match &self.redis {
            Some(redis) => verify.args(["--redis", &redis.url()]),
            None => verify.arg("--data").arg(self.data_file()),
        };
        let done = verify.output().expect("verify starts: has it been built?");
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success(), "verify: {said}{}", String::from_utf8_lossy(&done.stderr));
        said
    }

    /// One more host on the same state, with other variables and further arguments.
    #[track_caller]
    pub fn another_host_with(&self, variables: &[(&str, &str)], args: &[&str]) -> Host {
        let variable = |(name, value): &(&str, &str)| {
            (format!("SPIN_VARIABLE_{}", name.to_uppercase()), (*value).to_owned())
        };
        Host::start(&Setup {
            log: self.folder.path().join("another.log"),
            variables: variables.iter().map(variable).collect(),
            more: args.iter().map(|arg| (*arg).to_owned()).collect(),
            ..self.setup.clone()
        })
    }

    /// Calls to the host.
    pub fn client(&self) -> &Client {
        &self.host.client
    }

    /// Fires a schedule once.
    #[track_caller]
    pub fn tick(&self, name: &str) -> Answer {
        self.host.tick(name)
    }

    /// Fires every schedule until nothing is left to do.
    #[track_caller]
    pub fn tick_everything(&self) {
        for name in ["projections", "sla", "surveys", "delivery", "projections", "anchors"] {
            self.host.tick_all(name);
        }
    }

    /// The key-value calls of a component so far: each its name, then keys and bytes of values (`-`: none).
    pub fn calls(&self, component: &str) -> Vec<Vec<String>> {
        let noted = self.folder.path().join("calls");
        let noted = std::fs::read_to_string(noted).expect("calls are noted");
        let of_component = noted.lines().filter_map(|line| line.strip_prefix(component)?.strip_prefix('\t'));
        of_component.map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    }

    /// The state, as tools take it.
    pub fn location(&self) -> [String; 2] {
        match &self.redis {
            Some(redis) => ["--redis".to_owned(), redis.url()],
            None => ["--data".to_owned(), self.data_file().display().to_string()],
        }
    }

    /// The data file of SQLite.
    pub fn data_file(&self) -> PathBuf {
        self.folder.path().join("kv.db")
    }
}

/// A folder for the state of an application: in memory where there is room, because what these tests end is processes,
/// not machines, and a disk that another program keeps busy must not decide what they find.
fn state_folder() -> TempDir {
    const ROOM_BYTES: u64 = 2 << 30;
    let memory = Path::new("/dev/shm");
    let room = rustix::fs::statvfs(memory).map_or(0, |found| found.f_bavail.saturating_mul(found.f_frsize));
    let folder = if room >= ROOM_BYTES { TempDir::new_in(memory) } else { TempDir::new() };
    folder.expect("a folder")
}
