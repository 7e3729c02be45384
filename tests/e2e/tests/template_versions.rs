//! Templates as people work on them: drafts, publishing, going back, trying them out, and the desk's tone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use relevo_e2e::{App, Caller, Desk, Store, pack, whatsapp};
use serde_json::{Value, json};

const PHONE: &str = "15550700002";

/// A desk whose agent has an address of their own, and a manager.
fn desk(app: &App) -> (Desk, Caller) {
    let mut pack = pack("school");
    let people = pack["people"].as_object_mut().unwrap();
    for (_, person) in people.iter_mut() {
        person["addresses"] = json!({"phone": "34600111222"});
    }
    pack["templates"]["acuse"]["shortcut"] = json!("acuse");
    let (manager, _) = people_of(&pack, "manager").unwrap_or_else(|| people_of(&pack, "admin").unwrap());
    let desk = app.publish_pack("school", &pack);
    let manager = desk.token(&manager, "manager");
    (desk, manager)
}

fn people_of(pack: &Value, role: &str) -> Option<(String, Value)> {
    let people = pack["people"].as_object().unwrap();
    people.iter().find(|(_, person)| person["role"] == role).map(|(id, person)| (id.clone(), person.clone()))
}

fn ticket(app: &App, desk: &Desk) -> String {
    whatsapp::deliver(app.client(), desk, &whatsapp::message(PHONE, "wamid.T1", "hola")).is(200);
    desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned()
}

fn reply(desk: &Desk, ticket: &str) -> Value {
    desk.agent.post(&format!("tickets/{ticket}/replies"), &json!({"template": "/acuse"})).is(201);
    let read = desk.ticket(ticket);
    read["messages"].as_array().unwrap().last().unwrap().clone()
}

#[test]
fn a_draft_goes_out_to_nobody_until_it_is_published_and_one_can_go_back() {
    let app = App::bare(Store::Sqlite);
    let (desk, manager) = desk(&app);
    let id = ticket(&app, &desk);
    let first = reply(&desk, &id);
    assert_eq!(
        json!([first["template"]["name"], first["template"]["pack"]]),
        json!(["acuse", 1]),
        "by its shortcut"
    );

    let mut template = desk.pack["templates"]["acuse"].clone();
    template["locales"]["es"]["text"] = json!("Hola: su consulta es la n.º {{ ticket_nubmer }}.");
    let wrong = desk.lead.post("templates/acuse/drafts", &json!({"template": template}));
    assert_eq!(wrong.clone().problem(422), "invalid_document");
    let error = wrong.json()["errors"][0].clone();
    assert_eq!(
        json!([error["pointer"], error["line"], error["column"]]),
        json!(["/templates/acuse/locales/es/text", 1, 32])
    );
    assert!(error["message"].as_str().unwrap().contains("ticket_number"), "what was meant: {error}");

    template["locales"]["es"]["text"] = json!("Hola: su consulta es la n.º {{ ticket_number }}.");
    let draft = json!({"template": template, "note": "Más corta"});
    desk.agent.post("templates/acuse/drafts", &draft).problem(403);
    for _ in 0..2 {
        desk.lead.post_once("templates/acuse/drafts", "d1", &draft).is(201);
    }
    assert_eq!(reply(&desk, &id)["template"]["pack"], 1, "a draft is not sent");
    let read = desk.agent.get("templates/acuse").is(200).json();
    assert_eq!(json!([read["draft"]["note"], read["version"]]), json!(["Más corta", 1]));
    let side = json!({"channel": "text", "ticket": id, "draft": true});
    let side = desk.agent.post("templates/acuse/preview", &side).is(200).json();
    let spanish = side["items"].as_array().unwrap().iter().find(|item| item["locale"] == "es").unwrap();
    assert_eq!(spanish["message"]["text"], "Hola: su consulta es la n.º 1.", "with the ticket's own number");
    assert_eq!(side["items"].as_array().unwrap().len(), 2, "in all its languages");

    desk.lead.post("templates/acuse/publish", &json!({})).problem(403);
    let published = manager.post("templates/acuse/publish", &json!({"note": "Aprobada"})).is(200).json();
    assert_eq!(json!([published["version"], published["changed"]]), json!([2, true]));
    // Who works at the desk lies sealed in what was published so, too.
    let folder = app.data_file().parent().unwrap().to_owned();
    for file in ["kv.db", "kv.db-wal"] {
        let bytes = std::fs::read(folder.join(file)).unwrap_or_default();
        let name = "Gonzalo Prieto".as_bytes();
        assert!(!bytes.windows(name.len()).any(|window| window == name), "a name lies open in {file}");
    }
    let second = reply(&desk, &id);
    assert_eq!(
        json!([second["template"]["pack"], second["text"]]),
        json!([2, "Hola: su consulta es la n.º 1."])
    );
    assert_eq!(manager.post("templates/acuse/publish", &json!({})).problem(409), "no_draft");

    let back =
        manager.post("templates/acuse/publish", &json!({"version": 1, "note": "Mejor antes"})).is(200).json();
    assert_eq!(back["version"], 3);
    let third = reply(&desk, &id);
    assert_eq!(json!([third["template"]["pack"], third["text"]]), json!([3, first["text"]]));
    let versions = desk.agent.get("templates/acuse/versions").is(200).json();
    let numbers: Vec<_> =
        versions["items"].as_array().unwrap().iter().map(|v| v["version"].clone()).collect();
    assert_eq!(numbers, [json!(3), json!(2), json!(1)]);
    let what: Vec<_> = versions["changes"].as_array().unwrap().iter().map(|c| c["what"].clone()).collect();
    assert_eq!(what, [json!("drafted"), json!("published"), json!("rolled_back")]);
    assert_eq!(versions["changes"][1]["by"], format!("person:{}", manager.person));
    manager.post("templates/acuse/publish", &json!({"version": 9})).problem(404);
    desk.agent.get("templates/nada").problem(404);
    desk.agent.get("templates/nada/versions").problem(404);
}

