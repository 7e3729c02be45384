//! A stand-in for every provider and subscriber: takes what `delivery` sends, answers in the provider's shape, and
//! shows what it took.
//!
//! | call | what it does |
//! |---|---|
//! | `GET /requests` | what it received, newest last: `[{"method", "path", "headers", "body", "at"}]` |
//! | `DELETE /requests` | forgets it |
//! | `POST /faults` `{"status": 429, "times": 2, "path": "/messages", "retry_after": 5}` | the next `times` requests whose path contains `path` (all, without it) get that status |
//! | what a provider's API takes | what it answers, see `shapes` |
//! | anything else | 200 `{}` |

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tiny_http::{Header, Method, Request, Response, Server};

use crate::{clock, random};

#[path = "../../tests/e2e/src/provider/shapes.rs"]
mod shapes;

use shapes::{Accepted, accepted};

/// How many requests are remembered.
const REMEMBERED: usize = 10_000;

/// How many requests are served at once.
const THREADS: usize = 4;

/// Largest body that is taken, in bytes.
const LARGEST_BODY: u64 = 16 << 20;

/// A stand-in that serves until the process ends.
pub struct StandIn {
    address: SocketAddr,
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    faults: Vec<Fault>,
}

#[derive(Serialize)]
struct Received {
    method: String,
    path: String,
    headers: serde_json::Map<String, Value>,
    body: String,
    at: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fault {
    status: u16,
    times: u32,
    #[serde(default)]
    path: String,
    #[serde(default)]
    retry_after: Option<u32>,
}

impl StandIn {
    /// Starts it on the port, or on a free one if that is taken.
    ///
    /// # Errors
    /// When no port is to be had.
    pub fn start(port: Option<u16>) -> Result<Self> {
        let server = port.and_then(|port| Server::http(("127.0.0.1", port)).ok());
        let server = match server {
            Some(server) => server,
            None => Server::http("127.0.0.1:0")
                .map_err(|error| anyhow!("starting the stand-in provider: {error}"))?,
        };
        let address = server.server_addr().to_ip().ok_or_else(|| anyhow!("the stand-in has no address"))?;
        let server = Arc::new(server);
        let state = Arc::new(Mutex::new(State::default()));
        for _ in 0..THREADS {
            let (server, state) = (Arc::clone(&server), Arc::clone(&state));
            std::thread::spawn(move || {
                for request in server.incoming_requests() {
                    serve(&state, request);
                }
            });
        }
        Ok(Self { address })
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Scheme, host and port.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn serve(state: &Mutex<State>, mut request: Request) {
    let mut bytes = Vec::new();
    let answer = match std::io::Read::read_to_end(
        &mut std::io::Read::take(request.as_reader(), LARGEST_BODY),
        &mut bytes,
    ) {
        Ok(_) => answer(state, &request, &String::from_utf8_lossy(&bytes)),
        Err(error) => own(400, json!({"error": error.to_string()})),
    };
    let (kind, bytes) = match answer.file {
        Some(file) => file,
        None if answer.body.is_null() => ("application/json", Vec::new()),
        None => ("application/json", answer.body.to_string().into_bytes()),
    };
    let mut response = Response::from_data(bytes).with_status_code(answer.status);
    let kind = ("content-type", kind.to_owned());
    for (name, value) in answer.header.into_iter().chain([kind]) {
        if let Ok(header) = Header::from_bytes(name, value) {
            response.add_header(header);
        }
    }
    // The other side may be gone: that is its affair.
    let _ = request.respond(response);
}

/// An answer that is no provider's.
fn own(status: u16, body: Value) -> Accepted {
    Accepted { status, body, ..Accepted::default() }
}

fn answer(state: &Mutex<State>, request: &Request, body: &str) -> Accepted {
    let path = request.url();
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    match (request.method(), path.split('?').next().unwrap_or_default()) {
        (Method::Get, "/requests") => own(200, json!(state.received)),
        (Method::Delete, "/requests") => {
            state.received.clear();
            own(200, json!({}))
        }
        (Method::Post, "/faults") => match serde_json::from_str(body) {
            Ok(fault) => {
                state.faults.push(fault);
                own(200, json!({}))
            }
            Err(error) => own(400, json!({"error": error.to_string()})),
        },
        (method, _) => {
            let received = Received {
                method: method.to_string(),
                path: path.to_owned(),
                headers: headers(request),
                body: body.to_owned(),
                at: clock::rfc3339(clock::now_ms()),
            };
            if state.received.len() >= REMEMBERED {
                state.received.remove(0);
            }
            state.received.push(received);
            state.fault(path).unwrap_or_else(|| accepted(path, body, &random::hex(16).unwrap_or_default()))
        }
    }
}

impl State {
    fn fault(&mut self, path: &str) -> Option<Accepted> {
        let fault = self.faults.iter_mut().find(|fault| fault.times > 0 && path.contains(&fault.path))?;
        fault.times -= 1;
        let (status, after) = (fault.status, fault.retry_after);
        self.faults.retain(|fault| fault.times > 0);
        let header = after.map(|seconds| ("retry-after", seconds.to_string()));
        let body = json!({"error": {"message": "a fault that was asked for", "code": status}});
        Some(Accepted { header, ..own(status, body) })
    }
}

/// Repeated headers are joined by a comma, as HTTP allows.
fn headers(request: &Request) -> serde_json::Map<String, Value> {
    let mut headers = serde_json::Map::new();
    for header in request.headers() {
        let name = header.field.as_str().as_str().to_ascii_lowercase();
        let value = match headers.get(&name).and_then(Value::as_str) {
            Some(earlier) => format!("{earlier}, {}", header.value),
            None => header.value.to_string(),
        };
        headers.insert(name, value.into());
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Client;

    #[test]
    fn it_answers_as_the_graph_api_and_shows_what_it_received() {
        let stand_in = StandIn::start(None).expect("starts");
        let client = Client::new(&stand_in.base_url());
        let sent =
            client.json("POST", "/v23.0/1/messages", "t", &json!({"to": "15550001"})).expect("answers");
        let answer = sent.value().expect("accepted");
        assert_eq!(answer["contacts"][0]["wa_id"], "15550001");
        assert!(answer["messages"][0]["id"].as_str().is_some_and(|id| id.starts_with("wamid.")));
        let posted = client.json("POST", "/subscribers/x", "t", &json!({})).expect("answers");
        assert_eq!((posted.status, &*posted.body), (200, "{}"));

        let list = client.get("/requests", "t").expect("answers").value().expect("list");
        assert_eq!(list.as_array().map(Vec::len), Some(2));
        assert_eq!(list[0]["method"], "POST");
        assert_eq!(list[0]["path"], "/v23.0/1/messages");
        assert_eq!(list[0]["headers"]["authorization"], "Bearer t");
        assert_eq!(list[0]["body"], r#"{"to":"15550001"}"#);
    }

    #[test]
    fn faults_come_as_often_as_asked_and_only_where_asked() {
        let stand_in = StandIn::start(None).expect("starts");
        let client = Client::new(&stand_in.base_url());
        let fault = json!({"status": 503, "times": 2, "path": "/messages"});
        assert_eq!(client.json("POST", "/faults", "t", &fault).expect("answers").status, 200);
        assert_eq!(client.json("POST", "/faults", "t", &json!({"state": 1})).expect("answers").status, 400);
        let status = |path: &str| client.json("POST", path, "t", &json!({})).expect("answers").status;
        assert_eq!(
            [status("/v1/1/messages"), status("/other"), status("/v1/1/messages"), status("/v1/1/messages")],
            [503, 200, 503, 200]
        );
    }
}
