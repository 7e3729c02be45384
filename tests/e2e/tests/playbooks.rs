//! Playbooks beside a client's usual day: what is published wrong, runs about nobody, two who answer at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::thread;

use relevo_e2e::{App, Desk, Store, whatsapp};
use serde_json::{Value, json};

const PHONE: &str = "15550500011";

/// A playbook that is the whole desk's.
fn common() -> Value {
    json!({
        "name": "Datos", "start": "cual",
        "nodes": {
            "cual": {"question": {"text": "¿Cuál?", "choices": [
                {"id": "a", "label": "A", "to": "dato"}, {"id": "b", "label": "B", "to": "dato"},
                {"id": "c", "label": "C", "to": "dato"}]}},
            "dato": {"data_entry": {"text": "Anote", "fields": [{"name": "name", "label": "Nombre", "type": "text"}],
                "to": "fin"}},
            "fin": {"outcome": {"text": "Fin", "end": {"request": {"request": "name_change", "fields": ["name"]}}}}
        }
    })
}

/// A playbook whose only step leads to one ending or another.
fn two_ends() -> Value {
    json!({
        "name": "Dos finales", "start": "hacer",
        "nodes": {
            "hacer": {"action": {"text": "Haga", "record": {"request": "activation", "fields": []},
                "done": "fin", "not_done": "pasa"}},
            "fin": {"outcome": {"text": "Fin", "end": {"request": {"request": "activation", "fields": []}}}},
            "pasa": {"outcome": {"text": "Pasa", "end": {"escalation": {"team": "nogal-fraudes"}}}}
        }
    })
}

fn desk(app: &App) -> Desk {
    app.publish_with("cards", |pack| {
        pack["playbooks"]["comun"] = common();
        pack["playbooks"]["dos"] = two_ends();
    })
}

#[test]
fn a_tree_that_cannot_be_run_is_refused_with_every_place() {
    let app = App::bare(Store::Sqlite);
    let desk = desk(&app);
    let mut pack = desk.pack.clone();
    let nodes = &mut pack["playbooks"]["nogal-activacion"]["nodes"];
    nodes["pasos"]["outcome"]["end"]["answer"]["template"] = json!("no-hay");
    nodes["suelto"] = json!({"guidance": {"text": "…", "to": "pasos"}});
    nodes["a_fraudes"]["outcome"]["end"]["escalation"]["team"] = json!("albatros-n1");
    pack["playbooks"]["nogal-pago"]["nodes"]["pago"]["data_entry"]["to"] = json!("nada");
    let refused = desk.admin.put("pack", &pack).is(422).json();
    let places: Vec<_> =
        refused["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    for place in [
        "/playbooks/nogal-activacion/nodes/suelto",
        "/playbooks/nogal-activacion/nodes/pasos/outcome/end/answer/template",
        "/playbooks/nogal-activacion/nodes/a_fraudes/outcome/end/escalation/team",
        "/playbooks/nogal-pago/nodes/pago/data_entry/to",
    ] {
        assert!(places.contains(&place), "{place} in {places:?}");
    }
    assert_eq!(desk.admin.get("pack").is(200).json()["version"], 1, "nothing was published");
}

#[test]
fn of_many_who_answer_at_once_one_counts_on_sqlite() {
    race(Store::Sqlite);
}

#[test]
fn of_many_who_answer_at_once_one_counts_on_redis() {
    race(Store::Redis);
}

fn race(store: Store) {
    let app = App::bare(store);
    let desk = desk(&app);
    let run = desk.agent.post("playbooks/comun/runs", &json!({})).is(201).json();
    let path = format!("playbooks/comun/runs/{}", run["id"].as_str().unwrap());
    let answers: Vec<_> = ["a", "b", "c", "a", "b", "c"]
        .map(|choice| {
            let (agent, path) = (desk.agent.clone(), format!("{path}/answers"));
            thread::spawn(move || agent.post(&path, &json!({"node": "cual", "choice": choice})))
        })
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    let counted: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.clone().problem(409), "run_moved_on");
    }
    let now = desk.agent.get(&path).is(200).json();
    assert_eq!(now["path"].as_array().unwrap().len(), 1, "{now}");
    assert_eq!(now["here"], "dato");
    assert_eq!(counted.len(), 1, "{now}");
}

