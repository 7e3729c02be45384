//! A host with the test's own manifest, and questions to the component in it.

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::http::{Answer, ask};

/// A manifest with two components of the same file, one of them private, and the wasm's place filled in.
pub const MANIFEST: &str = r#"
spin_manifest_version = 2
[application]
name = "test"
version = "1.0.0"
[variables]
secret_word = { required = true, secret = true }
place = { default = "somewhere" }
[[trigger.http]]
route = "/guest/..."
component = "guest"
[[trigger.http]]
route = "/users/:user/..."
component = "guest"
[[trigger.http]]
route = "/exact"
component = "guest"
[[trigger.http]]
route = { private = true }
component = "hidden"
[component.guest]
source = "GUEST"
key_value_stores = ["default"]
allowed_outbound_hosts = ["http://hidden.spin.internal", "http://absent.spin.internal", "http://127.0.0.1:*", "http://self", "https://*:*"]
[component.guest.variables]
greeting = "{{ secret_word }} from {{ place }}"
[component.hidden]
source = "GUEST"
"#;

pub const FREE_PORT: &str = "127.0.0.1:0";

pub struct Host {
    process: Child,
    pub base_url: String,
    pub folder: tempfile::TempDir,
    said: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

/// The component's file.
pub fn guest() -> PathBuf {
    let path = std::env::var_os("RELEVO_GUEST_WASM").map(PathBuf::from).unwrap_or_else(|| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/wasm32-wasip2/release/local_host_guest.wasm")
    });
    assert!(
        path.is_file(),
        "{} is missing: `cargo xtask test` builds it, or build tests/guest for wasm32-wasip2 and set RELEVO_GUEST_WASM",
        path.display()
    );
    path
}

/// A command that would serve the manifest, with a folder of its own.
pub fn command(manifest: &str, folder: &Path, listen: &str) -> Command {
    std::fs::write(folder.join("spin.toml"), manifest.replace("GUEST", guest().to_str().unwrap())).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_relevo-host"));
    command
        .current_dir(folder)
        .args(["up", "--listen", listen, "--cache"])
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"))
        .env_clear()
        .env("SPIN_VARIABLE_SECRET_WORD", "hush")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Host {
    /// Serves [`MANIFEST`] on a store in memory.
    pub fn start() -> Self {
        Self::start_with(&["--kv", "memory"])
    }

    pub fn start_with(args: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), args)
    }

    /// Starts in the folder of a host that is gone, with what it left there.
    pub fn start_in(folder: tempfile::TempDir, args: &[&str]) -> Self {
        let mut command = command(MANIFEST, folder.path(), FREE_PORT);
        Self::run(folder, command.args(args))
    }

    fn run(folder: tempfile::TempDir, command: &mut Command) -> Self {
        let mut process = command.spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let mut stderr = BufReader::new(process.stderr.take().unwrap());
        let heard = Arc::clone(&said);
        let reader = thread::spawn(move || {
            let mut line = String::new();
            while stderr.read_line(&mut line).is_ok_and(|read| read > 0) {
                heard.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        let mut first = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let base_url = first.trim().strip_prefix("Serving ").unwrap_or_else(|| {
            let _ = process.wait();
            panic!("the host did not start: {}", said.lock().unwrap())
        });
        Self { base_url: base_url.to_owned(), process, folder, said, reader: Some(reader) }
    }

    pub fn address(&self) -> &str {
        self.base_url.strip_prefix("http://").unwrap()
    }

    /// Sends `GET` for a path of the component `guest`.
    pub fn get(&self, path: &str) -> Answer {
        ask(
            self.address(),
            &format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address()),
        )
    }

    /// What the component answers, which must be 200 and JSON.
    pub fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Several questions at once.
    pub fn get_all(&self, paths: &[String]) -> Vec<Answer> {
        thread::scope(|scope| {
            let asked: Vec<_> = paths.iter().map(|path| scope.spawn(move || self.get(path))).collect();
            asked.into_iter().map(|answer| answer.join().unwrap()).collect()
        })
    }

    /// What the host wrote to standard error so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has said something.
    pub fn wait_until_said(&self, text: &str) {
        let started = Instant::now();
        while !self.said().contains(text) {
            assert!(started.elapsed() < Duration::from_secs(10), "never said {text:?}: {}", self.said());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.process.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end; everything it said is there then.
    pub fn wait(&mut self) -> ExitStatus {
        let status = self.process.wait().unwrap();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        status
    }

    /// Ends it at once and keeps its folder.
    pub fn kill(mut self) -> tempfile::TempDir {
        self.signal("KILL");
        self.wait();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A start that is to fail: what it says.
pub fn failed_start(manifest: &str, listen: &str, without_values: bool) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(manifest, folder.path(), listen);
    command.args(["--kv", "memory"]);
    if without_values {
        command.env_clear();
    }
    let mut process = command.spawn().unwrap();
    let mut stdout = String::new();
    process.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(!output.status.success() && stdout.is_empty(), "it started: {stdout}");
    String::from_utf8(output.stderr).unwrap()
}
