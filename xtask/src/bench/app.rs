//! The application and the yardstick under load: started without a schedule, so that nothing runs beside them.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use super::host::{self, ADMIN, Host, TICK};
use super::twin::Asked;
use super::{load, webhooks};
use crate::http::Client;
use crate::stand_in::StandIn;
use crate::{pack, random};

/// Senders in one webhook while seeding.
const SEEDED_AT_ONCE: usize = 100;

/// Connections while seeding.
const SEEDERS: usize = 8;

/// Webhooks after which the feed is followed.
const SEEDED_BETWEEN_FOLLOWS: usize = 100;

/// Messages through the journal, sealed or in clear.
const JOURNALLED: u16 = 500;

/// The application with the desk `school`, and the yardstick.
pub struct App {
    host: Host,
    pub port: u16,
    client: Client,
    /// What is sent arrives there.
    providers: StandIn,
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
        let port = host::free_port()?;
        let begun = Instant::now();
        let providers = StandIn::start(None)?;
        let host =
            Host::start(program, &host::manifest(folder)?, port, store, (&providers.base_url(), calls))?;
        let client = Client::new(&format!("http://127.0.0.1:{port}"));
        let app = Self {
            host,
            port,
            client,
            providers,
            started: begun.elapsed(),
            tickets: AtomicUsize::new(0),
            run: random::hex(4)?,
        };
        app.publish(&school()?)?;
        let secrets = json!({"secret": webhooks::SECRET, "verify_token": "bench", "access_token": "bench"});
        for channel in ["whatsapp", "mime"] {
            let path = format!("/api/school/channels/{channel}/main/secrets");
            app.client.json("PUT", &path, ADMIN, &secrets)?.success()?;
        }
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
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.host.id())).unwrap_or_default();
        // The program's name, in brackets, may hold spaces; user and system time are 11 fields after it.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
        // In hundredths of a second on every Linux of today.
        fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() * 10.0
    }

    /// Lets the peak begin anew.
    pub fn forget_peak(&self) {
        // Where that is not to be had, the peak is that of the whole run.
        let _ = std::fs::write(format!("/proc/{}/clear_refs", self.host.id()), "5");
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
            // A webhook that is refused takes a time of its own; a method that webhooks do not have is answered at once.
            let method = if component == "inbound" { "PUT" } else { "POST" };
            let time = || {
                let begun = Instant::now();
                self.client.send(method, path, &[], Some(b"{}"))?;
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
        webhooks::whatsapp(&[(format!("346{contact:08}"), id)])
    }

    /// A signed batch of one message of each of so many contacts.
    pub fn batch(&self, first: usize, count: usize) -> Vec<u8> {
        let id = format!("{}.{first}.{}", self.run, random::hex(8).unwrap_or_default());
        let messages: Vec<_> = (0..count)
            .map(|n| (format!("346{:08}", self.spread(first.wrapping_add(n))), format!("{id}.{n}")))
            .collect();
        webhooks::whatsapp(&messages)
    }

    /// A page of the work list.
    pub fn list(&self, limit: usize, cursor: &str) -> Result<Value> {
        self.client.get(&format!("/api/school/tickets?limit={limit}{cursor}"), ADMIN)?.value()
    }

    /// Reads something of the desk.
    pub fn read(&self, path: &str) -> Result<Value> {
        self.client.get(&format!("/api/school/{path}"), ADMIN)?.value()
    }

    /// The bytes of a question, as often as it is asked.
    pub fn get(&self, path: &str) -> Vec<u8> {
        load::get(path, &[("authorization", &format!("Bearer {ADMIN}"))])
    }

    /// A message that says something, of a contact of its own.
    pub fn say(&self, text: &str) -> Result<()> {
        let id = format!("{}.say.{}", self.run, random::hex(8)?);
        self.send(&webhooks::whatsapp_text(&[("34699999999".to_owned(), id)], text))
    }

    /// Ids of so many open tickets, as far as there are so many.
    pub fn some_tickets(&self, count: usize) -> Result<Vec<String>> {
        let (mut tickets, mut cursor) = (Vec::new(), String::new());
        while tickets.len() < count {
            let page = self.list(100, &cursor)?;
            let items = page.get("items").and_then(Value::as_array).context("a list has items")?;
            let of_whatsapp = items.iter().filter(|ticket| ticket.get("channel") == Some(&json!("whatsapp")));
            tickets.extend(of_whatsapp.filter_map(|ticket| Some(ticket.get("id")?.as_str()?.to_owned())));
            match page.get("next").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        tickets.truncate(count);
        match tickets.is_empty() {
            true => bail!("there are no tickets"),
            false => Ok(tickets),
        }
    }

    /// What the stand-in got since it was last asked to forget.
    pub fn delivered(&self) -> Result<usize> {
        let all = Client::new(&self.providers.base_url()).get("/requests", "")?.value()?;
        Ok(all.as_array().map_or(0, Vec::len))
    }

    /// The stand-in forgets what it got.
    pub fn forget_delivered(&self) -> Result<()> {
        Client::new(&self.providers.base_url()).send("DELETE", "/requests", &[], None)?.success()
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

    /// Opens so many tickets more, each of a contact of its own, and does not follow.
    pub fn open_more(&self, count: usize) -> Result<()> {
        let first = self.tickets.fetch_add(count, Relaxed);
        let steps = (first..first + count).step_by(SEEDED_AT_ONCE);
        steps.into_iter().try_for_each(|start| self.open(start, SEEDED_AT_ONCE.min(first + count - start)))
    }

    /// Publishes the desk's pack, changed.
    pub fn publish_changed(&self, change: impl FnOnce(&mut Map<String, Value>)) -> Result<()> {
        let mut pack = school()?;
        pack.as_object_mut().map(change).context("a pack is an object")?;
        self.publish(&pack)
    }

    /// How often an automation applied.
    pub fn fired(&self, id: &str) -> Result<u64> {
        let all = self.client.get("/api/school/automations", ADMIN)?.value()?;
        let items = all.get("items").and_then(Value::as_array);
        let one = items.into_iter().flatten().find(|one| one.get("id").and_then(Value::as_str) == Some(id));
        Ok(one.and_then(|one| one.get("fired")?.as_u64()).unwrap_or_default())
    }

    fn open(&self, first: usize, count: usize) -> Result<()> {
        let messages: Vec<_> = (first..first + count)
            .map(|n| (format!("346{n:08}"), format!("{}.seed.{n}", self.run)))
            .collect();
        self.send(&webhooks::whatsapp(&messages))
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
        let mut pack = school()?;
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

/// The desk's pack, with an account that mails come in through.
fn school() -> Result<Value> {
    let mut pack = pack::bundle(&pack::folder("school"))?;
    pack["channels"]["mime"] = json!({"main": {"settings": {}}});
    Ok(pack)
}
