//! A day of the desk `cards`: two client companies that see nothing of each other, decision trees, identity checks,
//! a full card number that is masked and refused, recorded requests, an escalation. Told as a text that was reviewed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;

use relevo_e2e::{App, Caller, Desk, Store, whatsapp};
use serde_json::{Value, json};

const LAURA: &str = "15550500001";
const PEDRO: &str = "15550500002";
const NUMBER: &str = "4111 1111 1111 1111";

/// What the day is expected to tell.
const EXPECTED: &str = include_str!("../expected/cards_day.txt");

#[test]
fn two_clients_are_served_apart_and_every_step_is_on_record() {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish("cards");
    let mut day = Day { app: &app, desk: &desk, told: String::new() };
    let adriana = desk.token("adriana-campos", "agent");
    let daniela = desk.token("daniela-rivas", "agent");
    day.nogal(&adriana);
    day.albatros(&daniela);
    day.apart(&adriana, &daniela);
    day.figures();
    day.fields(&adriana);
    day.forgotten();
    assert_eq!(day.told, EXPECTED, "as it is told now:\n{}", day.told);
}

struct Day<'a> {
    app: &'a App,
    desk: &'a Desk,
    told: String,
}

impl Day<'_> {
    fn tell(&mut self, line: impl AsRef<str>) {
        writeln!(self.told, "{}", line.as_ref()).unwrap();
    }

    /// A customer writes to a client company.
    fn write(&mut self, account: &str, phone: &str, id: &str, words: &str) -> String {
        let body = whatsapp::message(phone, id, words);
        let signature = whatsapp::signature(&self.desk.secret("whatsapp", account), &body);
        let headers = [("content-type", "application/json"), ("x-hub-signature-256", &*signature)];
        let hook = self.desk.hook("whatsapp", account);
        self.app.client().send("POST", &hook, &headers, Some(body.as_bytes())).is(200);
        let tickets = self.desk.admin.get(&format!("tickets?contact={phone}")).is(200).json();
        let id = tickets["items"][0]["id"].as_str().expect("a ticket").to_owned();
        let ticket = self.desk.admin.get(&format!("tickets/{id}")).is(200).json();
        let message = ticket["messages"].as_array().unwrap().last().unwrap();
        self.tell(format!("{} → {}: {}", account, ticket["queue"].as_str().unwrap(), message["text"]));
        self.known(&self.desk.admin, &id);
        id
    }

    /// What somebody sees of a ticket's fields, and by what those were filled that nobody set.
    fn known(&mut self, who: &Caller, ticket: &str) {
        let read = who.get(&format!("tickets/{ticket}")).is(200).json();
        let history = who.get(&format!("tickets/{ticket}/history")).is(200).json();
        let filled = history["items"][0]["data"]["opening"]["filled"].clone();
        let fields = read["fields"].as_object().unwrap().iter();
        let told = fields.map(|(name, value)| match filled[name]["by"].as_str() {
            Some(by) if filled[name]["value"] == *value => format!("{name} {value} ({by})"),
            _ => format!("{name} {value}"),
        });
        let line = format!("  fields: {}", told.collect::<Vec<_>>().join(", "));
        self.tell(line);
    }

    fn begin(&mut self, who: &Caller, playbook: &str, ticket: &str) -> Run {
        let begun =
            who.post(&format!("playbooks/{playbook}/runs"), &json!({"ticket": ticket})).is(201).json();
        self.tell(format!("\n{} · {}", who.person, begun["name"].as_str().unwrap()));
        let path = format!("playbooks/{playbook}/runs/{}", begun["id"].as_str().unwrap());
        let run = Run { path };
        self.at(&begun);
        run
    }

    /// Answers; tells what was answered and where that leads.
    fn answer(&mut self, who: &Caller, run: &Run, answer: &Value) -> Value {
        let now = who.post(&format!("{}/answers", run.path), answer).is(200).json();
        let mut shown = answer.clone();
        shown.as_object_mut().unwrap().remove("node");
        self.tell(format!("  {shown}"));
        self.at(&now);
        now
    }

    fn refuse(&mut self, who: &Caller, run: &Run, answer: &Value, status: u16) {
        let refused = who.post(&format!("{}/answers", run.path), answer);
        let places: Vec<_> = refused.json()["errors"].as_array().into_iter().flatten().cloned().collect();
        let (body, code) = (refused.body.clone(), refused.problem(status));
        assert!(!body.contains("4111"), "{body}");
        self.tell(format!("  refused: {code} {}", json!(places)));
    }

    fn at(&mut self, run: &Value) {
        let node = &run["node"];
        self.tell(format!(
            "{} [{}] {}",
            run["here"].as_str().unwrap(),
            node["kind"].as_str().unwrap(),
            node["text"].as_str().unwrap()
        ));
        if let Some(draft) = run["ending"]["answer"]["text"].as_str() {
            draft.lines().for_each(|line| self.tell(format!("  | {line}").trim_end()));
        } else if !run["ending"].is_null() {
            self.tell(format!("  {}", run["ending"]));
        }
    }

    fn history(&mut self, ticket: &str) {
        let history = self.desk.admin.get(&format!("tickets/{ticket}/history")).is(200).json();
        let kinds = ["run.begun", "run.ended", "request.recorded", "ticket.escalated"];
        for item in history["items"].as_array().unwrap() {
            let kind = item["type"].as_str().unwrap();
            if kinds.contains(&kind) {
                let mut data = item["data"].clone();
                data.as_object_mut().unwrap().remove("run");
                self.tell(format!("history: {} {kind} {data}", item["by"].as_str().unwrap()));
            }
        }
    }

    /// A card is activated; a full number is masked where the customer wrote it and refused where an agent does.
    fn nogal(&mut self, adriana: &Caller) {
        let words = format!("Quiero activar mi tarjeta {NUMBER}");
        let ticket = self.write("main", LAURA, "wamid.L1", &words);
        let run = self.begin(adriana, "nogal-activacion", &ticket);
        let confirmed = json!({"node": "identidad", "confirmed": ["nombre_completo", "codigo_postal"]});
        self.answer(adriana, &run, &confirmed);
        // Whoever looks at what the run has left behind is told so.
        self.refuse(adriana, &run, &confirmed, 409);
        self.answer(adriana, &run, &json!({"node": "a_la_mano", "choice": "no_llega"}));
        self.answer(adriana, &run, &json!({"node": "espera"}));
        let back = adriana.call("POST", &format!("{}/back", run.path), &[], None).is(200).json();
        self.tell("  back");
        self.at(&back);
        self.answer(adriana, &run, &json!({"node": "espera"}));
        self.answer(adriana, &run, &json!({"node": "a_la_mano", "choice": "si"}));
        let card = |value: &str| json!({"node": "tarjeta", "data": {"last_four": value}});
        self.refuse(adriana, &run, &card(NUMBER), 422);
        self.refuse(adriana, &run, &card("11111"), 422);
        self.answer(adriana, &run, &card("1111"));
        let done = json!({"node": "activar", "done": true});
        let ended = self.answer(adriana, &run, &done);
        self.refuse(adriana, &run, &done, 409);
        let text = ended["ending"]["answer"]["text"].as_str().unwrap().to_owned();
        let replies = format!("tickets/{ticket}/replies");
        let refused = adriana.post(&replies, &json!({"text": format!("Su tarjeta {NUMBER} está activa")}));
        self.tell(format!("reply refused: {}", refused.problem(422)));
        for (call, body) in [
            ("notes", json!({"text": NUMBER})),
            ("fields", json!({"tarjeta": NUMBER})),
            ("status", json!({"status": "solved", "reason": NUMBER})),
        ] {
            let refused = adriana.post(&format!("tickets/{ticket}/{call}"), &body);
            assert!(!refused.body.contains("4111"), "{}", refused.body);
            assert_eq!(refused.problem(422), "card_number_refused", "{call}");
        }
        adriana.post(&replies, &json!({"text": text})).is(201);
        self.app.provider.wait_for(LAURA, "Confirme con su huella o su clave");
        self.history(&ticket);
        self.known(adriana, &ticket);
        resumed(self.desk, adriana, &run);
    }

    /// Who cannot prove who they are is handed over with everything gathered; who can has a change recorded.
    fn albatros(&mut self, daniela: &Caller) {
        let ticket = self.write("albatros", PEDRO, "wamid.P1", "Me mudé, anote mi domicilio nuevo");
        let run = self.begin(daniela, "albatros-cambios", &ticket);
        let all = json!({"node": "identidad", "confirmed": ["nombre_completo", "fecha_nacimiento", "palabra_clave"]});
        let key = "step-1";
        let first = daniela.post_once(&format!("{}/answers", run.path), key, &all).is(200).json();
        let again = daniela.post_once(&format!("{}/answers", run.path), key, &all).is(200).json();
        assert_eq!(first, again, "a repeat changes nothing");
        let other = json!({"node": "identidad", "confirmed": []});
        let reused = daniela.post_once(&format!("{}/answers", run.path), key, &other);
        assert_eq!(reused.problem(409), "idempotency_key_reused");
        self.answer(daniela, &run, &json!({"node": "que_cambia", "choice": "domicilio"}));
        let data = |postcode: Value, proof: &str| {
            let address = "Calle Roble 12, Centro, Toluca, México";
            json!({"node": "domicilio", "data": {"last_four": "4821", "address": address, "postcode": postcode, "proof": proof}})
        };
        let today = self.today();
        self.refuse(daniela, &run, &data(json!(" "), "2019-02-30"), 422);
        let recorded = data(json!("50000"), &today);
        let ended = daniela.post(&format!("{}/answers", run.path), &recorded).is(200).json();
        assert_eq!(ended["ending"]["request"]["data"]["proof"], json!(today));
        self.tell(format!("{}: {}", ended["here"].as_str().unwrap(), ended["ending"]["request"]["request"]));

        let run = self.begin(daniela, "albatros-cambios", &ticket);
        self.answer(daniela, &run, &json!({"node": "identidad", "confirmed": ["nombre_completo"]}));
        let read = daniela.get(&format!("tickets/{ticket}")).is(200).json();
        let note = read["messages"].as_array().unwrap().iter().find(|m| m["direction"] == "note").unwrap();
        self.tell(format!("the ticket is with {}, and its note says:", read["team"].as_str().unwrap()));
        note["text"].as_str().unwrap().lines().for_each(|line| self.tell(format!("  | {line}").trim_end()));
    }

    fn today(&self) -> String {
        let begun = self.desk.admin.get("playbooks/nogal-activacion/runs").is(200).json();
        begun["items"][0]["begun_at"].as_str().unwrap().split('T').next().unwrap().to_owned()
    }

    /// Nobody of one client sees or runs anything of the other's.
    fn apart(&mut self, adriana: &Caller, daniela: &Caller) {
        let names = |caller: &Caller| -> Vec<String> {
            let items = caller.get("playbooks").is(200).json()["items"].as_array().unwrap().clone();
            items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
        };
        for who in [adriana, daniela, &self.desk.token("karla-mendez", "manager")] {
            let line = format!("{} sees {}", who.person, names(who).join(", "));
            self.tell(line);
        }
        let runs = self.desk.admin.get("playbooks/nogal-activacion/runs").is(200).json();
        let run = format!("playbooks/nogal-activacion/runs/{}", runs["items"][0]["id"].as_str().unwrap());
        let ticket = runs["items"][0]["ticket"].clone();
        let none = json!({});
        for (call, code) in [
            (daniela.get("playbooks/nogal-activacion"), "unknown_playbook"),
            (daniela.get("playbooks/nogal-activacion/runs"), "unknown_playbook"),
            (daniela.post("playbooks/nogal-activacion/runs", &none), "unknown_playbook"),
            (daniela.get(&run), "unknown_run"),
            (daniela.post(&format!("{run}/answers"), &json!({"node": "x"})), "unknown_run"),
            (daniela.post(&format!("{run}/back"), &none), "unknown_run"),
            (daniela.get(&run.replace("nogal-activacion", "albatros-cambios")), "unknown_run"),
            (daniela.post("playbooks/albatros-cambios/runs", &json!({"ticket": ticket})), "unknown_ticket"),
            (adriana.post("playbooks/albatros-cambios/runs", &none), "unknown_playbook"),
        ] {
            assert_eq!(call.problem(404), code);
        }
        let karla = self.desk.token("karla-mendez", "manager");
        let mixed = karla.post("playbooks/albatros-cambios/runs", &json!({"ticket": ticket}));
        assert_eq!(mixed.problem(409), "other_partition");
        self.tickets_apart(adriana, daniela, ticket.as_str().unwrap());
        let lead = self.desk.token("guillermo-rico", "lead");
        assert_eq!(lead.get("playbooks/nogal-activacion/statistics").problem(404), "unknown_playbook");
        assert_eq!(adriana.get("playbooks/nogal-activacion/statistics").problem(403), "forbidden");
    }

    /// Nor of the other's tickets, contacts, deliveries, figures.
    fn tickets_apart(&self, adriana: &Caller, daniela: &Caller, ticket: &str) {
        let contact = adriana.get(&format!("tickets/{ticket}")).is(200).json()["contact"]["id"].clone();
        let contact = contact.as_str().unwrap();
        for call in ["", "/history", "/sla"] {
            let refused = daniela.get(&format!("tickets/{ticket}{call}"));
            assert_eq!(refused.problem(404), "unknown_ticket", "{call}");
        }
        for (call, body) in [
            ("replies", json!({"text": "x"})),
            ("notes", json!({"text": "x"})),
            ("status", json!({"status": "solved"})),
            ("assignment", json!({"agent": "daniela-rivas"})),
            ("fields", json!({"a": 1})),
            ("tags", json!({"add": ["x"]})),
            ("escalation", json!({"team": "albatros-aclaraciones"})),
        ] {
            let refused = daniela.post(&format!("tickets/{ticket}/{call}"), &body);
            assert_eq!(refused.problem(404), "unknown_ticket", "{call}");
        }
        let own = |caller: &Caller| -> Vec<Value> {
            let items = caller.get("tickets").is(200).json()["items"].as_array().unwrap().clone();
            items.iter().map(|item| item["queue"].clone()).collect()
        };
        assert_eq!((own(adriana), own(daniela)), (vec![json!("nogal")], vec![json!("albatros")]));
        assert_eq!(own(&self.desk.token("karla-mendez", "manager")).len(), 2);
        let mine = daniela.get("tickets").is(200).json()["items"][0]["id"].as_str().unwrap().to_owned();
        let merge = daniela.post(&format!("tickets/{mine}/merge"), &json!({"into": ticket}));
        assert_eq!(merge.problem(404), "unknown_ticket");
        assert_eq!(daniela.get("tickets/counts").is(200).json()["queue"], json!({"albatros": 1}));
        assert_eq!(daniela.get(&format!("contacts/{contact}")).problem(404), "unknown_contact");
        assert_eq!(daniela.get("contacts").is(200).json()["items"].as_array().unwrap().len(), 1);
        assert_eq!(daniela.get(&format!("tickets?contact={LAURA}")).is(200).json()["items"], json!([]));
        let new = json!({"channel": "whatsapp", "account": "main", "contact": {"address": "15550500009"}});
        assert_eq!(daniela.post("tickets", &new).problem(403), "forbidden");
        let preview = json!({"channel": "whatsapp", "ticket": ticket});
        assert_eq!(daniela.post("templates/acuse/preview", &preview).problem(404), "unknown_ticket");

        let (nogal, albatros) =
            (self.desk.token("fernanda-luna", "lead"), self.desk.token("guillermo-rico", "lead"));
        let sent = nogal.get("outbox").is(200).json()["items"].as_array().unwrap().clone();
        assert_eq!(sent.len(), 1, "{sent:?}");
        assert_eq!(albatros.get("outbox").is(200).json()["items"], json!([]));
        let entry = format!("outbox/{}", sent[0]["id"].as_str().unwrap());
        nogal.get(&entry).is(200);
        assert_eq!(albatros.get(&entry).problem(404), "not_found");
        let books = |lead: &Caller| -> Vec<String> {
            let pack = lead.get("pack").is(200).json()["pack"]["playbooks"].clone();
            pack.as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(books(&albatros), ["albatros-cambios"]);
        assert_eq!(books(&nogal), ["nogal-activacion", "nogal-pago"]);
        let report = albatros.get("reports/overview?group_by=queue").is(200).json();
        let queues: Vec<_> = report["groups"].as_array().unwrap().iter().map(|g| g["key"].clone()).collect();
        assert_eq!(queues, ["albatros"], "{report}");
        assert_eq!(albatros.get("problems").problem(403), "forbidden");
        // What is tried on the past is tried on everybody's.
        let told = json!({"automations": [{"id": "a", "name": "A", "on": ["message.received"],
            "when": {"address": {"matches": ["*"]}}, "then": [{"note": {"text": "x"}}]}]});
        for (path, body) in [("automations/simulate", &told), ("sla/simulate", &json!({"days": 7}))] {
            assert_eq!(albatros.post(path, body).problem(403), "forbidden", "{path}");
        }
        assert_eq!(albatros.get("automations").problem(403), "forbidden");
        let karla = self.desk.token("karla-mendez", "manager");
        assert_eq!(karla.post("automations/simulate", &told).is(200).json()["changed"], 2);
    }

    fn figures(&mut self) {
        let lead = self.desk.token("fernanda-luna", "lead");
        let figures =
            lead.get("playbooks/nogal-activacion/statistics?days=7").is(200).json()["figures"].clone();
        self.tell(format!("\n{} runs, {} ended: {}", figures["runs"], figures["ended"], figures["endings"]));
        for (node, figures) in figures["nodes"].as_object().unwrap() {
            let answers = &figures["answers"];
            self.tell(format!("{node}: reached {}, left {}, {answers}", figures["reached"], figures["left"]));
        }
        assert_eq!(lead.get("playbooks/nogal-activacion/statistics?days=0").problem(400), "bad_days");
    }

    /// What a ticket is about is known before it is solved; what is a lead's is nobody else's.
    fn fields(&mut self, adriana: &Caller) {
        self.tell("");
        let ticket =
            self.write("main", "15550500003", "wamid.C1", "Buenas tardes, una duda de mi tarjeta oro");
        let path = |call: &str| format!("tickets/{ticket}/{call}");
        let solved = json!({"status": "resuelto"});
        let early = adriana.post(&path("status"), &solved);
        let (errors, code) = (early.json()["errors"].clone(), early.problem(422));
        self.tell(format!("adriana-campos solves it: {code} {errors}"));
        for set in [
            json!({"request": "préstamo", "card_last_four": "12345"}),
            json!({"fraud_file": "F-000123"}),
            json!({"client": "albatros"}),
        ] {
            let refused = adriana.post(&path("fields"), &set);
            let (errors, code) = (refused.json()["errors"].clone(), refused.problem(422));
            self.tell(format!("adriana-campos sets {set}: {code} {errors}"));
        }
        let fernanda = self.desk.token("fernanda-luna", "lead");
        fernanda.post(&path("fields"), &json!({"fraud_file": "F-000123"})).is(200);
        adriana.post(&path("fields"), &json!({"request": "other", "card_last_four": "2222"})).is(200);
        for who in [&fernanda, adriana] {
            self.tell(format!("{} sees", who.person));
            self.known(who, &ticket);
        }
        assert!(!adriana.get(&path("history")).is(200).body.contains("F-000123"));
        let now = adriana.post(&path("status"), &solved).is(200).json();
        self.tell(format!("adriana-campos solves it: {}", now["status"].as_str().unwrap()));
    }

    /// What was written down in a run is part of a person's data: exported with them, and erased with them.
    fn forgotten(&mut self) {
        let runs = self.desk.admin.get("playbooks/albatros-cambios/runs").is(200).json();
        let ticket = runs["items"][0]["ticket"].as_str().unwrap().to_owned();
        let read = self.desk.admin.get(&format!("tickets/{ticket}")).is(200).json();
        let contact = read["contact"]["id"].as_str().unwrap().to_owned();
        let exported = self.desk.admin.get(&format!("contacts/{contact}/export")).is(200).json();
        assert_eq!(exported["runs"].as_array().unwrap().len(), 2, "{exported}");
        assert!(exported["runs"].to_string().contains("Calle Roble 12"), "{exported}");
        let erasure = json!({"reason": "asked for it"});
        self.desk.admin.post(&format!("contacts/{contact}/erasure"), &erasure).is(200);
        // Every host notices within 30 seconds.
        self.app.set_clock(self.app.clock() + 60);
        for item in runs["items"].as_array().unwrap() {
            let path = format!("playbooks/albatros-cambios/runs/{}", item["id"].as_str().unwrap());
            let run = self.desk.admin.get(&path).is(200).json();
            assert!(!run.to_string().contains("Roble"), "{run}");
            assert_eq!(run["state"], "ended", "that it was is still told");
        }
        self.tell("\nPedro is forgotten: his runs are still counted, and say nothing of him");
    }
}

