//! What a pack's retention says: old messages, files that came with mails and what names nobody go by themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use relevo_e2e::{App, Desk, Store, eventually, whatsapp};
use serde_json::json;

const DAY: i64 = 86_400;
const SECRET: &str = "0123456789abcdef";
const FILE: &str = "plano del piso de Quevedo";
const WORDS: &str = "adjunto el plano para Zenobia";
const ODD: &str = "15550188001";

#[test]
fn what_is_old_goes_by_itself_with_the_files_of_mails_and_what_names_nobody() {
    let (app, desk) = App::school(Store::Sqlite);
    let mut pack = desk.pack.clone();
    pack["channels"]["mime"] = json!({"main": {"settings": {}}});
    pack["retention"] = json!({"personal_days": 60, "unplaced_days": 20});
    desk.admin.put("pack", &pack).is(200);
    desk.admin.put("channels/mime/main/secrets", &json!({"secret": SECRET})).is(204);
    let id = mail(&app, &desk);
    let odd =
        format!(r#"{{"from":"{ODD}","id":"wamid.odd","timestamp":"x","type":"text","text":{{"body":7}}}}"#);
    let odd = whatsapp::batch(&[vec![whatsapp::change(&[], &[odd], &[])]]);
    whatsapp::deliver(app.client(), &desk, &odd).is(200);
    assert!(problems(&desk).contains(ODD), "an item that could not be read is kept for a look");

    let file = &desk.ticket(&id)["messages"][0]["attachments"][0];
    assert!(file["reference"].as_str().is_some_and(|kept| kept.starts_with("blob:")), "{file}");
    desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "closed"})).is(200);
    nowhere_in_clear(&app);

    // Not yet.
    round(&app, 10);
    let (mut app, desk) = anew(app, &desk);
    assert!(text(&desk, &id).contains(WORDS) && problems(&desk).contains(ODD));
    // What names nobody is kept for a shorter time, counted from the end of its month.
    round(&app, 10 + 31 + 21);
    (app, _) = anew(app, &desk);
    let there = desk.through(app.client());
    assert!(!problems(&there).contains(ODD), "{}", problems(&there));
    assert_eq!(there.lead.get("problems").is(200).json()["items"].as_array().map(Vec::len), Some(1));
    // Then the ticket.
    round(&app, 10 + 31 + 62);
    (app, _) = anew(app, &desk);
    let there = desk.through(app.client());
    let left = there.ticket(&id);
    assert!(!left.to_string().contains(WORDS), "{left}");
    assert_eq!(left["category"], "closed", "what is no personal value stays");
    let ledger = there.admin.get("erasures").is(200).json();
    let causes: Vec<_> = ledger["items"].as_array().unwrap().iter().map(|entry| &entry["cause"]).collect();
    assert!(causes.len() >= 2 && causes.iter().all(|cause| **cause == "retention"), "{ledger}");
    assert!(app.verify().contains(" 0 differences"));
}

/// A mail with a file; the ticket that it opens.
fn mail(app: &App, desk: &Desk) -> String {
    let mail = format!(
        "From: Ana <ana@example.org>\r\nTo: a@b.org\r\nMessage-ID: <1@x>\r\nSubject: Plano\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n{WORDS}\r\n\
         --b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=plano.bin\r\n\r\n\
         {FILE}\r\n--b--\r\n"
    );
    let headers = [("authorization", &*format!("Bearer {SECRET}")), ("content-type", "message/rfc822")];
    app.client().send("POST", &desk.hook("mime", "main"), &headers, Some(mail.as_bytes())).is(200);
    let tickets = eventually("the mail opens a ticket", Duration::from_secs(10), || {
        let tickets = desk.agent.get("tickets?contact=ana@example.org").is(200).json();
        tickets["items"].as_array().is_some_and(|items| !items.is_empty()).then_some(tickets)
    });
    tickets["items"][0]["id"].as_str().unwrap().to_owned()
}

fn problems(desk: &Desk) -> String {
    desk.lead.get("problems").is(200).body
}

fn text(desk: &Desk, id: &str) -> String {
    desk.ticket(id)["messages"][0]["text"].as_str().unwrap_or_default().to_owned()
}

/// So many days later, once around: a step every few minutes.
fn round(app: &App, days: i64) {
    for step in 0..8 {
        app.set_clock(days * DAY + step * 400);
        app.tick("projections");
    }
}

/// A host that is started anew remembers no key.
fn anew(mut app: App, desk: &Desk) -> (App, Desk) {
    app.host.kill9();
    app.host.restart();
    let desk = desk.through(app.client());
    (app, desk)
}

fn nowhere_in_clear(app: &App) {
    for entry in std::fs::read_dir(app.data_file().parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for planted in [FILE, WORDS, ODD, "plano.bin"] {
            let found = bytes.windows(planted.len()).any(|window| window == planted.as_bytes());
            assert!(!found, "{planted} in {}", path.display());
        }
    }
}
