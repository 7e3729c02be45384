//! A day of the desk `school`: WhatsApp and the web portal, an incident that goes to Development in Jira and comes back
//! «Por validar», one that the account manager takes, a rating that pleases and one that becomes a task. Told as a text
//! that was reviewed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fmt::Write as _;

use chrono::{DateTime, FixedOffset};
use relevo_e2e::{App, Caller, Desk, Store, seconds_since_1970, sign_standard, whatsapp};
use serde_json::{Value, json};

const ROSA: &str = "15550620001";

/// A Wednesday; Madrid is an hour ahead of UTC in winter.
const DAY: &str = "2027-02-17";

/// What the day is expected to tell.
const EXPECTED: &str = include_str!("../expected/school_day.txt");

#[test]
fn an_incident_is_validated_before_its_user_is_told() {
    let app = App::bare(Store::Sqlite);
    let mut day = Day { told: String::new(), now: 0, app: &app, desk: None };
    day.at("08:30");
    day.desk = Some(app.publish("school"));
    let alba = day.token("alba-serrano", "agent");
    let rosa = day.incident(&alba);
    let portal = day.portal();
    day.development(&rosa);
    day.validated(&alba, &rosa);
    day.account_manager(&portal);
    day.told_off();
    day.silence();
    day.figures();
    app.tick_everything();
    app.verify();
    assert_eq!(day.told, EXPECTED, "as it is told now:\n{}", day.told);
}

struct Day<'a> {
    told: String,
    now: i64,
    app: &'a App,
    desk: Option<Desk>,
}