struct Run {
    path: String,
}

/// A run goes by the version that it began with, also when another is published.
fn resumed(desk: &Desk, adriana: &Caller, run: &Run) {
    let old = adriana.post("playbooks/nogal-pago/runs", &json!({})).is(201).json();
    let mut pack = desk.pack.clone();
    pack["playbooks"]["nogal-pago"]["nodes"]["identidad"]["identity_check"]["needed"] = json!(3);
    desk.admin.put("pack", &pack).is(200);
    let path = format!("playbooks/nogal-pago/runs/{}/answers", old["id"].as_str().unwrap());
    let two = json!({"node": "identidad", "confirmed": ["nombre_completo", "codigo_postal"]});
    let now = adriana.post(&path, &two).is(200).json();
    assert_eq!((now["here"].as_str(), now["version"].as_u64()), (Some("pago"), Some(1)));
    let data = json!({"last_four": "1111", "due_date": "2020-01-01", "amount": {"minor": 1, "currency": "MXN"}, "iban": "ES9121000418450200051333"});
    let refused = adriana.post(&path, &json!({"node": "pago", "data": data})).is(422).json();
    let places: Vec<_> = refused["errors"].as_array().unwrap().iter().map(|e| e["pointer"].clone()).collect();
    assert_eq!(places, ["/data/due_date", "/data/iban"], "{refused}");
    let new = adriana.post("playbooks/nogal-pago/runs", &json!({})).is(201).json();
    assert_eq!(new["version"], 2);
    let path = format!("playbooks/nogal-pago/runs/{}/answers", new["id"].as_str().unwrap());
    // It leads to a hand-over, for which there is no ticket.
    assert_eq!(adriana.post(&path, &two).problem(409), "run_needs_ticket");
    assert_eq!(adriana.get(&run.path).is(200).json()["version"], 1);
}
