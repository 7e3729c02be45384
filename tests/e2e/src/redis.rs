//! A Redis server of the test's own, which loses nothing that it has acknowledged.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::host::dying_with_us;
use crate::wait::eventually;

/// A server. Killed when dropped.
#[derive(Debug)]
pub struct Redis {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Redis {
    #[track_caller]
    pub(crate) fn start(folder: &Path) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = socket.local_addr().expect("an address").port();
        drop(socket);
        Self::start_on(port, folder)
    }

    #[track_caller]
    fn start_on(port: u16, folder: &Path) -> Self {
        let child = dying_with_us(Path::new("redis-server"))
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", "always", "--dir"])
            .arg(folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        let server = Self { child, port, folder: folder.to_owned() };
        eventually("redis-server answers", Duration::from_secs(10), || server.is_ready().then_some(()));
        server
    }

    /// It takes connections before it has read its file: only PONG means that it is ready.
    fn is_ready(&self) -> bool {
        use std::io::{Read as _, Write as _};
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let mut answer = [0; 5];
        stream.write_all(b"PING\r\n").and_then(|()| stream.read_exact(&mut answer)).is_ok()
            && &answer == b"+PONG"
    }

    /// As `--kv` takes it.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it and starts it again on its data.
    #[track_caller]
    pub fn kill9_and_restart(&mut self) {
        self.kill9();
        self.start_again();
    }

    /// Ends it as a power cut would.
    pub fn kill9(&mut self) {
        // Both fail when it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again on its data, on the same port.
    #[track_caller]
    pub fn start_again(&mut self) {
        *self = Self::start_on(self.port, &self.folder);
    }

    /// Bytes of the append-only file that it is writing.
    #[track_caller]
    pub fn written_bytes(&self) -> u64 {
        let files =
            std::fs::read_dir(self.folder.join("appendonlydir")).expect("a folder of append-only files");
        let size =
            |file: std::io::Result<std::fs::DirEntry>| file.and_then(|file| file.metadata()).map(|m| m.len());
        files.filter_map(|file| size(file).ok()).max().unwrap_or_default()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
