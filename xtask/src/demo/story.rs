//! The story, step by step.

mod look;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::provider::Customer;
use crate::clock;
use crate::http::Client;
use crate::up::{Desk, Info};
use look::{asks_at_once, link, outgoing, template, text, text_of};

/// What is to happen at once may take this long.
const LIMIT: Duration = Duration::from_secs(15);

/// The channel account of the story.
const ACCOUNT: &str = "whatsapp/main";

struct Story<'a> {
    info: &'a Info,
    name: &'a str,
    desk: &'a Desk,
    client: Client,
    stand_in: Client,
    steps: u32,
}

/// Tells it at the desk of that name.
///
/// # Errors
/// With the step that was not as it should be, and what came back.
pub fn tell(info: &Info, name: &str) -> Result<()> {
    let desk = info.desks.get(name).with_context(|| format!("`up` runs no desk `{name}`"))?;
    let (client, stand_in) = (Client::new(&info.base_url), Client::new(&info.stand_in));
    Story { info, name, desk, client, stand_in, steps: 0 }.tell()
}

impl Story<'_> {
    fn tell(mut self) -> Result<()> {
        let account =
            self.desk.channels.get(ACCOUNT).with_context(|| format!("the desk has no {ACCOUNT}"))?;
        let pack =
            self.api("GET", "pack", &self.desk.lead_token, None).context("is `cargo xtask up` running?")?;
        let settings = &pack["pack"]["channels"]["whatsapp"]["main"]["settings"];
        let client = self.client.clone();
        let customer = Customer {
            client: &client,
            path: &account.path,
            secret: account.secret.as_deref().unwrap_or_default(),
            phone_number_id: settings["phone_number_id"].as_str().unwrap_or_default().to_owned(),
            phone: Customer::new_phone()?,
            name: "Rosa Núñez",
        };

        self.step("Meta checks the webhook: it must give back the challenge");
        let token = account.verify_token.as_deref().unwrap_or_default();
        let query = format!("?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}");
        let shake = client.send("GET", &format!("{}{query}", account.path), &[], None)?;
        ensure!(
            (shake.status, &*shake.body) == (200, "1158201444"),
            "came back: {} {}",
            shake.status,
            shake.body
        );
        say("200 1158201444");

        self.step("A customer writes on WhatsApp");
        let begun = Instant::now();
        let message = customer.writes("Hola, no encuentro dónde se cambia el periodo de evaluación.")?;
        let answer = customer.send(&message)?;
        answer.success()?;
        say(&format!("{} in {} ms", answer.status, begun.elapsed().as_millis()));

        self.step("WhatsApp delivers it once more, and somebody else sends it with a forged signature");
        let (again, forged) = (customer.send(&message)?, customer.send(&message.forged())?);
        ensure!(
            again.is_success() && forged.status == 401,
            "came back: {} and {}",
            again.status,
            forged.status
        );
        say(&format!("{}: a repeat, {}: refused", again.status, forged.status));

        self.step("It is one ticket with one message in the agent's work list");
        let ticket = self.until("the ticket is in the list", |story| story.ticket_of(&customer.phone))?;
        let id = ticket["id"].as_str().context("the ticket has no id")?.to_owned();
        let read = self.agent("GET", &format!("tickets/{id}"), None)?;
        ensure!(read["messages"].as_array().is_some_and(|all| all.len() == 1), "came back: {read}");
        let message = &read["messages"][0]["text"];
        say(&format!("number {}, {}, queue {}", read["number"], text(&read["status"]), text(&read["queue"])));
        say(&format!("{}: {}", text(&read["contact"]["name"]), text(message)));
        say(&id);

        self.step("It has its targets, by the desk's calendar");
        for target in self.targets(&id)? {
            say(&format!(
                "{}: {}, due {}",
                text(&target["name"]),
                text(&target["state"]),
                text(&target["due"])
            ));
        }
        let first = self.target(&id, "first_response")?;
        ensure!(first["state"] == "running", "came back: {first}");

        self.step("An agent takes it and answers from a template");
        self.agent("POST", &format!("tickets/{id}/assignment"), Some(json!({"agent": self.desk.agent})))?;
        let (template, data) = template(&pack["pack"])?;
        let begun = Instant::now();
        let reply = json!({"template": template, "data": data});
        self.agent("POST", &format!("tickets/{id}/replies"), Some(reply))?;
        say(&format!("template {template}, {} ms", begun.elapsed().as_millis()));

        self.step("The provider gets it");
        let sent = self.until("the provider has the reply", |story| story.sent_to(&customer.phone, ""))?;
        say(&format!("after {} ms: POST {}", begun.elapsed().as_millis(), text(&sent["path"])));
        say(&indented(&text_of(&sent)));

        self.step("WhatsApp reports that it was delivered");
        let external = self.until("the reply is marked as sent", |story| {
            let ticket = story.agent("GET", &format!("tickets/{id}"), None)?;
            Ok(outgoing(&ticket).and_then(|message| message["external_id"].as_str()).map(str::to_owned))
        })?;
        customer.send(&customer.reports(&external, "delivered")?)?.success()?;
        let ticket = self.agent("GET", &format!("tickets/{id}"), None)?;
        let delivery = outgoing(&ticket).map(|message| message["delivery"].clone()).unwrap_or_default();
        ensure!(delivery == "delivered", "came back: {ticket}");
        say(&format!("{external} is delivered"));

        self.step("So the first response is met");
        let first = self.target(&id, "first_response")?;
        ensure!(first["state"] == "met", "came back: {first}");
        for entry in first["log"].as_array().into_iter().flatten() {
            say(&format!("{} {}: {}", text(&entry["at"]), text(&entry["event"]), text(&entry["why"])));
        }

        self.step("The agent solves it");
        let status = json!({"status": "solved", "reason": "answered"});
        let solved = self.agent("POST", &format!("tickets/{id}/status"), Some(status))?;
        ensure!(solved["category"] == "solved", "came back: {solved}");
        say(&format!("{}, {}", text(&solved["status"]), text(&solved["solved_at"])));
        if !asks_at_once(&pack["pack"]["survey"]) {
            println!(
                "\n{} steps, all as they should be; this desk asks for a rating later or elsewhere.",
                self.steps
            );
            return Ok(());
        }

        self.step("The customer gets the survey's link");
        let survey =
            self.until("the provider has the link", |story| story.sent_to(&customer.phone, "/s/"))?;
        let asked = text_of(&survey);
        let link = link(&asked).with_context(|| format!("there is no link in: {asked}"))?;
        say(&indented(&asked));

        self.step("Opening it records nothing");
        let page = client.send("GET", &link, &[], None)?;
        page.success()?;
        ensure!(page.body.contains("<form"), "came back: {}", page.body);
        let ticket = self.agent("GET", &format!("tickets/{id}"), None)?;
        ensure!(ticket["ratings"].as_array().is_none_or(Vec::is_empty), "came back: {ticket}");
        say(&format!("{}, {} bytes of HTML, no rating", page.status, page.body.len()));

        self.step("The customer rates it");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let vote = client.send("POST", &link, &headers, Some(b"score=5&comment=Muy+amable"))?;
        vote.success()?;
        let ticket = self.agent("GET", &format!("tickets/{id}"), None)?;
        ensure!(ticket["ratings"][0]["score"] == 5, "came back: {ticket}");
        say(&format!("{}: {}", vote.status, ticket["ratings"][0]));

        self.step("The figures know");
        for report in ["csat", "first_response"] {
            let path = format!("reports/{report}?from={}&to={}", clock::day(-1), clock::day(1));
            let figures = self.api("GET", &path, &self.desk.lead_token, None)?;
            let kpis = figures["kpis"].as_array().with_context(|| format!("came back: {figures}"))?;
            ensure!(kpis.iter().any(|kpi| kpi["denominator"].as_u64() > Some(0)), "came back: {figures}");
            for kpi in kpis {
                let (value, unit) = (&kpi["value"], text(&kpi["unit"]));
                say(&format!(
                    "{}: {value} {unit} = {} / {}",
                    text(&kpi["name"]),
                    kpi["numerator"],
                    kpi["denominator"]
                ));
            }
        }

        self.step("And all of it is in the history");
        let history = self.agent("GET", &format!("tickets/{id}/history"), None)?;
        for event in history["items"].as_array().into_iter().flatten() {
            say(&format!("{} {} by {}", text(&event["at"]), text(&event["type"]), text(&event["by"])));
        }
        println!("\n{} steps, all as they should be. Desk {}, {}", self.steps, self.name, self.info.base_url);
        Ok(())
    }

    fn step(&mut self, what: &str) {
        self.steps += 1;
        println!("\n{:>2}. {what}", self.steps);
    }

    fn api(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> Result<Value> {
        let path = format!("/api/{}/{path}", self.name);
        match body {
            Some(body) => self.client.json(method, &path, token, &body)?.value(),
            None => self
                .client
                .send(method, &path, &[("authorization", &format!("Bearer {token}"))], None)?
                .value(),
        }
    }

    fn agent(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value> {
        self.api(method, path, &self.desk.agent_token, body)
    }

    fn until<T>(&self, what: &str, mut look: impl FnMut(&Self) -> Result<Option<T>>) -> Result<T> {
        let start = Instant::now();
        loop {
            if let Some(found) = look(self)? {
                return Ok(found);
            }
            if start.elapsed() > LIMIT {
                bail!("waited {} s until {what}", LIMIT.as_secs());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The ticket in the work list whose customer has that number.
    fn ticket_of(&self, phone: &str) -> Result<Option<Value>> {
        let list = self.agent("GET", "tickets?limit=50", None)?;
        let has = |ticket: &&Value| {
            let addresses = ticket["contact"]["addresses"].as_array();
            addresses.into_iter().flatten().any(|a| a["value"].as_str().is_some_and(|v| v.contains(phone)))
        };
        Ok(list["items"].as_array().into_iter().flatten().find(has).cloned())
    }

    fn targets(&self, id: &str) -> Result<Vec<Value>> {
        let sla = self.agent("GET", &format!("tickets/{id}/sla"), None)?;
        sla["targets"].as_array().cloned().with_context(|| format!("came back: {sla}"))
    }

    fn target(&self, id: &str, name: &str) -> Result<Value> {
        let targets = self.targets(id)?;
        let found = targets.iter().find(|target| target["name"] == name).cloned();
        found.with_context(|| format!("there is no target {name}: {targets:?}"))
    }

    /// The first message to that number which the provider received and whose text contains `part`.
    fn sent_to(&self, phone: &str, part: &str) -> Result<Option<Value>> {
        let received = self.stand_in.send("GET", "/requests", &[], None)?.value()?;
        let is_it = |request: &&Value| {
            request["path"].as_str().is_some_and(|path| path.ends_with("/messages"))
                && request["body"].as_str().is_some_and(|body| body.contains(phone))
                && text_of(request).contains(part)
        };
        Ok(received.as_array().into_iter().flatten().find(is_it).cloned())
    }
}

fn say(what: &str) {
    println!("    {what}");
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("| {line}")).collect::<Vec<_>>().join("\n    ")
}
