//! Nothing personal and no secret in what is stored or logged; what is erased is gone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::time::Duration;

use relevo_e2e::{App, Client, Desk, Store, eventually, tools, whatsapp};
use serde_json::{Value, json};

const PHONE: &str = "15550199377";
const NAME: &str = "Rosa Zaldívar";
const WORDS: &str = "mi piso es Calle Quevedo 12, segundo";
const REPLY: &str = "le llamamos al piso de Quevedo";
const NOTE: &str = "vive con su madre Zenobia";
const COMMENT: &str = "muy amable, saludos a Anselmo";

/// What must be nowhere in clear: words of each, as they are and as a provider or JSON might write them.
const PLANTED: [&str; 9] = [
    PHONE,
    "Zaldívar",
    "Zald\\u00edvar",
    "Quevedo",
    "Zenobia",
    "Anselmo",
    "wamid.PRIVATE",
    "verduga",
    "llamamos",
];

#[test]
fn nothing_personal_lies_on_sqlite_or_in_the_log_and_the_erased_is_gone() {
    tell(Store::Sqlite);
}

#[test]
fn nothing_personal_lies_in_redis_or_in_the_log_and_the_erased_is_gone() {
    tell(Store::Redis);
}

fn tell(store: Store) {
    let (mut app, desk) = App::school(store);
    let id = plant(&app, &desk);
    let contact = desk.ticket(&id)["contact"]["id"].as_str().unwrap().to_owned();
    let manager = desk.admin.clone();

    let exported = manager.get(&format!("contacts/{contact}/export")).is(200).json();
    for planted in [PHONE, NAME, WORDS, REPLY, NOTE, COMMENT] {
        assert!(exported.to_string().contains(planted), "{planted} in {exported}");
    }
    assert!(exported["deliveries"].as_array().is_some_and(|d| !d.is_empty()), "{exported}");
    let page = page(&app, &manager.token, &contact);
    assert!(page.contains("Zenobia") && !page.contains("<script"), "{page}");

    refusals(&desk, &contact);
    let figures = || desk.lead.get("reports/overview").is(200).json()["kpis"].clone();
    let counted = figures();
    assert!(counted.as_array().is_some_and(|kpis| kpis.len() > 3), "{counted}");
    let hold = json!({"held": true, "reason": "a dispute"});
    assert_eq!(
        manager.post(&format!("contacts/{contact}/hold"), &hold).is(200).json()["hold"]["reason"],
        "a dispute"
    );
    let why = json!({"reason": "asked by letter"});
    let erasure = format!("contacts/{contact}/erasure");
    assert_eq!(manager.post(&erasure, &why).problem(409), "contact_held");
    let lifted =
        manager.post(&format!("contacts/{contact}/hold"), &json!({"held": false, "reason": "settled"}));
    assert_eq!(lifted.is(200).json()["hold"], Value::Null);

    let erased = manager.post(&erasure, &why).is(200).json();
    assert!(erased["keys"].as_u64().is_some_and(|keys| keys > 0), "{erased}");
    // A host that is started anew remembers no key; one that runs notices within half a minute.
    app.host.kill9();
    app.host.restart();
    let desk = desk.through(app.client());
    let manager = &desk.admin;
    let left = manager.get(&format!("contacts/{contact}/export")).is(200).json().to_string();
    let ticket = desk.ticket(&id).to_string();
    let history = desk.agent.get(&format!("tickets/{id}/history")).is(200).body;
    for planted in PLANTED {
        assert!(!left.contains(planted), "{planted} in {left}");
        assert!(!ticket.contains(planted), "{planted} in {ticket}");
        assert!(!history.contains(planted), "{planted} in {history}");
    }
    assert_eq!(desk.lead.get("reports/overview").is(200).json()["kpis"], counted, "figures stay");
    let reply = desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "Are you there?"}));
    assert_eq!(reply.problem(409), "contact_erased", "there is no address left");
    let ledger = manager.get("erasures").is(200).json();
    assert_eq!(ledger["items"][0]["contact"], contact.as_str(), "{ledger}");
    let replayed = manager.post("erasures", &ledger).is(200).json();
    assert_eq!(replayed["destroyed"], 0, "they are still destroyed");

    app.host.kill9();
    let folder = app.data_file().parent().unwrap().to_owned();
    let looked_at = search(&folder, &desk);
    assert!(looked_at > 2, "data and log");
}

