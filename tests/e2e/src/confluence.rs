//! A stand-in for a Confluence in the cloud: REST v2 as Atlassian documents it, lists in parts by cursor, and faults on
//! demand. The importer's own tests use it too.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Who gets in: a mail address and an API token.
pub const LOGIN: &str = "nuria@colegio.example:ATATT3xFfGF0-only-for-tests";

/// Items of a part of a list, however many are asked for.
const PART: usize = 2;

/// The Confluence. It serves until the test's process ends.
pub struct Confluence {
    address: SocketAddr,
    state: Arc<State>,
}

/// How it misbehaves.
#[derive(Clone)]
pub enum Fault {
    /// Answers with a status, and asks to wait for so many seconds if that is said.
    Status(u16, Option<u32>),
    /// Answers with what is no document of its own.
    Nonsense,
    /// Says that the list goes on there.
    Next(String),
}

struct State {
    fixtures: PathBuf,
    gone: Mutex<Vec<String>>,
    faults: Mutex<Vec<(Fault, u32, String)>>,
    received: Mutex<Vec<String>>,
}

impl Confluence {
    /// Starts it with the answers in `tests/fixtures/confluence/rest`.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/confluence/rest");
        let state = Arc::new(State {
            fixtures,
            gone: Mutex::default(),
            faults: Mutex::default(),
            received: Mutex::default(),
        });
        let serving = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(&serving, &stream);
            }
        });
        Self { address, state }
    }

    /// Scheme, host, port.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next `times` requests whose path contains `path` meet with this.
    pub fn misbehave(&self, fault: Fault, times: u32, path: &str) {
        lock(&self.state.faults).push((fault, times, path.to_owned()));
    }

    /// Somebody deletes a page.
    pub fn delete(&self, id: &str) {
        lock(&self.state.gone).push(id.to_owned());
    }

    /// Paths and queries of what it was asked, oldest first.
    pub fn received(&self) -> Vec<String> {
        lock(&self.state.received).clone()
    }
}

fn serve(state: &State, stream: &TcpStream) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let path = lines.next().unwrap_or_default().split(' ').nth(1).unwrap_or_default().to_owned();
    let mut authorization = String::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("authorization")
        {
            value.trim().clone_into(&mut authorization);
        }
    }
    lock(&state.received).push(path.clone());
    let (status, retry, body) = answer(state, &path, &authorization);
    let retry = retry.map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\n{retry}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // The other side may be gone: that is its affair.
    let _ = (&mut &*stream).write_all(format!("{head}{body}").as_bytes());
}

fn answer(state: &State, whole: &str, authorization: &str) -> (u16, Option<u32>, String) {
    let (path, query) = whole.split_once('?').unwrap_or((whole, ""));
    let problem = |status: u16, title: &str| {
        (
            status,
            None,
            json!({"errors": [{"status": status, "code": "ERROR", "title": title, "detail": null}]})
                .to_string(),
        )
    };
    let fault = fault(state, whole);
    match &fault {
        Some(Fault::Status(status, retry)) => return (*status, *retry, "{}".to_owned()),
        Some(Fault::Nonsense) => return (200, None, "<html>maintenance</html>".to_owned()),
        Some(Fault::Next(_)) | None => {}
    }
    if authorization != format!("Basic {}", STANDARD.encode(LOGIN)) {
        return problem(401, "Unauthorized");
    }
    let parameter = |name: &str| {
        query
            .split('&')
            .filter_map(|one| one.split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    };
    let read = |name: &str| -> Value {
        let text = std::fs::read_to_string(state.fixtures.join(name)).expect("a fixture");
        serde_json::from_str(&text).expect("JSON")
    };
    let gone = lock(&state.gone).clone();
    let mut items: Vec<Value> = match path.split('/').skip(1).collect::<Vec<_>>().as_slice() {
        ["wiki", "api", "v2", "spaces"] => {
            let spaces = read("spaces.json")["results"].as_array().cloned().unwrap_or_default();
            spaces.into_iter().filter(|space| space["key"].as_str() == parameter("keys")).collect()
        }
        ["wiki", "api", "v2", "spaces", "65540", "pages"] => {
            let mut pages = read("pages.json")["results"].as_array().cloned().unwrap_or_default();
            // Without the format that is asked for, bodies are empty.
            if parameter("body-format") != Some("storage") {
                pages.iter_mut().for_each(|page| page["body"] = json!({}));
            }
            pages
        }
        ["wiki", "api", "v2", "pages", id, "labels"] => match read("labels.json")[*id].as_array() {
            Some(labels) => labels.clone(),
            None => return problem(404, "Not Found"),
        },
        _ => return problem(404, "Not Found"),
    };
    items.retain(|item| !item["id"].as_str().is_some_and(|id| gone.iter().any(|one| one == id)));
    let from = parameter("cursor")
        .and_then(|cursor| cursor.strip_prefix("eyJpZCI6")?.parse().ok())
        .unwrap_or(0_usize);
    let mut links = json!({"base": "https://colegio.atlassian.net/wiki"});
    let to = from.saturating_add(PART).min(items.len());
    if to < items.len() {
        let others: Vec<&str> = query.split('&').filter(|one| !one.starts_with("cursor=")).collect();
        links["next"] = json!(format!("{path}?{}&cursor=eyJpZCI6{to}", others.join("&")));
    }
    if let Some(Fault::Next(next)) = fault {
        links["next"] = json!(next);
    }
    let results = items.get(from..to).unwrap_or_default();
    (200, None, json!({"results": results, "_links": links}).to_string())
}

fn fault(state: &State, path: &str) -> Option<Fault> {
    let mut faults = lock(&state.faults);
    let fault = faults.iter_mut().find(|(_, times, part)| *times > 0 && path.contains(part.as_str()))?;
    fault.1 = fault.1.saturating_sub(1);
    Some(fault.0.clone())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
