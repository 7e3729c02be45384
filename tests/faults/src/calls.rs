//! Calls that are repeated until they are acknowledged, as a provider or a careful client does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use relevo_e2e::{Client, Desk, TICK_TOKEN, whatsapp};

/// How long a call is repeated.
const PATIENCE: Duration = Duration::from_secs(180);

/// The hosts that a call may go to, and what was seen of them.
pub struct Hosts {
    clients: Vec<Client>,
    next: AtomicUsize,
    /// Calls that were not acknowledged: 503, or no whole answer.
    pub unacknowledged: AtomicUsize,
}

impl Hosts {
    pub fn new(clients: Vec<Client>) -> Self {
        Self { clients, next: AtomicUsize::new(0), unacknowledged: AtomicUsize::new(0) }
    }

    /// Another one each time: a repeat goes elsewhere.
    pub fn any(&self) -> &Client {
        &self.clients[self.next.fetch_add(1, Ordering::Relaxed) % self.clients.len()]
    }

    pub fn all(&self) -> &[Client] {
        &self.clients
    }

    /// Delivers a webhook until it is acknowledged.
    pub fn deliver(&self, desk: &Desk, body: &str) {
        let signature = whatsapp::signature(&desk.secret("whatsapp", "main"), body);
        let headers = [("content-type", "application/json"), ("x-hub-signature-256", &*signature)];
        self.until_acknowledged("POST", &desk.hook("whatsapp", "main"), &headers, body, 200);
    }

    /// Calls the desk's API as an agent until it is acknowledged; the key makes it one call.
    pub fn post_once(&self, desk: &Desk, path: &str, key: &str, body: &str) {
        let authorization = format!("Bearer {}", desk.agent.token);
        let headers = [
            ("authorization", &*authorization),
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ];
        self.until_acknowledged("POST", &format!("/api/{}/{path}", desk.name), &headers, body, 201);
    }

    fn until_acknowledged(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
        status: u16,
    ) {
        let begun = Instant::now();
        loop {
            match self.any().attempt(method, path, headers, Some(body.as_bytes())) {
                Ok(answer) if answer.status == status => return,
                // A store that is down is a 503 and nothing else. A trap or a time limit of the host is not one.
                Ok(answer) => assert_eq!(answer.status, 503, "{method} {path}: {}", answer.body),
                Err(_) => {}
            }
            self.unacknowledged.fetch_add(1, Ordering::Relaxed);
            assert!(begun.elapsed() < PATIENCE, "{method} {path} is never acknowledged");
            sleep(Duration::from_millis(20));
        }
    }

    /// Reads something as an agent, whether it answers or not; never a fault of the application.
    pub fn read(&self, desk: &Desk, path: &str) {
        let authorization = format!("Bearer {}", desk.agent.token);
        let path = format!("/api/{}/{path}", desk.name);
        if let Ok(answer) = self.any().attempt("GET", &path, &[("authorization", &authorization)], None) {
            assert!(matches!(answer.status, 200 | 503), "{path}: {} {}", answer.status, answer.body);
        }
    }
}

/// Fires a schedule once at one host, whatever comes of it.
pub fn tick(client: &Client, name: &str) {
    let authorization = format!("Bearer {TICK_TOKEN}");
    let path = format!("/internal/tick/{name}");
    let _ = client.attempt("POST", &path, &[("authorization", &authorization)], Some(b"{}"));
}
