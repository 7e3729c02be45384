//! The application and the yardstick under load: started without a schedule, so that nothing runs beside them.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::load;
use super::twin::Asked;
use crate::http::Client;
use crate::{pack, project, random};

pub const ADMIN: &str = "bench-admin";
const TICK: &str = "bench-tick";
const SECRET: &str = "bench-secret";
const HOOK: &str = "/hooks/school/whatsapp/main";

/// Senders in one webhook while seeding.
const SEEDED_AT_ONCE: usize = 100;

/// Connections while seeding.
const SEEDERS: usize = 8;

/// Webhooks after which the feed is followed.
const SEEDED_BETWEEN_FOLLOWS: usize = 100;

/// Messages through the journal, sealed or in clear.
const JOURNALLED: u16 = 500;

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
    fn start(program: &Path, manifest: &Path, port: u16, store: &str, calls: Option<&Path>) -> Result<Self> {
        let cache = project::target().join("bench-cache");
        let mut command = Command::new(program);
        command
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
            .stderr(Stdio::null());
        if let Some(file) = calls {
            command.arg("--kv-calls").arg(file);
        }
        let host = Self(command.spawn().context("starting the host")?);
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

    /// A line of the process's status, in MB.
    fn status_mb(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|kb| kb.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() / 1_024
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The application's own manifest with the yardstick beside its components.
fn manifest(folder: &Path) -> Result<PathBuf> {
    let own = project::root().join("spin.toml");
    let text = std::fs::read_to_string(&own).with_context(|| format!("reading {}", own.display()))?;
    let text = text.replace("source = \"target/", &format!("source = \"{}/", project::target().display()));
    let wasm = project::target().join("wasm32-wasip2/release/yardstick.wasm");
    let yardstick = format!(
        "\n[[trigger.http]]\nroute = \"/yardstick/...\"\ncomponent = \"yardstick\"\n\
         [component.yardstick]\nsource = \"{}\"\nkey_value_stores = [\"default\"]\n",
        wasm.display()
    );
    let path = folder.join("spin.toml");
    std::fs::write(&path, text + &yardstick)?;
    Ok(path)
}

/// The application with the desk `school`, and the yardstick.
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
        let sqlite = || format!("sqlite:{}", folder.join("kv.db").display());
        Self::start_on(program, folder, &redis.map_or_else(sqlite, str::to_owned), None)
    }

    /// Starts one in memory whose key-value calls are noted in a file.
    pub fn start_noting(program: &Path, folder: &Path, calls: &Path) -> Result<Self> {
        Self::start_on(program, folder, "memory", Some(calls))
    }

    fn start_on(program: &Path, folder: &Path, store: &str, calls: Option<&Path>) -> Result<Self> {
        let port = free_port()?;
        let begun = Instant::now();
        let host = Host::start(program, &manifest(folder)?, port, store, calls)?;
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

    /// The most memory that the host held since [`App::forget_peak`], in MB.
    pub fn peak_mb(&self) -> u64 {
        self.host.status_mb("VmHWM")
    }

    /// Memory that is the host's own, in MB: not its program and compiled components, which are files' pages.
    pub fn own_mb(&self) -> u64 {
        self.host.status_mb("RssAnon")
    }

    /// Processor time that the host has spent, in milliseconds.
    pub fn cpu_ms(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.host.0.id())).unwrap_or_default();
        // The program's name, in brackets, may hold spaces; user and system time are 11 fields after it.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
        // In hundredths of a second on every Linux of today.
        fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() * 10.0
    }

    /// Lets the peak begin anew.
    pub fn forget_peak(&self) {
        // Where that is not to be had, the peak is that of the whole run.
        let _ = std::fs::write(format!("/proc/{}/clear_refs", self.host.0.id()), "5");
    }

    /// For each component the time of its first answer, its instantiation included, and of the next, in milliseconds.
    pub fn first_answers(&self) -> Result<Vec<(&'static str, f64, f64)>> {
        let mut answers = Vec::new();
        for (component, path) in [
            ("yardstick", "/yardstick/answer"),
            ("inbound", "/hooks/x/y/z"),
            ("desk", "/api/x/tickets"),
            ("sla", "/api/x/sla/preview"),
            ("templates", "/api/x/templates/preview"),
            ("csat", "/s/x"),
            ("reports", "/api/x/reports/csat"),
            ("delivery", "/internal/tick/delivery"),
            ("projector", "/internal/tick/projections"),
        ] {
            let time = || {
                let begun = Instant::now();
                self.client.send("POST", path, &[], Some(b"{}"))?;
                anyhow::Ok(begun.elapsed().as_secs_f64() * 1_000.0)
            };
            answers.push((component, time()?, time()?));
        }
        Ok(answers)
    }

    /// A ticket, so that following numbers are spread over all of them evenly.
    pub fn spread(&self, n: usize) -> usize {
        // Prime, and no number of tickets here is a multiple of it.
        n.wrapping_mul(7_919) % self.tickets.load(Relaxed).max(1)
    }

    /// Asks the desk something.
    pub fn ask(&self, path: &str, body: &Value) -> Result<Value> {
        self.client.json("POST", &format!("/api/school/{path}"), ADMIN, body)?.value()
    }

    /// The ticket that was opened last.
    pub fn newest_ticket(&self) -> Result<String> {
        self.follow()?;
        let list = self.client.json("GET", "/api/school/tickets?limit=1", ADMIN, &Value::Null)?.value()?;
        let id = list.pointer("/items/0/id").and_then(Value::as_str);
        Ok(id.context("there is no ticket")?.to_owned())
    }

    /// The path of the survey's link that went out about a ticket.
    pub fn survey_link(&self, ticket: &str) -> Result<String> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(30) {
            self.follow()?;
            self.tick("surveys")?;
            let path = format!("/api/school/tickets/{ticket}");
            let read = self.client.json("GET", &path, ADMIN, &Value::Null)?.value()?;
            let messages = read.get("messages").and_then(Value::as_array);
            let texts = messages.into_iter().flatten().filter_map(|message| message.get("text")?.as_str());
            let link =
                texts.filter_map(|text| text.get(text.find("/s/")?..)?.split_whitespace().next()).next();
            if let Some(link) = link {
                return Ok(link.to_owned());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("no survey went out about {ticket}")
    }

    /// A signed message of one contact, on the ticket that is open or opens.
    pub fn message(&self, contact: usize) -> Vec<u8> {
        // Unique without a counter that threads would share.
        let id = format!("{}.{contact}.{}", self.run, random::hex(8).unwrap_or_default());
        signed(&webhook(&[(format!("346{contact:08}"), id)]))
    }

    /// The key-value calls of such a message and nothing else.
    pub fn yardstick_call(&self, contact: usize, asked: Asked) -> Vec<u8> {
        let Asked { slot, snapshot, feed, keys } = asked;
        load::post(
            &format!("/yardstick/calls/c{contact}?slot={slot}&snapshot={snapshot}&feed={feed}&keys={keys}"),
            &[],
            b"",
        )
    }

    /// Milliseconds that the journal takes for a message of so many bytes, with its text sealed or in clear, in the same
    /// engine as the application.
    pub fn journal_ms(&self, sealed: bool, bytes: usize) -> Result<f64> {
        let path =
            format!("/yardstick/messages?sealed={}&times={JOURNALLED}&bytes={bytes}", i32::from(sealed));
        let begun = Instant::now();
        self.send(&load::post(&path, &[], b""))?;
        Ok(begun.elapsed().as_secs_f64() * 1_000.0 / f64::from(JOURNALLED))
    }

    /// Sends one request.
    pub fn send(&self, request: &[u8]) -> Result<()> {
        load::send(self.port, request)
    }

    /// Gives the yardstick as many values as there are tickets.
    pub fn fill_yardstick(&self, tickets: usize, asked: Asked) -> Result<()> {
        let Asked { slot, snapshot, .. } = asked;
        for from in (0..tickets).step_by(10_000) {
            let to = tickets.min(from + 10_000);
            let path = format!("/yardstick/fill?from={from}&to={to}&slot={slot}&snapshot={snapshot}");
            self.send(&load::post(&path, &[], b""))?;
        }
        Ok(())
    }

    /// Opens tickets until there are so many, over several connections, and brings the lists up to date.
    pub fn seed(&self, tickets: usize) -> Result<()> {
        let first = self.tickets.load(Relaxed);
        let begun = Instant::now();
        let steps: Vec<usize> = (first..tickets).step_by(SEEDED_AT_ONCE).collect();
        for some in steps.chunks(SEEDED_BETWEEN_FOLLOWS) {
            let Some(from) = some.first() else { break };
            let next = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                let work = || {
                    while let Some(start) = some.get(next.fetch_add(1, Relaxed)) {
                        self.open(*start, SEEDED_AT_ONCE.min(tickets - start))?;
                    }
                    anyhow::Ok(())
                };
                let threads: Vec<_> = (0..SEEDERS).map(|_| scope.spawn(work)).collect();
                threads.into_iter().try_for_each(|t| t.join().unwrap_or_else(|_| bail!("a thread failed")))
            })?;
            self.tickets.store(tickets.min(from + some.len() * SEEDED_AT_ONCE), Relaxed);
            let opened = begun.elapsed();
            self.follow()?;
            let (now, all) = (self.tickets.load(Relaxed), begun.elapsed());
            println!(
                "  seeding: {now} of {tickets} tickets, {:.0} s; opened for {:.1} s of it",
                all.as_secs_f64(),
                opened.as_secs_f64()
            );
        }
        self.follow()
    }

    /// Opens tickets that no measurement uses.
    pub fn open_others(&self, count: usize) -> Result<()> {
        (1..=count).step_by(SEEDED_AT_ONCE).try_for_each(|first| self.open(first, SEEDED_AT_ONCE))
    }

    fn open(&self, first: usize, count: usize) -> Result<()> {
        let messages: Vec<_> = (first..first + count)
            .map(|n| (format!("346{n:08}"), format!("{}.seed.{n}", self.run)))
            .collect();
        self.send(&signed(&webhook(&messages)))
    }

    /// Tickets that were opened.
    pub fn open_tickets(&self) -> usize {
        self.tickets.load(Relaxed)
    }

    /// Has the feed followed to its end.
    pub fn follow(&self) -> Result<()> {
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
        for start in (first..first + count).step_by(SEEDED_AT_ONCE) {
            self.open(start, SEEDED_AT_ONCE.min(first + count - start))?;
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

/// The webhook's request.
fn signed(body: &[u8]) -> Vec<u8> {
    let headers = [("content-type", "application/json"), ("x-hub-signature-256", &*signature(body))];
    load::post(HOOK, &headers, body)
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
