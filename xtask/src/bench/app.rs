//! The application and the yardstick under load: started without a schedule, so that nothing runs beside them.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::load;
use crate::http::Client;
use crate::{pack, project, random};

const ADMIN: &str = "bench-admin";
const TICK: &str = "bench-tick";
const SECRET: &str = "bench-secret";
const HOOK: &str = "/hooks/school/whatsapp/main";

/// Senders in one webhook while seeding.
const SENDERS: usize = 500;

/// A running host; killed when dropped.
struct Host(Child);

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Host {
    fn start(program: &Path, manifest: &Path, port: u16, store: &str) -> Result<Self> {
        let cache = project::target().join("bench-cache");
        let child = Command::new(program)
            .arg("up")
            .args(["--listen", &format!("127.0.0.1:{port}"), "--kv", store])
            .arg("--manifest")
            .arg(manifest)
            .arg("--cache")
            .arg(cache)
            .env("SPIN_VARIABLE_MASTER_KEY", "5a".repeat(32))
            .env("SPIN_VARIABLE_ADMIN_TOKEN", ADMIN)
            .env("SPIN_VARIABLE_TICK_TOKEN", TICK)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting the host")?;
        let host = Self(child);
        let client = Client::new(&format!("http://127.0.0.1:{port}"));
        let start = Instant::now();
        while !client.send("GET", "/.well-known/spin/health", &[], None).is_ok_and(|a| a.is_success()) {
            if start.elapsed() > Duration::from_secs(180) {
                bail!("the host did not answer within three minutes");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(host)
    }

    /// The most memory that it ever held, in MB.
    fn peak_mb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.and_then(|kb| kb.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() / 1_024
    }
}

fn store(folder: &Path, name: &str, redis: Option<&str>) -> String {
    redis.map_or_else(|| format!("sqlite:{}", folder.join(name).display()), str::to_owned)
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The component to measure against.
pub struct Yardstick {
    host: Host,
    pub port: u16,
}

impl Yardstick {
    /// Starts it on a store of its own.
    pub fn start(program: &Path, folder: &Path, redis: Option<&str>) -> Result<Self> {
        let wasm = project::target().join("wasm32-wasip2/release/yardstick.wasm");
        let manifest = folder.join("yardstick.toml");
        let text = format!(
            "spin_manifest_version = 2\n[application]\nname = \"yardstick\"\nversion = \"0.1.0\"\n\
             [[trigger.http]]\nroute = \"/...\"\ncomponent = \"yardstick\"\n\
             [component.yardstick]\nsource = \"{}\"\nkey_value_stores = [\"default\"]\n",
            wasm.display()
        );
        std::fs::write(&manifest, text)?;
        let port = free_port()?;
        Ok(Self { host: Host::start(program, &manifest, port, &store(folder, "yardstick.db", redis))?, port })
    }

    pub fn peak_mb(&self) -> u64 {
        self.host.peak_mb()
    }
}

/// The application with the desk `school`.
pub struct App {
    host: Host,
    pub port: u16,
    client: Client,
    pub started: Duration,
    /// Tickets that were opened.
    tickets: AtomicUsize,
    /// Makes message ids differ between runs.
    run: String,
}

impl App {
    /// Starts it and publishes the desk.
    pub fn start(program: &Path, folder: &Path, redis: Option<&str>) -> Result<Self> {
        let port = free_port()?;
        let begun = Instant::now();
        let manifest = project::root().join("spin.toml");
        let host = Host::start(program, &manifest, port, &store(folder, "kv.db", redis))?;
        let client = Client::new(&format!("http://127.0.0.1:{port}"));
        let app = Self {
            host,
            port,
            client,
            started: begun.elapsed(),
            tickets: AtomicUsize::new(0),
            run: random::hex(4)?,
        };
        app.publish(&pack::bundle(&pack::folder("school"))?)?;
        let secrets = json!({"secret": SECRET, "verify_token": "bench"});
        app.client.json("PUT", "/api/school/channels/whatsapp/main/secrets", ADMIN, &secrets)?.success()?;
        Ok(app)
    }

    fn publish(&self, pack: &Value) -> Result<()> {
        self.client.json("PUT", "/api/school/pack", ADMIN, pack)?.success()
    }

    pub fn peak_mb(&self) -> u64 {
        self.host.peak_mb()
    }

    /// The first answer of each component: its instantiation is in it.
    pub fn first_answers(&self) -> Result<Vec<(&'static str, f64)>> {
        let mut first = Vec::new();
        for (component, path) in [
            ("inbound", "/hooks/x/y/z"),
            ("desk", "/api/x/tickets"),
            ("sla", "/api/x/sla/preview"),
            ("templates", "/api/x/templates/preview"),
            ("csat", "/s/x"),
            ("reports", "/api/x/reports/csat"),
            ("delivery", "/internal/tick/delivery"),
            ("projector", "/internal/tick/projections"),
        ] {
            let begun = Instant::now();
            self.client.send("POST", path, &[], Some(b"{}"))?;
            first.push((component, begun.elapsed().as_secs_f64() * 1_000.0));
        }
        Ok(first)
    }

    /// A signed message of one contact, on the ticket that is open or opens.
    pub fn message(&self, contact: usize) -> Vec<u8> {
        // Unique without a counter that threads would share.
        let id = format!("{}.{contact}.{}", self.run, random::hex(8).unwrap_or_default());
        let body = webhook(&[(format!("346{contact:08}"), id)]);
        load::post(
            HOOK,
            &[("content-type", "application/json"), ("x-hub-signature-256", &signature(&body))],
            &body,
        )
    }

    /// Opens tickets until there are so many, and brings the lists up to date.
    pub fn seed(&self, tickets: usize) -> Result<()> {
        let begun = Instant::now();
        while self.tickets.load(Relaxed) < tickets {
            let first = self.tickets.load(Relaxed);
            let count = SENDERS.min(tickets - first);
            self.open(first, count)?;
            self.tickets.store(first + count, Relaxed);
            if first % 10_000 < SENDERS {
                println!("  seeding {first} of {tickets} … {:.0} s", begun.elapsed().as_secs_f64());
            }
        }
        self.follow()
    }

    fn open(&self, first: usize, count: usize) -> Result<()> {
        let messages: Vec<_> = (first..first + count)
            .map(|n| (format!("346{n:08}"), format!("{}.seed.{n}", self.run)))
            .collect();
        let body = webhook(&messages);
        let headers = [("content-type", "application/json"), ("x-hub-signature-256", &*signature(&body))];
        self.client.send("POST", HOOK, &headers, Some(&body))?.success()
    }

    /// Has the feed followed to its end.
    fn follow(&self) -> Result<()> {
        while self.tick("projections")?.get("more") == Some(&Value::Bool(true)) {}
        Ok(())
    }

    fn tick(&self, name: &str) -> Result<Value> {
        let path = format!("/internal/tick/{name}");
        let report = self.client.json("POST", &path, TICK, &json!({}))?.value()?;
        report.get("school").cloned().context("the tick says nothing of the desk")
    }

    /// Opens tickets whose answer is due at once.
    pub fn make_due(&self, count: usize) -> Result<()> {
        let mut pack = pack::bundle(&pack::folder("school"))?;
        let usual = pack.get("sla").cloned().unwrap_or_default();
        pack["sla"] = json!([{
            "name": "At once",
            "targets": {"first_response": {"seconds": 1, "calendar": "calendar_time"}},
        }]);
        self.publish(&pack)?;
        let first = self.tickets.load(Relaxed);
        for start in (first..first + count).step_by(SENDERS) {
            self.open(start, SENDERS.min(first + count - start))?;
        }
        self.tickets.store(first + count, Relaxed);
        pack["sla"] = usual;
        self.publish(&pack)?;
        self.follow()?;
        // What is due after a second is overdue after two.
        std::thread::sleep(Duration::from_secs(2));
        Ok(())
    }

    /// Runs the service-level tick until nothing is due; how many notices it gave.
    pub fn tick_sla(&self) -> Result<usize> {
        let mut notices = 0;
        loop {
            let report = self.tick("sla")?;
            notices += report.get("notices").and_then(Value::as_u64).unwrap_or_default();
            if report.get("more") != Some(&Value::Bool(true)) {
                return Ok(usize::try_from(notices)?);
            }
        }
    }
}

/// A webhook as the provider sends it: one message of each sender.
fn webhook(messages: &[(String, String)]) -> Vec<u8> {
    let messages: Vec<Value> = messages
        .iter()
        .map(|(from, id)| {
            json!({"from": from, "id": id, "timestamp": "1770000000", "type": "text", "text": {"body": "No puedo entrar"}})
        })
        .collect();
    json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "34600000000", "phone_number_id": "100200300400501"},
        "messages": messages,
    }}]}]})
    .to_string()
    .into_bytes()
}

fn signature(body: &[u8]) -> String {
    match Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) {
        Ok(mut mac) => {
            mac.update(body);
            format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
        }
        Err(_) => String::new(), // HMAC takes keys of every length
    }
}