#[test]
fn of_two_endings_at_once_one_is_told_to_the_ticket() {
    let app = App::bare(Store::Sqlite);
    let desk = desk(&app);
    for round in 0..8 {
        let phone = format!("1555050{round:04}");
        let message = whatsapp::message(&phone, &format!("wamid.E{round}"), "hola");
        whatsapp::deliver(app.client(), &desk, &message).is(200);
        let ticket = desk.ticket_of(&phone)["id"].as_str().unwrap().to_owned();
        let run = desk.lead.post("playbooks/dos/runs", &json!({"ticket": ticket})).is(201).json();
        let path = format!("playbooks/dos/runs/{}", run["id"].as_str().unwrap());
        let answers: Vec<_> = [true, false, true, false]
            .map(|done| {
                let (lead, path) = (desk.lead.clone(), format!("{path}/answers"));
                thread::spawn(move || lead.post(&path, &json!({"node": "hacer", "done": done})))
            })
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        let history = desk.lead.get(&format!("tickets/{ticket}/history")).is(200).json();
        let told = |kind: &str| {
            history["items"].as_array().unwrap().iter().filter(|item| item["type"] == kind).count()
        };
        let now = desk.lead.get(&path).is(200).json();
        let escalated = now["ending"].to_string().contains("escalation");
        assert_eq!((told("run.ended"), told("ticket.escalated")), (1, usize::from(escalated)), "{now}");
        // What was done, and what it ended in.
        assert_eq!(told("request.recorded"), if escalated { 0 } else { 2 }, "{now}");
    }
}

#[test]
fn a_run_about_nobody_is_sealed_and_one_about_a_ticket_is_its_partitions() {
    let app = App::bare(Store::Sqlite);
    let desk = desk(&app);
    let (adriana, daniela) = (desk.token("adriana-campos", "agent"), desk.token("daniela-rivas", "agent"));
    let run = daniela.post("playbooks/comun/runs", &json!({})).is(201).json();
    let path = format!("playbooks/comun/runs/{}", run["id"].as_str().unwrap());
    let answers = format!("{path}/answers");
    daniela.post(&answers, &json!({"node": "cual", "choice": "a"})).is(200);
    let named = json!({"node": "dato", "data": {"name": "Zenobia Quevedo"}});
    let ended = daniela.post(&answers, &named).is(200).json();
    assert_eq!(ended["ending"]["request"]["data"], json!({"name": "Zenobia Quevedo"}));
    assert_eq!(
        adriana.get(&path).is(200).json()["gathered"]["name"],
        "Zenobia Quevedo",
        "it is of no partition"
    );
    // The data file, and what SQLite keeps beside it.
    let files =
        std::fs::read_dir(app.data_file().parent().unwrap()).unwrap().map(|file| file.unwrap().path());
    let stored: Vec<u8> =
        files.filter(|file| file.is_file()).flat_map(|file| std::fs::read(file).unwrap()).collect();
    let has = |words: &str| stored.windows(words.len()).any(|bytes| bytes == words.as_bytes());
    assert!(has("run.stepped") && !has("Zenobia"), "sealed");
    assert!(!app.host.log().contains("Zenobia"));

    whatsapp::deliver(app.client(), &desk, &whatsapp::message(PHONE, "wamid.N1", "hola")).is(200);
    let tickets = adriana.get("tickets").is(200).json();
    let ticket = tickets["items"][0]["id"].clone();
    let run = adriana.post("playbooks/comun/runs", &json!({"ticket": ticket})).is(201).json();
    let path = format!("playbooks/comun/runs/{}", run["id"].as_str().unwrap());
    adriana.get(&path).is(200);
    assert_eq!(daniela.get(&path).problem(404), "unknown_run");
    let listed = |who: &relevo_e2e::Caller| {
        who.get("playbooks/comun/runs").is(200).json()["items"].as_array().unwrap().len()
    };
    assert_eq!((listed(&adriana), listed(&daniela)), (2, 1));
    app.tick_everything();
    app.verify();
}