#[test]
fn a_copy_that_is_put_back_is_erased_again_by_the_newest_ledger() {
    let (app, desk) = App::school(Store::Sqlite);
    let id = plant(&app, &desk);
    let contact = desk.ticket(&id)["contact"]["id"].as_str().unwrap().to_owned();
    let folder = tempfile::TempDir::new().unwrap();
    let copy = folder.path().join("copy.db").display().to_string();
    let data = app.data_file().display().to_string();
    let (made, said) = tools::host(&["backup", "--data", &data, "--to", &copy]);
    assert!(made, "{said}");
    let erasure = format!("contacts/{contact}/erasure");
    let erased = desk.admin.post(&erasure, &json!({"reason": "asked by letter"})).is(200).json();
    let ledger = desk.admin.get("erasures").is(200).json();

    let mut restored = App::on(Store::Sqlite, |state| {
        let data = state.join("kv.db").display().to_string();
        let (put, said) = tools::host(&["restore", "--from", &copy, "--data", &data]);
        assert!(put, "{said}");
    });
    let there = desk.through(restored.client());
    let export = format!("contacts/{contact}/export");
    let back = there.admin.get(&export).is(200).json().to_string();
    assert!(back.contains(WORDS) && back.contains(NAME), "a copy has what it had: {back}");
    let replayed = there.admin.post("erasures", &ledger).is(200).json();
    assert_eq!(replayed["destroyed"], erased["keys"], "{replayed}");
    assert_eq!(there.admin.post("erasures", &ledger).is(200).json()["destroyed"], 0, "it may be repeated");
    // A host that is started anew remembers no key.
    restored.host.kill9();
    restored.host.restart();
    let there = desk.through(restored.client());
    let left = there.admin.get(&export).is(200).json().to_string();
    let (ticket, history) =
        (there.ticket(&id).to_string(), there.agent.get(&format!("tickets/{id}/history")).is(200).body);
    for planted in PLANTED {
        for shown in [&left, &ticket, &history] {
            assert!(!shown.contains(planted), "{planted} in {shown}");
        }
    }
    // The restored desk has it in its own ledger from now on.
    let own = there.admin.get("erasures").is(200).json();
    assert!(own["items"].as_array().is_some_and(|items| !items.is_empty()), "{own}");
}

/// Values that must not be found, through a webhook, an agent's calls, a delivery and a survey.
fn plant(app: &App, desk: &Desk) -> String {
    // A name of its own: the pack's templates have examples.
    let message = whatsapp::text(PHONE, "wamid.PRIVATE1", WORDS);
    let message = whatsapp::change(&[whatsapp::contact(PHONE, NAME)], &[message], &[]);
    whatsapp::deliver(app.client(), desk, &whatsapp::batch(&[vec![message]])).is(200);
    let ticket = desk.ticket_of(PHONE);
    let id = ticket["id"].as_str().unwrap().to_owned();
    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": REPLY})).is(201);
    desk.agent.post(&format!("tickets/{id}/notes"), &json!({"text": NOTE})).is(201);
    desk.agent.post(&format!("tickets/{id}/fields"), &json!({"user": "la verduga"})).is(200);
    // Something that nobody understands, and a refusal that quotes what was sent.
    let odd =
        r#"{"from":"15550199377","id":"wamid.PRIVATE2","timestamp":"x","type":"text","text":{"body":7}}"#;
    let odd = whatsapp::batch(&[vec![whatsapp::change(&[], &[odd.to_owned()], &[])]]);
    whatsapp::deliver(app.client(), desk, &odd).is(200);
    desk.agent.get(&format!("contacts?address={PHONE}")).is(200);
    desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "Zenobia"})).is(422);
    let link = eventually("the reply and the survey are sent", Duration::from_secs(20), || {
        desk.agent
            .post(&format!("tickets/{id}/status"), &json!({"status": "solved", "reason": NOTE}))
            .is(200);
        app.tick("delivery");
        app.tick("surveys");
        let sent = app.provider.sent_to(PHONE, "/s/");
        sent.iter().find_map(|request| {
            let text = request.text();
            let from = text.find("/s/")?;
            Some(text[from..].chars().take_while(|c| !c.is_whitespace()).collect::<String>())
        })
    });
    let vote = json!({"score": 5, "comment": COMMENT}).to_string();
    let headers = [("content-type", "application/json")];
    app.client().send("POST", &link, &headers, Some(vote.as_bytes())).is(200);
    app.tick("projections");
    id
}

/// Who may not ask is refused.
fn refusals(desk: &Desk, contact: &str) {
    let why = json!({"reason": "curious"});
    assert_eq!(desk.lead.get(&format!("contacts/{contact}/export")).problem(403), "forbidden");
    assert_eq!(desk.lead.post(&format!("contacts/{contact}/erasure"), &why).problem(403), "forbidden");
    let nobody = format!("contacts/ctc_{}/erasure", "a".repeat(26));
    assert_eq!(desk.admin.post(&nobody, &why).problem(404), "unknown_contact");
    let silent = desk.admin.post(&format!("contacts/{contact}/erasure"), &json!({"reason": " "}));
    assert_eq!(silent.problem(422), "invalid_document");
}

fn page(app: &App, token: &str, contact: &str) -> String {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", &*authorization), ("accept", "text/html")];
    let path = format!("/api/school/contacts/{contact}/export");
    let client: &Client = app.client();
    let answer = client.send("GET", &path, &headers, None).is(200);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    answer.body
}

/// Reads every byte of the state and of the log; returns how many files there were.
fn search(folder: &Path, desk: &Desk) -> usize {
    let secrets = [desk.secret("whatsapp", "main"), desk.agent.token.clone(), desk.admin.token.clone()];
    let wanted = PLANTED.iter().map(|p| (*p).to_owned()).chain(secrets);
    let wanted: Vec<String> = wanted.collect();
    let mut files = vec![folder.to_owned()];
    let mut count = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        count += 1;
        for planted in &wanted {
            let found = bytes.windows(planted.len()).any(|window| window == planted.as_bytes());
            assert!(!found, "{planted} in {}", path.display());
        }
    }
    count
}
