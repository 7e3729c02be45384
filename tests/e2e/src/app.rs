//! An application of a test's own: host, state, desks, provider.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::client::{Answer, Client};
use crate::desk::Desk;
use crate::host::{Host, Setup};
use crate::pack::pack;
use crate::provider::Provider;
use crate::redis::Redis;

pub(crate) const MASTER_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// The operator's token.
pub const ADMIN_TOKEN: &str = "adm_end_to_end";

/// The schedule's token.
pub const TICK_TOKEN: &str = "tick_end_to_end";

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
        let folder = TempDir::new().expect("a folder");
        let provider = Provider::start();
        let redis = (store == Store::Redis).then(|| Redis::start(folder.path()));
        let kv = match &redis {
            Some(redis) => redis.url(),
            None => format!("sqlite:{}", folder.path().join("kv.db").display()),
        };
        let log = folder.path().join("host.log");
        let setup = Setup { kv, provider: provider.base_url(), log, port: 0 };
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

    /// One more host on the same state.
    #[track_caller]
    pub fn another_host(&self) -> Host {
        Host::start(&Setup { log: self.folder.path().join("another.log"), ..self.setup.clone() })
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

    /// The data file of SQLite.
    pub fn data_file(&self) -> PathBuf {
        self.folder.path().join("kv.db")
    }
}
