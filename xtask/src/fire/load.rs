//! Mixed load for a long time: memory stays flat, nothing fails.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Options, Section};
use crate::bench::load;
use crate::http::Client;
use crate::{build, pack, project, random};

const TOKEN: &str = "fire-admin";
const TICK: &str = "fire-tick";
const SECRET: &str = "fire-secret";
const HOOK: &str = "/hooks/school/whatsapp/main";

/// Connections.
const CONNECTIONS: usize = 8;

/// Customers; each has one ticket, whose history grows.
const CUSTOMERS: usize = 4_000;

/// Of them in one webhook while seeding.
const SEEDED_AT_ONCE: usize = 100;

/// Of twenty requests so many are messages and lists or tickets read; the rest are notes written.
const INTAKE: usize = 14;
const READS: usize = 5;

/// Memory may grow by so much from a third of the time on: the allocator's own play.
const GROWTH: f64 = 1.15;

/// Runs both levels.
///
/// # Errors
/// When the application cannot be started or a request fails.
pub fn run(options: &Options) -> Result<Section> {
    let app = App::start()?;
    let tickets = app.seed()?;
    // Warm, and how much it takes.
    let capacity = app.mixed(&tickets, Duration::from_secs(10), None)?.measured.rate;
    let mut text = format!(
        "## Load\n\nMixed: 70 % intake, 25 % reads (a work list, a ticket), 5 % writes (notes), over {CONNECTIONS} connections, schedules every second, \
         {CUSTOMERS} customers, SQLite, {} s each. The generator runs on the same machine.\n\n\
         | level | requests | 1/s | failed | p50 ms | p99 ms | longest ms | memory after a third, MB | at the end, MB |\n\
         |---|---|---|---|---|---|---|---|---|\n",
        options.level.as_secs()
    );
    let mut held = true;
    for (name, rate) in [("half", Some(capacity / 2.0)), ("full", None)] {
        println!("  {name} capacity for {} s …", options.level.as_secs());
        let level = app.mixed(&tickets, options.level, rate)?;
        let m = &level.measured;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let requests = (m.rate * options.level.as_secs_f64()) as u64;
        text += &format!(
            "| {name} | {requests} | {:.0} | 0 | {:.1} | {:.1} | {:.0} | {:.0} | {:.0} |\n",
            m.rate,
            m.quantile_ms(0.5),
            m.quantile_ms(0.99),
            m.quantile_ms(1.0),
            level.third_mb,
            level.end_mb
        );
        held &= level.end_mb <= level.third_mb * GROWTH;
    }
    let failures = app.failures()?;
    held &= failures == 0;
    text += &format!(
        "\nInstances that failed: {failures}. Any answer that is no 2xx would have ended the run.\n"
    );
    Ok(Section { held, text })
}

struct Level {
    measured: load::Measured,
    third_mb: f64,
    end_mb: f64,
}

/// The application with the desk `school`; killed when dropped.
struct App {
    host: Child,
    port: u16,
    client: Client,
}

impl Drop for App {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.host.kill();
        let _ = self.host.wait();
    }
}

