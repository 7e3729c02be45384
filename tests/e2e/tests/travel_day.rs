//! A day of the desk `travel`: two shifts, an absence with its substitute, a hand-over with a deadline, a complaint, a
//! colleague in Slack, notices in rooms there, figures in the evening. Told as a text that was reviewed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fmt::Write as _;

use chrono::{DateTime, FixedOffset};
use hmac::{Hmac, KeyInit as _, Mac as _};
use relevo_e2e::{
    App, Caller, Desk, Received, Store, eventually, seconds_since_1970, sign_standard, whatsapp,
};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::Duration;

const MARINA: &str = "15550610001";
const OLEG: &str = "15550610002";
const VERA: &str = "15550610003";

/// A Monday; Moscow is three hours ahead of UTC all year.
const DAY: &str = "2027-02-15";

/// What the day is expected to tell.
const EXPECTED: &str = include_str!("../expected/travel_day.txt");

#[test]
fn a_day_in_two_shifts_is_handed_on_without_a_gap() {
    let app = App::bare(Store::Sqlite);
    let mut day = Day { told: String::new(), now: 0, in_slack: 0, app: &app, desk: None };
    day.at("08:40");
    day.desk = Some(app.publish("travel"));
    let anna = day.token("anna-lvova", "agent");
    let daria = day.token("daria-sokolova", "agent");
    day.morning(&anna, &daria);
    let marina = day.handed_over(&anna);
    day.absence(&anna);
    day.handed_back(&marina);
    day.complaint();
    day.evening();
    day.slack();
    day.late();
    day.figures();
    app.tick_everything();
    app.verify();
    assert_eq!(day.told, EXPECTED, "as it is told now:\n{}", day.told);
}

