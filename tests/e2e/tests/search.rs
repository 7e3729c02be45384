//! Tickets found by what was said: by words in any spelling, phrases, numbers, people and fields; never what is another
//! client's, and never what was erased.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use relevo_e2e::{App, Caller, Desk, Store, whatsapp};
use serde_json::{Value, json};

const ROSA: &str = "15550196001";
const LUIS: &str = "15550196002";

fn open(desk: &Desk, phone: &str, subject: &str, more: Value) -> String {
    let mut body = json!({"channel": "whatsapp", "contact": {"address": phone}, "subject": subject});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    desk.agent.post("tickets", &body).is(201).json()["id"].as_str().unwrap().to_owned()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn search(who: &Caller, q: &str, more: &str) -> Value {
    who.get(&format!("tickets?q={}{more}", encoded(q))).is(200).json()
}

fn found(who: &Caller, q: &str) -> Vec<String> {
    let page = search(who, q, "");
    assert_eq!(page["next"], Value::Null, "{page}");
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_was_said_is_found_however_it_is_spelt_and_wherever_it_stands() {
    let (app, desk) = App::school(Store::Sqlite);
    let words = "No puedo entrar en la plataforma: «contraseña caducada»";
    whatsapp::deliver(app.client(), &desk, &whatsapp::message(ROSA, "wamid.S1", words)).is(200);
    let rosa = desk.ticket_of(ROSA)["id"].as_str().unwrap().to_owned();
    let luis =
        open(&desk, LUIS, "Boletín de notas", json!({"fields": {"school": "Plan Ágora"}, "tags": ["notas"]}));
    desk.agent.post(&format!("tickets/{luis}/notes"), &json!({"text": "La contraseña estaba bien"})).is(201);
    desk.agent
        .post(&format!("tickets/{rosa}/replies"), &json!({"text": "Le hemos enviado otra clave"}))
        .is(201);

    let both = [luis.clone(), rosa.clone()];
    let number = desk.ticket(&rosa)["number"].as_u64().unwrap();
    for (q, wanted) in [
        ("contraseña", &both[..]),
        ("CONTRASENA", &both[..]),
        ("contraseña plataforma", &both[1..]),
        ("\"contraseña caducada\"", &both[1..]),
        ("\"caducada contraseña\"", &[]),
        ("boletin", &both[..1]),
        ("otra clave", &both[1..]),
        ("notas", &both[..1]),
        ("field.school:\"plan agora\"", &both[..1]),
        ("field.school:agora", &[]),
        ("agora", &both[..1]),
        (&format!("#{number}"), &both[1..]),
        (&format!("#{number} boletín"), &[]),
        (ROSA, &both[1..]),
        ("+1 555 019-6002", &both[..1]),
        ("contras", &[]),
    ] {
        assert_eq!(found(&desk.agent, q), wanted, "{q}");
    }
    let item = &search(&desk.agent, "contrasena plataforma", "")["items"][0];
    let parts = item["matched"][0]["parts"].as_array().unwrap();
    let hits: Vec<&str> =
        parts.iter().filter(|part| part["hit"] == true).map(|part| part["text"].as_str().unwrap()).collect();
    assert_eq!((hits, &item["matched"][0]["in"]), (vec!["plataforma", "contraseña"], &json!("message")));
    // Other filters narrow it.
    let narrowed = search(&desk.agent, "contraseña", "&tag=notas");
    assert_eq!((narrowed["items"].as_array().unwrap().len(), &narrowed["items"][0]["id"]), (1, &json!(luis)));
    // What is taken off is not found any more.
    desk.agent.post(&format!("tickets/{luis}/fields"), &json!({"school": null})).is(200);
    assert_eq!(found(&desk.agent, "agora"), Vec::<String>::new());

    app.tick("projections");
    assert_eq!(found(&desk.agent, "contraseña"), both, "once everything is indexed too");
    app.verify();
}

#[test]
fn pages_go_on_where_the_last_one_ended() {
    let (app, desk) = App::school(Store::Sqlite);
    let all: Vec<String> =
        (0..7).map(|n| open(&desk, &format!("1555019700{n}"), &format!("Acta {n}"), json!({}))).collect();
    app.tick("projections");
    let first = search(&desk.agent, "acta", "&limit=3");
    // What comes meanwhile is newer than what follows.
    open(&desk, "15550197009", "Acta nueva", json!({}));
    let ids = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let mut seen = ids(&first);
    let mut next = first["next"].clone();
    while let Some(cursor) = next.as_str() {
        let page = search(&desk.agent, "acta", &format!("&limit=3&cursor={cursor}"));
        seen.extend(ids(&page));
        next = page["next"].clone();
    }
    let newest_first: Vec<String> = all.into_iter().rev().collect();
    assert_eq!(seen, newest_first);
}

#[test]
fn a_search_that_cannot_be_made_is_refused() {
    let (_app, desk) = App::school(Store::Sqlite);
    for (query, code) in [
        (format!("q={}", encoded("¿?")), "bad_q"),
        (format!("q={}", "a".repeat(401)), "bad_q"),
        (format!("q={}", encoded("uno dos tres cuatro ").replace("%20", "+") + "&order=due"), "bad_order"),
        ("q=acta&cursor=due.1.2.3".to_owned(), "bad_cursor"),
        ("q=acta&words=1".to_owned(), "unknown_parameter"),
    ] {
        assert_eq!(desk.agent.get(&format!("tickets?{query}")).problem(400), code, "{query}");
    }
}

#[test]
fn what_belongs_to_another_client_is_not_found() {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish("cards");
    for (account, phone, id) in [("main", "15550196101", "wamid.C1"), ("albatros", "15550196102", "wamid.C2")]
    {
        let body = whatsapp::message(phone, id, "mi tarjeta está bloqueada");
        let signature = whatsapp::signature(&desk.secret("whatsapp", account), &body);
        let headers = [("content-type", "application/json"), ("x-hub-signature-256", &*signature)];
        app.client().send("POST", &desk.hook("whatsapp", account), &headers, Some(body.as_bytes())).is(200);
    }
    let (adriana, daniela) = (desk.token("adriana-campos", "agent"), desk.token("daniela-rivas", "agent"));
    let all = found(&desk.admin, "bloqueada");
    assert_eq!(all.len(), 2);
    let (of_nogal, of_albatros) = (found(&adriana, "bloqueada"), found(&daniela, "bloqueada"));
    assert_eq!((&of_nogal[..], &of_albatros[..]), (&all[1..], &all[..1]));
    assert_eq!(found(&adriana, "15550196102"), Vec::<String>::new());
    let number = desk.admin.get(&format!("tickets/{}", all[0])).is(200).json()["number"].to_string();
    assert_eq!(found(&adriana, &format!("#{number}")), Vec::<String>::new());
}

#[test]
fn who_is_erased_is_not_found_and_the_others_still_are() {
    let (mut app, desk) = App::school(Store::Sqlite);
    for (phone, id) in [(ROSA, "wamid.E1"), (LUIS, "wamid.E2")] {
        whatsapp::deliver(app.client(), &desk, &whatsapp::message(phone, id, "vivo en la calle Quevedo"))
            .is(200);
    }
    let rosa = desk.ticket_of(ROSA);
    let luis = desk.ticket_of(LUIS)["id"].as_str().unwrap().to_owned();
    app.tick("projections");
    assert_eq!(found(&desk.agent, "quevedo").len(), 2);
    let before = postings(&app);
    assert!(!before.is_empty(), "there is an index");
    let contact = rosa["contact"]["id"].as_str().unwrap();
    desk.admin.post(&format!("contacts/{contact}/erasure"), &json!({"reason": "asked"})).is(200);
    // A host that is started anew remembers no key.
    app.host.kill9();
    app.host.restart();
    let desk = desk.through(app.client());
    assert_eq!(found(&desk.agent, "quevedo"), std::slice::from_ref(&luis), "before the index is made anew");
    app.tick("projections");
    assert_eq!(found(&desk.agent, "quevedo"), [luis], "and after");
    assert_eq!(found(&desk.agent, ROSA), Vec::<String>::new());
    let after = postings(&app);
    assert!(!after.is_empty() && after.iter().all(|key| !before.contains(key)), "what was there is removed");
    app.verify();
}

/// Keys of the slots of postings.
fn postings(app: &App) -> Vec<String> {
    let data = rusqlite::Connection::open(app.data_file()).unwrap();
    let mut keys =
        data.prepare("select key from spin_key_value where key like 'r1:s:school:t-words:%'").unwrap();
    keys.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}