impl App {
    fn start() -> Result<Self> {
        let folder = project::target().join("fire");
        std::fs::create_dir_all(&folder)?;
        let data = folder.join("load.db");
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", data.display()));
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = std::fs::File::create(folder.join("load.log"))?;
        let mut command = Command::new(build::local_host_path());
        command
            .args([
                "up",
                "--listen",
                &format!("127.0.0.1:{port}"),
                "--kv",
                &format!("sqlite:{}", data.display()),
            ])
            .arg("--manifest")
            .arg(project::root().join("spin.toml"))
            .arg("--cache")
            .arg(project::target().join("fire-cache"));
        for tick in ["projections", "delivery", "sla", "surveys"] {
            command.arg("--tick").arg(format!("/internal/tick/{tick}=1"));
        }
        let host = command
            .env("SPIN_VARIABLE_MASTER_KEY", "5a".repeat(32))
            .env("SPIN_VARIABLE_ADMIN_TOKEN", TOKEN)
            .env("SPIN_VARIABLE_TICK_TOKEN", TICK)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("starting the host")?;
        let app = Self { host, port, client: Client::new(&format!("http://127.0.0.1:{port}")) };
        let start = Instant::now();
        while !app.client.send("GET", "/.well-known/spin/health", &[], None).is_ok_and(|a| a.is_success()) {
            ensure!(start.elapsed() < Duration::from_secs(300), "the host does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        let pack = pack::bundle(&pack::folder("school"))?;
        app.client.json("PUT", "/api/school/pack", TOKEN, &pack)?.success()?;
        let secrets = json!({"secret": SECRET, "verify_token": "fire"});
        app.client.json("PUT", "/api/school/channels/whatsapp/main/secrets", TOKEN, &secrets)?.success()?;
        Ok(app)
    }

    /// A ticket of every customer; their ids.
    fn seed(&self) -> Result<Vec<String>> {
        for first in (0..CUSTOMERS).step_by(SEEDED_AT_ONCE) {
            let (body, signature) = messages(first..first + SEEDED_AT_ONCE)?;
            let headers = [("content-type", "application/json"), ("x-hub-signature-256", &*signature)];
            self.client.send("POST", HOOK, &headers, Some(&body))?.success()?;
        }
        // So many at once are followed in more than one go.
        loop {
            let report = self.client.json("POST", "/internal/tick/projections", TICK, &json!({}))?.value()?;
            if report["school"]["more"] != true {
                break;
            }
        }
        let mut tickets = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/api/school/tickets?limit=100{cursor}");
            let page = self.client.get(&path, TOKEN)?.value()?;
            let items = page["items"].as_array().cloned().unwrap_or_default();
            tickets.extend(items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        ensure!(tickets.len() == CUSTOMERS, "{} tickets of {CUSTOMERS} customers", tickets.len());
        Ok(tickets)
    }

    fn mixed(&self, tickets: &[String], time: Duration, rate: Option<f64>) -> Result<Level> {
        #[allow(clippy::cast_precision_loss)] // a handful of connections
        let pause = rate.map(|rate| Duration::from_secs_f64(CONNECTIONS as f64 / rate));
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let memory = scope.spawn(|| {
                let begun = Instant::now();
                let mut third = None;
                while !done.load(Ordering::Relaxed) {
                    if begun.elapsed() > time / 3 {
                        third = third.or_else(|| self.memory_mb().ok());
                    }
                    std::thread::sleep(Duration::from_millis(200));
                }
                third.unwrap_or_default()
            });
            let measured = load::run(self.port, CONNECTIONS, time, pause, &|connection, n| {
                request(tickets, connection, n).unwrap_or_default()
            });
            let end_mb = self.memory_mb();
            done.store(true, Ordering::Relaxed);
            let Ok(third_mb) = memory.join() else { bail!("the memory could not be watched") };
            Ok(Level { measured: measured?, third_mb, end_mb: end_mb? })
        })
    }

    fn memory_mb(&self) -> Result<f64> {
        let bytes =
            self.figure("relevo_host_memory_bytes{kind=\"now\"}")?.context("no figure of the memory")?;
        Ok(bytes / 1_048_576.0)
    }

    fn failures(&self) -> Result<u64> {
        let text = self.client.get("/.well-known/relevo/metrics", TICK)?;
        text.success()?;
        let lines = text.body.lines().filter(|line| line.starts_with("relevo_host_instance_failures_total{"));
        Ok(lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum())
    }

    fn figure(&self, series: &str) -> Result<Option<f64>> {
        let answer = self.client.get("/.well-known/relevo/metrics", TICK)?;
        answer.success()?;
        Ok(answer.body.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok()))
    }
}

/// The n-th request of a connection.
fn request(tickets: &[String], connection: usize, n: usize) -> Result<Vec<u8>> {
    // Each connection begins elsewhere, so that they do not all write at the same time.
    let turn = (n + connection * 7) % 20;
    let customer = (connection * 53 + n) % CUSTOMERS;
    let ticket = tickets.get(customer).map(String::as_str).unwrap_or_default();
    let authorization = format!("Bearer {TOKEN}");
    if turn < INTAKE {
        let (body, signature) = messages(customer..customer + 1)?;
        let headers = [("content-type", "application/json"), ("x-hub-signature-256", &*signature)];
        return Ok(load::post(HOOK, &headers, &body));
    }
    if turn < INTAKE + READS {
        let path = match turn % 2 {
            0 => "/api/school/tickets?limit=20".to_owned(),
            _ => format!("/api/school/tickets/{ticket}"),
        };
        return Ok(format!(
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: {authorization}\r\n\r\n"
        )
        .into_bytes());
    }
    let headers = [("content-type", "application/json"), ("authorization", &*authorization)];
    Ok(load::post(
        &format!("/api/school/tickets/{ticket}/notes"),
        &headers,
        br#"{"text": "llamado, sin respuesta"}"#,
    ))
}

/// A webhook with a message of each of these that nobody has sent before, and its signature.
fn messages(customers: std::ops::Range<usize>) -> Result<(Vec<u8>, String)> {
    let one = |customer: usize| {
        let (id, from) = (format!("wamid.{}", random::hex(12)?), format!("3461{customer:07}"));
        let text = json!({"body": "No puedo entrar"});
        Ok(json!({"from": from, "id": id, "timestamp": "1780000000", "type": "text", "text": text}))
    };
    let messages = customers.map(one).collect::<Result<Vec<Value>>>()?;
    let value: Value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "34600000000", "phone_number_id": "100200300400501"},
        "messages": messages,
    });
    let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]});
    let body = body.to_string().into_bytes();
    let mut mac =
        Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).context("HMAC takes keys of every length")?;
    mac.update(&body);
    Ok((body, format!("sha256={}", hex::encode(mac.finalize().into_bytes()))))
}