struct Day<'a> {
    told: String,
    now: i64,
    in_slack: usize,
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

    /// It is that time in Moscow, and what falls due by then happens.
    fn at(&mut self, time: &str) {
        let at = DateTime::parse_from_rfc3339(&format!("{DAY}T{time}:00+03:00")).unwrap();
        self.now = at.timestamp();
        self.app.set_clock(self.now - i64::try_from(seconds_since_1970()).unwrap());
        if self.desk.is_some() {
            self.tell(format!("\n{time}"));
            self.app.tick_everything();
        }
    }

    fn moscow(at: &Value) -> String {
        let at = DateTime::parse_from_rfc3339(at.as_str().unwrap()).unwrap();
        at.with_timezone(&FixedOffset::east_opt(3 * 3_600).unwrap()).format("%d.%m. %H:%M").to_string()
    }

    /// A traveller writes on WhatsApp.
    fn write(&mut self, phone: &str, id: &str, words: &str) -> String {
        whatsapp::deliver(
            self.app.client(),
            self.desk(),
            &whatsapp::message_at(self.now.cast_unsigned(), phone, id, words),
        )
        .is(200);
        self.app.tick_everything();
        let ticket = self.desk().ticket_of(phone);
        self.tell(format!("{phone}: {words}"));
        let id = ticket["id"].as_str().unwrap().to_owned();
        self.whose(&id);
        id
    }

    /// Where a ticket is, and with whom.
    fn whose(&mut self, id: &str) {
        let ticket = self.desk().ticket(id);
        let part = |name: &str| ticket[name].as_str().unwrap_or("nobody").to_owned();
        let (queue, status, team, agent) = (part("queue"), part("status"), part("team"), part("assignee"));
        self.tell(format!("  № {} in {queue}, {status}, with {team}: {agent}", ticket["number"]));
    }

    /// What somebody sees of a ticket's fields, by what they were filled, and what was not taken.
    fn fields(&mut self, who: &Caller, id: &str) {
        let ticket = who.get(&format!("tickets/{id}")).is(200).json();
        let history = who.get(&format!("tickets/{id}/history")).is(200).json();
        let filled = history["items"][0]["data"]["opening"]["filled"].clone();
        let told = ticket["fields"].as_object().unwrap().iter().map(|(name, value)| match &filled[name] {
            filled if filled["value"] == *value => {
                format!("{name} {value} ({})", filled["by"].as_str().unwrap())
            }
            _ => format!("{name} {value}"),
        });
        let told: Vec<_> = told.collect();
        self.tell(format!("  {} sees: {}", who.person, told.join(", ")));
        for (name, why) in ticket["unvalidated_fields"].as_object().into_iter().flatten() {
            self.tell(format!("  not taken: {name}, {}", why.as_str().unwrap()));
        }
    }

    /// Sets fields; tells what was refused.
    fn set(&mut self, who: &Caller, id: &str, set: &Value) {
        let answer = who.post(&format!("tickets/{id}/fields"), set);
        let line = match answer.status {
            200 => format!("{} sets {set}", who.person),
            _ => {
                let errors = answer.json()["errors"].clone();
                format!("{} sets {set}: {} {errors}", who.person, answer.problem(422))
            }
        };
        self.tell(line);
    }

    fn due(&mut self, id: &str, target: &str) {
        let target = self.desk().target(id, target);
        let (name, state) = (target["name"].as_str().unwrap(), target["state"].as_str().unwrap());
        let due = Self::moscow(&target["due"]);
        self.tell(format!("  {name}: {state}, due {due}"));
    }

    fn reply(&mut self, who: &Caller, ticket: &str, body: &Value) {
        who.post(&format!("tickets/{ticket}/replies"), body).is(201);
        // It may be taken back for ten seconds.
        self.app.set_clock(self.app.clock() + 11);
        self.app.tick_everything();
        let read = self.desk().ticket(ticket);
        let sent = read["messages"].as_array().unwrap().iter().rfind(|m| m["direction"] == "out").unwrap();
        self.tell(format!("{}:", who.person));
        let text = sent["text"].as_str().unwrap().to_owned();
        text.lines().for_each(|line| self.tell(format!("  | {line}").trim_end()));
    }

    /// What the rooms of the company's Slack were told since this was last asked.
    fn in_rooms(&mut self, expected: usize) {
        let seen = self.in_slack;
        let posted = eventually("the rooms are told", Duration::from_secs(10), || {
            self.app.tick_everything();
            let posted = self.app.provider.received("/chat.postMessage");
            (posted.len() >= seen + expected).then_some(posted)
        });
        self.in_slack = posted.len();
        for told in posted.iter().skip(seen).map(Received::json) {
            assert_eq!(told.as_object().unwrap().len(), 2, "a room, a text and no more: {told}");
            let (room, text) = (told["channel"].as_str().unwrap(), told["text"].as_str().unwrap());
            for personal in [MARINA, OLEG, VERA, "Вера", "example.org", "гид не", "слишком"] {
                assert!(!text.contains(personal), "{personal} is nobody's business in {room}: {text}");
            }
            self.tell(format!("  Slack {room}: {text}"));
        }
    }

    /// Who was told of what on a ticket's service levels.
    fn notices(&mut self, ticket: &str) {
        let history = self.desk().admin.get(&format!("tickets/{ticket}/history")).is(200).json();
        for item in history["items"].as_array().unwrap().iter().filter(|item| item["type"] == "notice.sent") {
            let line = format!("  {} {}", Self::moscow(&item["at"]), item["data"]);
            self.tell(line);
        }
    }

    fn reasons(&mut self, ticket: &str) {
        let history = self.desk().admin.get(&format!("tickets/{ticket}/history")).is(200).json();
        for item in
            history["items"].as_array().unwrap().iter().filter(|item| item["type"] == "assignment.changed")
        {
            let data = &item["data"];
            let line =
                format!("  {} {}: {}", item["by"].as_str().unwrap(), data["agent"], data["because"]["why"]);
            self.tell(line);
        }
    }

    fn morning(&mut self, anna: &Caller, daria: &Caller) {
        self.at("09:05");
        for who in [anna, daria] {
            who.post(&format!("people/{}/presence", who.person), &json!({"presence": "available"})).is(200);
        }
        let people = self.desk().agent.get("people").is(200).json();
        let on = people["items"].as_array().unwrap().iter().filter(|one| one["on_shift"] == true);
        let on: Vec<_> = on.map(|one| one["id"].as_str().unwrap()).collect();
        let line = format!("on shift: {}", on.join(", "));
        self.tell(line);
    }

    /// A traveller's question goes to the bookings department, with a deadline of its own.
    fn handed_over(&mut self, anna: &Caller) -> String {
        let marina = self.write(MARINA, "wamid.T1", "Здравствуйте! Где мой ваучер на Байкал?");
        self.due(&marina, "first_response");
        self.reply(
            anna,
            &marina,
            &json!({"template": "handover", "data": {
            "contact_name": "Марина", "department": "отдел бронирования", "agent_name": "Анна Львова",
            "due": format!("{DAY}T08:30:00Z")}}),
        );
        self.app.provider.wait_for(MARINA, "отдел бронирования");
        let path = |call: &str| format!("tickets/{marina}/{call}");
        anna.post(&path("notes"), &json!({"text": "Бронь BK-2207, организатор ещё не подтвердил."})).is(201);
        anna.post(&path("escalation"), &json!({"team": "bookings", "reason": "нужен ваучер"})).is(200);
        let handed_over = json!({"status": "handed_over"});
        let early = anna.post(&path("status"), &handed_over);
        let (errors, code) = (early.json()["errors"].clone(), early.problem(422));
        self.tell(format!("anna-lvova hands it over: {code} {errors}"));
        self.set(anna, &marina, &json!({"booking": "2207", "departure": "1 марта"}));
        self.set(anna, &marina, &json!({"booking": "BK-2207", "departure": "2027-03-01"}));
        anna.post(&path("status"), &handed_over).is(200);
        self.fields(anna, &marina);
        self.whose(&marina);
        self.due(&marina, "with_bookings");
        self.at("10:20");
        self.notices(&marina);
        self.in_rooms(1);
        marina
    }

    /// Anna falls ill; who she named takes over her work and her rights.
    fn absence(&mut self, anna: &Caller) {
        self.at("10:40");
        let oleg = self.write(OLEG, "wamid.T2", "Можно перенести тур на июнь?");
        anna.post(&format!("tickets/{oleg}/assignment"), &json!({"agent": "anna-lvova"})).is(200);
        let until = format!("{DAY}T21:00:00Z");
        let body = json!({"until": until, "substitute": "daria-sokolova"});
        anna.post("people/anna-lvova/absences", &body).is(201);
        self.tell("anna-lvova is absent until the evening, daria-sokolova stands in");
        self.app.tick_everything();
        self.whose(&oleg);
        self.reasons(&oleg);
        let daria = self.token("daria-sokolova", "agent");
        let data = json!({"contact_name": "Олег", "agent_name": "Дарья Соколова",
            "answer": "Перенести можно: напишите, какие даты в июне вам подходят."});
        self.reply(&daria, &oleg, &json!({"template": "answer", "data": data}));
    }

    /// The bookings department is done: it comes back to be checked before the traveller is told.
    fn handed_back(&mut self, marina: &str) {
        let vera = self.write(VERA, "wamid.T3", "Какая погода будет на Алтае?");
        let daria = self.token("daria-sokolova", "agent");
        daria.post(&format!("tickets/{vera}/assignment"), &json!({"agent": "daria-sokolova"})).is(200);
        self.at("11:00");
        let nikita = self.token("nikita-zuev", "agent");
        let path = |call: &str| format!("tickets/{marina}/{call}");
        nikita.post(&path("notes"), &json!({"text": "Организатор подтвердил, ваучер в кабинете."})).is(201);
        nikita.post(&path("status"), &json!({"status": "to_check"})).is(200);
        self.app.tick_everything();
        self.whose(marina);
        self.due(marina, "with_bookings");
        let rejected = json!({"accepted": false, "reason": "в кабинете пусто"});
        daria.post(&path("validation"), &rejected).is(200);
        self.tell("daria-sokolova looks, finds nothing, and sends it back");
        self.whose(marina);
        self.at("11:25");
        nikita.post(&path("status"), &json!({"status": "to_check"})).is(200);
        self.app.tick_everything();
        daria.post(&path("validation"), &json!({"accepted": true})).is(200);
        let data = json!({"contact_name": "Марина", "agent_name": "Дарья Соколова", "ticket_number": 1,
            "solution": "Ваучер лежит в личном кабинете."});
        self.reply(&daria, marina, &json!({"template": "solution", "data": data}));
        daria.post(&path("status"), &json!({"status": "solved"})).is(200);
        self.whose(marina);
        self.at("11:45");
        self.rate(MARINA, marina, 5, "Спасибо, быстро!");
    }

    /// A complaint comes through the form of the site, signed as Standard Webhooks are.
    fn complaint(&mut self) {
        self.at("14:00");
        let body = json!({"type": "message", "data": {"from": "vera@example.org", "name": "Вера", "external_id": "c-1",
            "text": "Жалоба: гид не пришёл, просим вернуть деньги.",
            "data": {"booking": "BK-2301", "departure": "позавчера", "compensation": "9999 RUB"}}})
        .to_string();
        let secret = self.desk().secret("standard", "complaints");
        let (now, hook) = (self.now.to_string(), self.desk().hook("standard", "complaints"));
        let send = |signature: &str| {
            let headers = [
                ("content-type", "application/json"),
                ("webhook-id", "msg_c1"),
                ("webhook-timestamp", now.as_str()),
                ("webhook-signature", signature),
            ];
            self.app.client().send("POST", &hook, &headers, Some(body.as_bytes()))
        };
        send(&sign_standard(&secret, "msg_c1", &now, &body.replace("деньги", "кредит"))).is(401);
        send(&sign_standard(&secret, "msg_c1", &now, &body)).is(200);
        self.app.tick_everything();
        let found = self.desk().agent.get("tickets?queue=complaints").is(200).json();
        let id = found["items"][0]["id"].as_str().unwrap().to_owned();
        let ticket = self.desk().ticket(&id);
        self.tell(format!(
            "form: {} {} {}",
            ticket["messages"][0]["text"], ticket["priority"], ticket["tags"]
        ));
        self.whose(&id);
        self.in_rooms(1);
        let ksenia = self.token("ksenia-orlova", "agent");
        self.fields(&ksenia, &id);
        self.due(&id, "first_response");
        self.at("14:27");
        self.notices(&id);
        ksenia.post(&format!("tickets/{id}/assignment"), &json!({"agent": "ksenia-orlova"})).is(200);
        let due = self.desk().target(&id, "full_resolution")["due"].clone();
        let data = json!({"contact_name": "Вера", "agent_name": "Ксения Орлова", "ticket_number": ticket["number"], "due": due});
        self.reply(&ksenia, &id, &json!({"template": "complaint-received", "data": data}));
        self.due(&id, "first_response");
        // What the guide's organiser says is asked for by the bookings department, which lets its time pass.
        let path = |call: &str| format!("tickets/{id}/{call}");
        let question = json!({"team": "bookings", "reason": "запросить объяснения организатора"});
        ksenia.post(&path("escalation"), &question).is(200);
        ksenia.post(&path("status"), &json!({"status": "handed_over"})).is(200);
        self.whose(&id);
        self.due(&id, "with_bookings");
        self.at("16:45");
        self.due(&id, "with_bookings");
        self.in_rooms(1);
        let tatiana = self.token("tatiana-veber", "lead");
        let agreed = json!({"compensation": {"minor": 1_500_000, "currency": "RUB"}});
        self.set(&ksenia, &id, &agreed);
        self.set(&tatiana, &id, &agreed);
        self.fields(&tatiana, &id);
        self.fields(&ksenia, &id);
    }

    /// The morning shift goes home: what is still open goes on with the evening's.
    fn evening(&mut self) {
        self.at("17:50");
        let vera = self.write(VERA, "wamid.T6", "И что взять с собой?");
        self.at("18:01");
        self.whose(&vera);
        self.reasons(&vera);
        self.notices(&vera);
        let artyom = self.token("artyom-belov", "agent");
        let data =
            json!({"contact_name": "Вера", "agent_name": "Артём Белов", "answer": "Возьмите тёплые вещи."});
        self.reply(&artyom, &vera, &json!({"template": "answer", "data": data}));
        artyom.post(&format!("tickets/{vera}/status"), &json!({"status": "solved"})).is(200);
        self.at("18:20");
        self.rate(VERA, &vera, 2, "Ответили слишком поздно");
        self.in_rooms(1);
    }

    /// A traveller follows the link of the survey and says how it went.
    fn rate(&mut self, phone: &str, ticket: &str, score: u8, comment: &str) {
        let link = self.app.provider.wait_for(phone, "/s/").link().unwrap();
        let vote = json!({"score": score, "comment": comment}).to_string();
        let headers = [("content-type", "application/json")];
        self.app.client().send("POST", &link, &headers, Some(vote.as_bytes())).is(200);
        let rating = self.desk().ticket(ticket)["ratings"][0].clone();
        self.tell(format!("{phone} rates: {} {}", rating["score"], rating["comment"]));
    }

    /// A colleague asks in Slack; the answer goes into the thread there.
    fn slack(&mut self) {
        self.at("19:00");
        let ts = format!("{}.000200", self.now);
        let body = json!({"token": "x", "team_id": "T0000000601", "api_app_id": "A1", "type": "event_callback",
            "event_id": "EvDay1", "event_time": self.now, "event": {"type": "app_mention", "user": "U0000000777",
            "text": "<@U0BOT> клиент по брони BK-2301 ждёт звонка", "ts": ts, "event_ts": ts, "channel": "C0000000777"}})
        .to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(self.desk().secret("slack", "main").as_bytes()).unwrap();
        mac.update(format!("v0:{}:{body}", self.now).as_bytes());
        let signature = format!("v0={}", hex::encode(mac.finalize().into_bytes()));
        let now = self.now.to_string();
        let headers = [
            ("content-type", "application/json"),
            ("x-slack-request-timestamp", now.as_str()),
            ("x-slack-signature", signature.as_str()),
        ];
        let hook = self.desk().hook("slack", "main");
        self.app.client().send("POST", &hook, &headers, Some(body.as_bytes())).is(200);
        self.app.tick_everything();
        let found = self.desk().agent.get("tickets?queue=colleagues").is(200).json();
        let id = found["items"][0]["id"].as_str().unwrap().to_owned();
        self.tell("a colleague asks in Slack");
        self.whose(&id);
        let guzel = self.token("guzel-akhmetova", "agent");
        self.reply(&guzel, &id, &json!({"text": "Звоню ему прямо сейчас."}));
        let posted = eventually("Slack gets the answer", Duration::from_secs(10), || {
            self.app.provider.received("/chat.postMessage").into_iter().nth(self.in_slack)
        });
        self.in_slack += 1;
        let posted = posted.json();
        assert_eq!(posted["thread_ts"], json!(ts), "{posted}");
        self.tell(format!("  in Slack: {} in the thread, {}", posted["channel"], posted["text"]));
    }

    /// Nobody answers for a quarter of an hour: the lead of this shift is told. What comes at night is due in the morning.
    fn late(&mut self) {
        self.at("20:00");
        let oleg = self.write(OLEG, "wamid.T4", "Подойдёт с 10 июня.");
        self.due(&oleg, "next_response");
        self.at("20:50");
        self.due(&oleg, "next_response");
        self.notices(&oleg);
        self.at("22:15");
        let night = self.write("15550610009", "wamid.T5", "Ночью пишу: где встреча?");
        self.due(&night, "first_response");
    }

    fn figures(&mut self) {
        self.at("22:30");
        let path = format!("reports/overview?from={DAY}&to={DAY}");
        let report = self.desk().lead.get(&path).is(200).json();
        for name in
            ["csat_mean", "response_rate", "sla_first_response", "sla_next_response", "resolution_rate"]
        {
            let found = report["kpis"].as_array().unwrap().iter().find(|kpi| kpi["name"] == name);
            let kpi = found.unwrap_or_else(|| panic!("no figure {name}: {report}"));
            self.tell(format!("{name}: {} of {}", kpi["numerator"], kpi["denominator"]));
        }
    }
}