impl Day<'_> {
    fn tell(&mut self, line: impl AsRef<str>) {
        writeln!(self.told, "{}", line.as_ref()).unwrap();
    }

    fn desk(&self) -> &Desk {
        self.desk.as_ref().unwrap()
    }

    fn token(&self, person: &str, role: &str) -> Caller {
        self.desk().token(person, role)
    }

    /// It is that time in Madrid, and what falls due by then happens.
    fn at(&mut self, time: &str) {
        self.on(DAY, time);
    }

    fn on(&mut self, day: &str, time: &str) {
        let at = DateTime::parse_from_rfc3339(&format!("{day}T{time}:00+01:00")).unwrap();
        self.now = at.timestamp();
        self.app.set_clock(self.now - i64::try_from(seconds_since_1970()).unwrap());
        if self.desk.is_some() {
            self.tell(format!("\n{} {time}", &day[5..]));
            self.app.tick_everything();
        }
    }

    fn madrid(at: &Value) -> String {
        let at = DateTime::parse_from_rfc3339(at.as_str().unwrap()).unwrap();
        at.with_timezone(&FixedOffset::east_opt(3_600).unwrap()).format("%d.%m. %H:%M").to_string()
    }

    /// Where a ticket is, and with whom.
    fn whose(&mut self, id: &str) {
        let ticket = self.desk().ticket(id);
        let part = |name: &str| ticket[name].as_str().unwrap_or("nadie").to_owned();
        let (queue, status, team, agent) = (part("queue"), part("status"), part("team"), part("assignee"));
        self.tell(format!("  nº {} in {queue}, {status}, with {team}: {agent}", ticket["number"]));
    }

    fn due(&mut self, id: &str, target: &str) {
        let target = self.desk().target(id, target);
        let (name, state) = (target["name"].as_str().unwrap(), target["state"].as_str().unwrap());
        let due = Self::madrid(&target["due"]);
        self.tell(format!("  {name}: {state}, due {due}"));
    }

    fn reply(&mut self, who: &Caller, ticket: &str, body: &Value) {
        who.post(&format!("tickets/{ticket}/replies"), body).is(201);
        let read = self.desk().ticket(ticket);
        let sent = read["messages"].as_array().unwrap().iter().rfind(|m| m["direction"] == "out").unwrap();
        self.tell(format!("{}:", who.person));
        let text = sent["text"].as_str().unwrap().to_owned();
        text.lines().for_each(|line| self.tell(format!("  | {line}").trim_end()));
    }

    fn vote(&mut self, phone: &str, score: u32, comment: &str) {
        let link = self.app.provider.wait_for(phone, "/s/").link().unwrap();
        let vote = json!({"score": score, "comment": comment}).to_string();
        let headers = [("content-type", "application/json")];
        self.app.client().send("POST", &link, &headers, Some(vote.as_bytes())).is(200);
        self.tell(format!("{phone} rates: {score} {comment}"));
        self.app.tick_everything();
    }

    fn write(&mut self, phone: &str, id: &str, words: &str) -> String {
        whatsapp::deliver(
            self.app.client(),
            self.desk(),
            &whatsapp::message_at(self.now.cast_unsigned(), phone, id, words),
        )
        .is(200);
        self.app.tick_everything();
        let open = self.desk().tickets_of(phone);
        let id = open[0]["id"].as_str().unwrap().to_owned();
        self.tell(format!("{phone}: {words}"));
        self.whose(&id);
        id
    }

    /// What Jira sends when the status of an issue changes.
    fn jira(&mut self, webhook: &str, status: &str, category: &str) {
        let body = json!({
            "webhookEvent": "jira:issue_updated", "timestamp": self.now * 1_000,
            "issue": {"id": "10007", "key": "CAMP-7",
                      "fields": {"status": {"name": status, "statusCategory": {"key": category}}}},
            "changelog": {"id": webhook, "items": [{"field": "status", "toString": status}]}
        })
        .to_string();
        let signature = whatsapp::signature(&self.desk().secret("jira", "main"), &body);
        let headers = [
            ("content-type", "application/json"),
            ("x-hub-signature", signature.as_str()),
            ("x-atlassian-webhook-identifier", webhook),
        ];
        let hook = self.desk().hook("jira", "main");
        // Jira repeats what it got no answer to.
        for _ in 0..2 {
            self.app.client().send("POST", &hook, &headers, Some(body.as_bytes())).is(200);
        }
        self.app.tick_everything();
        self.tell(format!("Jira: CAMP-7 {status}"));
    }

    fn incident(&mut self, alba: &Caller) -> String {
        self.at("09:10");
        let rosa = self.write(ROSA, "wamid.D1", "No carga el acta de 3º B, sale un error");
        self.due(&rosa, "first_response");
        let path = |call: &str| format!("tickets/{rosa}/{call}");
        alba.post(&path("assignment"), &json!({"agent": "alba-serrano"})).is(200);
        alba.post(&path("fields"), &json!({"module": "actas"})).is(200);
        self.reply(alba, &rosa, &json!({"template": "incidencia", "data": {"agent_name": "Alba Serrano",
            "contact_name": "Rosa", "ticket_number": 1, "summary": "El acta de 3º B no carga.", "team_name": "Desarrollo"}}));
        self.app.provider.wait_for(ROSA, "acta");
        alba.post(&path("issues"), &json!({"system": "jira", "key": "CAMP-7"})).is(200);
        alba.post(&path("escalation"), &json!({"team": "desarrollo", "reason": "error 500 al abrir"}))
            .is(200);
        alba.post(&path("status"), &json!({"status": "en_desarrollo"})).is(200);
        self.whose(&rosa);
        rosa
    }

    /// A head of studies asks through the portal, signed as Standard Webhooks are.
    fn portal(&mut self) -> String {
        self.at("09:40");
        let body =
            json!({"type": "message", "data": {"from": "jefatura@colegio.example.org", "name": "Luis Pardo",
            "external_id": "p-1", "text": "Queremos contratar el módulo de comedor."}})
            .to_string();
        let secret = self.desk().secret("standard", "main");
        let (now, hook) = (self.now.to_string(), self.desk().hook("standard", "main"));
        let signature = sign_standard(&secret, "msg_p1", &now, &body);
        for signature in [signature.replace("v1,", "v1,A"), signature.clone(), signature] {
            let headers = [
                ("content-type", "application/json"),
                ("webhook-id", "msg_p1"),
                ("webhook-timestamp", now.as_str()),
                ("webhook-signature", signature.as_str()),
            ];
            let answer = self.app.client().send("POST", &hook, &headers, Some(body.as_bytes()));
            assert!([200, 401].contains(&answer.status), "{answer:?}");
        }
        self.app.tick_everything();
        let found = self.desk().agent.get("tickets?queue=plataforma").is(200).json();
        let found =
            found["items"].as_array().unwrap().iter().find(|one| one["channel"] == "standard").unwrap();
        let id = found["id"].as_str().unwrap().to_owned();
        self.tell("portal: Queremos contratar el módulo de comedor.");
        self.whose(&id);
        id
    }

    fn development(&mut self, rosa: &str) {
        self.at("11:00");
        self.jira("w1", "En curso", "indeterminate");
        self.whose(rosa);
        self.at("12:30");
        self.jira("w2", "Hecho", "done");
        self.whose(rosa);
        self.due(rosa, "first_response");
    }

    /// What Development calls done is not: it goes back, and the second time the user is told.
    fn validated(&mut self, alba: &Caller, rosa: &str) {
        let path = |call: &str| format!("tickets/{rosa}/{call}");
        alba.post(&path("validation"), &json!({"accepted": false, "reason": "sigue sin cargar"})).is(200);
        self.tell("alba-serrano tries it: it does not load");
        self.whose(rosa);
        self.at("16:00");
        self.jira("w3", "En curso", "indeterminate");
        self.jira("w4", "Hecho", "done");
        self.whose(rosa);
        alba.post(&path("validation"), &json!({"accepted": true})).is(200);
        self.reply(
            alba,
            rosa,
            &json!({"template": "solucion", "data": {"agent_name": "Alba Serrano",
            "contact_name": "Rosa", "ticket_number": 1, "solution": "El acta ya carga."}}),
        );
        alba.post(&path("status"), &json!({"status": "resuelto"})).is(200);
        self.whose(rosa);
        self.app.tick_everything();
        self.vote(ROSA, 5, "Muy rápidos");
        let history = self.desk().admin.get(&path("history")).is(200).json();
        for item in history["items"].as_array().unwrap() {
            let (kind, by) = (item["type"].as_str().unwrap(), item["by"].as_str().unwrap());
            if ["ticket.escalated", "ticket.returned", "ticket.validated", "issue.linked", "issue.reported"]
                .contains(&kind)
            {
                self.tell(format!("  {} {by} {kind}", Self::madrid(&item["at"])));
            }
        }
    }

    /// Handed to the account manager's space it is closed here.
    fn account_manager(&mut self, portal: &str) {
        self.at("16:20");
        let diego = self.token("diego-arrieta", "agent");
        let body = json!({"team": "cuentas", "reason": "quiere contratar"});
        diego.post(&format!("tickets/{portal}/escalation"), &body).is(200);
        self.whose(portal);
    }

    /// A bad rating becomes a task for a lead, with the whole story.
    fn told_off(&mut self) {
        self.at("16:40");
        let phone = "15550620002";
        let id = self.write(phone, "wamid.D2", "¿Cómo cambio mi contraseña?");
        let diego = self.token("diego-arrieta", "agent");
        self.reply(&diego, &id, &json!({"text": "En su perfil."}));
        diego.post(&format!("tickets/{id}/status"), &json!({"status": "resuelto"})).is(200);
        self.app.tick_everything();
        self.vote(phone, 1, "Una respuesta de dos palabras, es inadmisible");
        let tasks = self.desk().lead.get("tickets?queue=valoraciones").is(200).json();
        for task in tasks["items"].as_array().unwrap() {
            let task = self.desk().ticket(task["id"].as_str().unwrap());
            let priority = task["priority"].as_str().unwrap();
            self.tell(format!("task nº {} in {}, {priority}:", task["number"], task["queue"]));
            let note = task["messages"][0]["text"].as_str().unwrap().to_owned();
            // The link is signed anew in every run.
            for line in note.lines().filter(|line| !line.contains("/s/")) {
                self.tell(format!("  | {line}").trim_end());
            }
        }
    }

    /// Nobody answers a question: a reminder, then it is closed by itself; who answers the reminder stops that.
    fn silence(&mut self) {
        self.at("17:00");
        let diego = self.token("diego-arrieta", "agent");
        let phones = ["15550620003", "15550620004"];
        let ids = phones.map(|phone| {
            let id = self.write(phone, &format!("wamid.{phone}"), "No puedo entrar");
            self.reply(&diego, &id, &json!({"text": "¿Qué navegador usa?"}));
            diego.post(&format!("tickets/{id}/status"), &json!({"status": "esperando_cliente"})).is(200);
            id
        });
        self.on("2027-02-22", "17:01");
        for phone in phones {
            let reminded = self.app.provider.sent_to(phone, "").len();
            self.tell(format!("{phone} got {reminded} messages"));
        }
        self.write(phones[0], "wamid.D3", "Uso Firefox");
        self.on("2027-02-26", "17:01");
        ids.iter().for_each(|id| self.whose(id));
    }

    fn figures(&mut self) {
        let path = format!("reports/overview?from={DAY}&to={DAY}");
        let report = self.desk().lead.get(&path).is(200).json();
        self.tell("");
        for name in ["csat_mean", "csat_share", "response_rate", "sla_first_response", "fcr_no_escalation"] {
            let found = report["kpis"].as_array().unwrap().iter().find(|kpi| kpi["name"] == name);
            let kpi = found.unwrap_or_else(|| panic!("no figure {name}: {report}"));
            self.tell(format!("{name}: {} of {}", kpi["numerator"], kpi["denominator"]));
        }
    }
}
