//! A stand-in for every provider and subscriber: remembers what it was sent and misbehaves on demand.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::wait::eventually;

mod shapes;

use shapes::{Accepted, accepted};

/// The provider. It serves until the test's process ends.
#[derive(Debug)]
pub struct Provider {
    address: SocketAddr,
    state: Arc<State>,
}

/// A request that it got.
#[derive(Clone, Debug)]
pub struct Received {
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// When it was there.
    pub at: Instant,
    /// What it was answered; 0: nothing.
    pub status: u16,
}

/// How it misbehaves.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answers with a status and a body.
    Status(u16, Value),
    /// Asks to be left alone for so many seconds.
    RetryAfter(u16, u32),
    /// Takes the request and closes the connection.
    NoAnswer,
    /// Accepts it, and the connection breaks within the answer.
    HalfAnswer,
    /// Accepts it in words that are not its own.
    Nonsense,
    /// Answers well, but only after a while.
    Slow(Duration),
    /// Sends a file of these bytes without saying beforehand how long it is.
    File(Vec<u8>),
}

#[derive(Debug, Default)]
struct State {
    received: Mutex<Vec<Received>>,
    faults: Mutex<Vec<(Fault, u32, String)>>,
    sent: AtomicU64,
}

impl Provider {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State::default());
        let provider = Self { address, state: Arc::clone(&state) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                std::thread::spawn(move || serve(&state, &stream));
            }
        });
        provider
    }

    /// Scheme, host, port.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next `times` requests whose path contains `path` meet with this.
    pub fn misbehave(&self, fault: Fault, times: u32, path: &str) {
        lock(&self.state.faults).push((fault, times, path.to_owned()));
    }

    /// From now on it behaves.
    pub fn behave(&self) {
        lock(&self.state.faults).clear();
    }

    /// All requests whose path contains `path`, oldest first.
    pub fn received(&self, path: &str) -> Vec<Received> {
        lock(&self.state.received).iter().filter(|request| request.path.contains(path)).cloned().collect()
    }

    /// All that was sent to a number on WhatsApp and contains a text, oldest first.
    pub fn sent_to(&self, phone: &str, text: &str) -> Vec<Received> {
        let mut all = self.received("/messages");
        all.retain(|request| request.json()["to"] == phone && request.text().contains(text));
        all
    }

    /// Waits for what is sent to a number on WhatsApp and contains a text.
    #[track_caller]
    pub fn wait_for(&self, phone: &str, text: &str) -> Received {
        let what = format!("the provider gets a message to {phone} with {text:?}");
        eventually(&what, Duration::from_secs(10), || self.sent_to(phone, text).into_iter().next())
    }
}

impl Received {
    /// The body as JSON; null if it is not.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// What a customer on WhatsApp reads: a text, or what goes into a template.
    pub fn text(&self) -> String {
        let body = self.json();
        match &body["template"] {
            Value::Null => body["text"]["body"].as_str().unwrap_or_default().to_owned(),
            template => template.to_string(),
        }
    }

    /// A header's value; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The path of the survey's link in the text.
    pub fn link(&self) -> Option<String> {
        let text = self.text();
        let rest = text.get(text.find("/s/")?..)?;
        rest.split_whitespace().next().map(str::to_owned)
    }
}

/// One request on a connection of its own.
fn serve(state: &State, mut stream: &TcpStream) {
    let Some((path, headers, body)) = read(stream) else { return };
    let at = Instant::now();
    let well = || accepted(&path, &body, &format!("OUT{}", state.sent.fetch_add(1, Ordering::Relaxed)));
    let bare = |status, body| Accepted { status, body, ..Accepted::default() };
    let fault = fault(state, &path);
    let open_ended = matches!(fault, Some(Fault::File(_)));
    let (answer, pause, cut) = match fault {
        Some(Fault::Status(status, answer)) => (bare(status, answer), Duration::ZERO, false),
        Some(Fault::RetryAfter(status, seconds)) => {
            let header = Some(("retry-after", seconds.to_string()));
            (Accepted { header, ..bare(status, Value::Null) }, Duration::ZERO, false)
        }
        Some(Fault::NoAnswer) => (bare(0, Value::Null), Duration::ZERO, false),
        Some(Fault::HalfAnswer) => (well(), Duration::ZERO, true),
        Some(Fault::Nonsense) => (bare(200, Value::from("<html>OK</html>")), Duration::ZERO, false),
        Some(Fault::Slow(pause)) => (well(), pause, false),
        Some(Fault::File(bytes)) => {
            let file = Some(("application/octet-stream", bytes));
            (Accepted { file, ..bare(200, Value::Null) }, Duration::ZERO, false)
        }
        None => (well(), Duration::ZERO, false),
    };
    let status = answer.status;
    lock(&state.received).push(Received { path, headers, body, at, status });
    std::thread::sleep(pause);
    if status != 0 {
        let (kind, bytes) = match answer.file {
            Some(file) => file,
            None if answer.body.is_null() => ("application/json", Vec::new()),
            None => ("application/json", answer.body.to_string().into_bytes()),
        };
        let header = answer.header.map_or(String::new(), |(name, value)| format!("\r\n{name}: {value}"));
        let length = if open_ended { String::new() } else { format!("\r\ncontent-length: {}", bytes.len()) };
        let head = format!(
            "HTTP/1.1 {status} As asked\r\ncontent-type: {kind}\r\nconnection: close{header}{length}\r\n\r\n"
        );
        let sent = if cut { bytes.len() / 2 } else { bytes.len() };
        // The other side may be gone: that is its affair.
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(bytes.get(..sent).unwrap_or_default());
    }
}

/// Request line, headers, body.
type Heard = (String, Vec<(String, String)>, String);

/// Path, headers and body; nothing if the other side hung up before it had said all.
fn read(stream: &TcpStream) -> Option<Heard> {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned())
    };
    let path = line()?.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length =
        headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some((path, headers, String::from_utf8_lossy(&body).into_owned()))
}

fn fault(state: &State, path: &str) -> Option<Fault> {
    let mut faults = lock(&state.faults);
    let (fault, times, _) =
        faults.iter_mut().find(|(_, times, place)| *times > 0 && path.contains(place.as_str()))?;
    *times -= 1;
    Some(fault.clone())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