#[test]
fn a_draft_does_not_undo_what_others_published_meanwhile() {
    let app = App::bare(Store::Sqlite);
    let (desk, manager) = desk(&app);
    let mut template = desk.pack["templates"]["acuse"].clone();
    desk.lead.post("templates/acuse/drafts", &json!({"template": template})).is(201);
    let mut pack = desk.pack.clone();
    pack["templates"]["acuse"]["description"] = json!("Otra");
    desk.admin.put("pack", &pack).is(200);
    assert_eq!(manager.post("templates/acuse/publish", &json!({})).problem(409), "draft_outdated");
    template["description"] = json!("Otra, revisada");
    desk.lead.post("templates/acuse/drafts", &json!({"template": template})).is(201);
    desk.lead.delete("templates/acuse/drafts").is(204);
    assert_eq!(manager.post("templates/acuse/publish", &json!({})).problem(409), "no_draft");
    desk.lead.post("templates/acuse/drafts", &json!({"template": template})).is(201);
    assert_eq!(manager.post("templates/acuse/publish", &json!({})).is(200).json()["version"], 3);
    assert_eq!(
        desk.admin.get("pack").is(200).json()["pack"]["templates"]["acuse"]["description"],
        "Otra, revisada"
    );
}

#[test]
fn an_agent_finds_a_template_by_what_they_type_and_tries_it_on_themselves_alone() {
    let app = App::bare(Store::Sqlite);
    let (desk, _) = desk(&app);
    let found = desk.agent.get("templates?shortcut=%2Facuse").is(200).json();
    assert_eq!(json!([found["items"][0]["name"], found["items"][1]]), json!(["acuse", null]));
    assert!(
        found["items"][0]["prompts"]["ticket_number"]["description"].is_string(),
        "what is asked for: {found}"
    );
    assert!(desk.agent.get("templates").is(200).json()["items"].as_array().unwrap().len() > 10);
    let test = json!({"channel": "whatsapp", "locale": "en"});
    for _ in 0..2 {
        desk.agent.post_once("templates/acuse/test", "t1", &test).is(201);
    }
    let sent = app.provider.wait_for("34600111222", "1842");
    assert_eq!(app.provider.sent_to("34600111222", "1842").len(), 1, "{sent:?}");
    desk.agent
        .post("templates/acuse/test", &json!({"channel": "whatsapp", "address": "34600999888"}))
        .problem(422);
    assert_eq!(desk.admin.post("templates/acuse/test", &test).problem(409), "no_own_address");
    desk.agent.post("templates/acuse/test", &json!({"channel": "whatsapp", "account": "none"})).problem(422);
    assert_eq!(desk.tickets().len(), 0);
}

#[test]
fn a_reply_and_a_preview_say_where_they_depart_from_the_tone() {
    let app = App::bare(Store::Sqlite);
    let (desk, _) = desk(&app);
    let id = ticket(&app, &desk);
    let say =
        |text: &str| desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": text})).is(201).json();
    let told = say("Hola:\nTu problema está en manos de su equipo.");
    let warnings: Vec<_> = told["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| json!([w["line"], w["column"], w["code"]]))
        .collect();
    assert_eq!(warnings, [json!([2, 1, "formality"]), json!([2, 4, "avoid"])]);
    assert_eq!(say("Hola: ya está resuelta su consulta.")["warnings"], Value::Null);
    let preview = json!({"source": "Lamentablemente no. ¡Ánimo! ¡Ya!", "channel": "sms", "locale": "es"});
    let preview = desk.agent.post("templates/preview", &preview).is(200).json();
    let codes: Vec<_> = preview["warnings"].as_array().unwrap().iter().map(|w| w["code"].clone()).collect();
    assert_eq!(codes, [json!("avoid"), json!("greeting"), json!("exclamations")]);
    assert_eq!(
        json!([preview["hint"]["outside"][0]["character"], preview["segments"]["encoding"]]),
        json!(["Á", "UCS-2"])
    );
    assert_eq!(preview["hint"]["transliterated"]["encoding"], "GSM-7");
}
