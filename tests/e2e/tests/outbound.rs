//! What goes out: in order, with patience for the provider, another way if need be, and not to who does not want it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use relevo_e2e::{App, Desk, Fault, Received, Store, eventually, whatsapp};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(25);

/// `school` with a number for SMS and a sender of mails, by which goes what WhatsApp does not deliver.
fn school(app: &App) -> Desk {
    app.publish_with("school", |pack| {
        pack["channels"]["twilio-sms"]["main"] =
            json!({"settings": {"account_sid": "AC00000000000000000000000000000001", "from": "+12025550100"}});
        pack["channels"]["postmark"]["main"] = json!({"settings": {"from": "ayuda@mail.example.org"}});
        pack["fallback"] = json!([{"from": ["whatsapp"], "to": ["twilio-sms/main", "postmark/main"]}]);
    })
}

/// Somebody writes on WhatsApp; the ticket.
fn writes(app: &App, desk: &Desk, phone: &str, id: &str, text: &str) -> String {
    whatsapp::deliver(app.client(), desk, &whatsapp::message(phone, id, text)).is(200);
    desk.ticket_of(phone)["id"].as_str().unwrap().to_owned()
}

fn reply(desk: &Desk, id: &str, text: &str) {
    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": text})).is(201);
}

fn outgoing(desk: &Desk, id: &str) -> Vec<Value> {
    let ticket = desk.ticket(id);
    let all = ticket["messages"].as_array().unwrap().iter();
    all.filter(|message| message["direction"] == "out").cloned().collect()
}

fn becomes(app: &App, desk: &Desk, id: &str, delivery: &str) {
    eventually(&format!("it is marked as {delivery}"), LIMIT, || {
        app.tick("delivery").is(200);
        outgoing(desk, id).iter().all(|m| m["delivery"] == delivery).then_some(())
    });
}

fn accepted(requests: &[Received]) -> Vec<String> {
    requests.iter().filter(|r| r.status == 200).map(Received::text).collect()
}

#[test]
fn what_was_written_first_arrives_first_whatever_happens_to_it() {
    let (app, desk) = App::school(Store::Sqlite);
    let phone = "15550900001";
    let id = writes(&app, &desk, phone, "wamid.o1", "hola");
    app.provider.misbehave(Fault::Status(500, json!({})), 2, "/messages");
    for text in ["uno", "dos", "tres"] {
        reply(&desk, &id, text);
    }
    becomes(&app, &desk, &id, "sent");
    assert_eq!(accepted(&app.provider.sent_to(phone, "")), ["uno", "dos", "tres"]);
}

#[test]
fn an_answer_that_breaks_off_or_makes_no_sense_after_a_yes_is_a_yes() {
    let (app, desk) = App::school(Store::Sqlite);
    for (n, fault) in [Fault::HalfAnswer, Fault::Nonsense].into_iter().enumerate() {
        let phone = format!("1555091000{n}");
        let id = writes(&app, &desk, &phone, &format!("wamid.h{n}"), "hola");
        app.provider.misbehave(fault, 1, "/messages");
        reply(&desk, &id, "Una vez");
        becomes(&app, &desk, &id, "sent");
        assert_eq!(app.provider.sent_to(&phone, "").len(), 1);
    }
}

#[test]
fn a_provider_that_asks_for_patience_is_left_alone_by_the_whole_account() {
    let (app, desk) = App::school(Store::Sqlite);
    let phones = ["15550920001", "15550920002"];
    let ids = phones.map(|phone| writes(&app, &desk, phone, &format!("wamid.p{phone}"), "hola"));
    app.provider.misbehave(Fault::RetryAfter(429, 3), 1, "/messages");
    reply(&desk, &ids[0], "primero");
    let asked =
        eventually("the first attempt", LIMIT, || app.provider.received("/messages").into_iter().next());
    eventually("it is noted", LIMIT, || {
        let list = desk.lead.get("outbox?status=queued").is(200).json();
        list["items"].as_array().unwrap().iter().any(|item| item["attempts"] == 1).then_some(())
    });
    reply(&desk, &ids[1], "segundo");
    for id in &ids {
        becomes(&app, &desk, id, "sent");
    }
    let after: Vec<_> = app.provider.received("/messages").iter().skip(1).map(|r| r.at - asked.at).collect();
    assert_eq!(after.len(), 2, "{after:?}");
    assert!(after.iter().all(|pause| *pause >= Duration::from_millis(2_900)), "{after:?}");
}

#[test]
fn a_provider_that_fails_is_asked_by_one_message_until_it_works() {
    let (app, desk) = App::school(Store::Sqlite);
    let phones: Vec<_> = (0..9).map(|n| format!("1555093000{n}")).collect();
    let ids: Vec<_> =
        phones.iter().map(|phone| writes(&app, &desk, phone, &format!("wamid.b{phone}"), "hola")).collect();
    app.provider.misbehave(Fault::Status(500, json!({})), 1_000, "/messages");
    for (n, id) in ids[..6].iter().enumerate() {
        reply(&desk, id, "¿Está?");
        eventually("it has failed, or is left alone", LIMIT, || {
            let list = desk.lead.get("outbox?status=queued").is(200).json();
            let tried = list["items"].as_array().unwrap().iter().filter(|item| item["attempts"] != 0).count();
            (tried > n.min(4)).then_some(())
        });
    }
    std::thread::sleep(Duration::from_millis(300));
    let before = app.provider.received("/messages").len();
    for id in &ids[6..] {
        reply(&desk, id, "¿Está?");
    }
    for _ in 0..10 {
        app.tick("delivery").is(200);
    }
    let during = app.provider.received("/messages").len() - before;
    // Without patience each of the three would have been tried at once, and the others again.
    assert!(during < 3, "{during} requests while it is left alone");
    app.provider.behave();
    for id in &ids {
        becomes(&app, &desk, id, "sent");
    }
    for phone in &phones {
        assert_eq!(accepted(&app.provider.sent_to(phone, "")).len(), 1, "{phone}");
    }
}

#[test]
fn what_whatsapp_does_not_deliver_goes_by_sms_and_then_by_mail_to_the_same_person() {
    let app = App::bare(Store::Sqlite);
    let desk = school(&app);
    let phone = "34600940001";
    let id = writes(&app, &desk, phone, "wamid.f1", "hola");
    let contact = desk.ticket(&id)["contact"]["id"].clone();
    let mail =
        json!({"channel": "postmark", "contact": {"address": "rosa@example.com"}, "subject": "Otra cosa"});
    let other = desk.agent.post("tickets", &mail).is(201).json()["contact"]["id"].clone();
    let merge = json!({"into": contact, "from": other});
    assert_eq!(desk.agent.post("contacts/merge", &merge).problem(403), "forbidden");
    let merged = desk.lead.post("contacts/merge", &merge).is(200).json();
    assert_eq!(merged["addresses"].as_array().map(Vec::len), Some(2), "{merged}");
    assert_eq!(
        (merged["merged"][0]["id"].clone(), merged["tickets"].as_array().map(Vec::len)),
        (other.clone(), Some(2))
    );

    // Refused at once: by SMS. Its provider refuses too: by mail.
    let undeliverable = json!({"error": {"message": "x", "code": 131026}});
    app.provider.misbehave(Fault::Status(400, undeliverable), 1, "/v23.0/");
    reply(&desk, &id, "Primera");
    let sms = eventually("the SMS", LIMIT, || app.provider.received("/Messages.json").pop());
    assert!(sms.body.contains("To=%2B34600940001") && sms.body.contains("Body=Primera"), "{}", sms.body);
    becomes(&app, &desk, &id, "sent");
    let unreachable = json!({"code": 21211, "message": "x", "status": 400});
    app.provider.misbehave(Fault::Status(400, json!({"error": {"code": 131026}})), 1, "/v23.0/");
    app.provider.misbehave(Fault::Status(400, unreachable), 1, "/Messages.json");
    reply(&desk, &id, "Segunda");
    let mail = eventually("the mail", LIMIT, || app.provider.received("/email").pop());
    assert_eq!(
        (&mail.json()["To"], &mail.json()["TextBody"]),
        (&json!("rosa@example.com"), &json!("Segunda"))
    );
    becomes(&app, &desk, &id, "sent");

    // Accepted at first and reported as undelivered later: by SMS too.
    reply(&desk, &id, "Tercera");
    becomes(&app, &desk, &id, "sent");
    let accepted = outgoing(&desk, &id)[2]["external_id"].as_str().unwrap().to_owned();
    let report = whatsapp::report(&accepted, "failed", phone);
    whatsapp::deliver(app.client(), &desk, &report).is(200);
    eventually("the SMS", LIMIT, || {
        app.provider.received("/Messages.json").into_iter().find(|r| r.body.contains("Tercera"))
    });
    becomes(&app, &desk, &id, "sent");
    whatsapp::deliver(app.client(), &desk, &report).is(200);
    app.host.tick_all("delivery");
    assert_eq!(
        app.provider.received("/Messages.json").iter().filter(|r| r.body.contains("Tercera")).count(),
        1
    );

    // What is said of the first way later is past; and it is not gone again.
    for state in ["sent", "delivered", "read"] {
        let late = whatsapp::report(&accepted, state, phone);
        whatsapp::deliver(app.client(), &desk, &late).is(200);
    }
    assert_eq!(outgoing(&desk, &id)[2]["delivery"], "sent");
    let given_up = desk.lead.get("outbox?status=failed").is(200).json()["items"].as_array().unwrap().clone();
    assert_eq!(given_up.len(), 4, "{given_up:?}");
    for entry in given_up {
        let retry = format!("outbox/{}/retry", entry["id"].as_str().unwrap());
        assert_eq!(desk.lead.post(&retry, &json!({})).problem(409), "rerouted");
    }

    // What an SMS cannot carry goes by mail at once.
    let long = "Muy largo. ".repeat(200);
    app.provider.misbehave(Fault::Status(400, json!({"error": {"code": 131026}})), 1, "/v23.0/");
    reply(&desk, &id, long.trim_end());
    becomes(&app, &desk, &id, "sent");
    let mail = app.provider.received("/email").pop().unwrap().json();
    assert_eq!(mail["TextBody"], long.trim_end());
    assert!(!app.provider.received("/Messages.json").iter().any(|r| r.body.contains("Muy")));

    // They turn out to be two people.
    let apart = desk.lead.post("contacts/unmerge", &json!({"from": other})).is(200).json();
    assert_eq!((&apart["id"], apart["tickets"].as_array().map(Vec::len)), (&other, Some(1)));
    assert_eq!(desk.lead.post("contacts/unmerge", &json!({"from": other})).problem(409), "not_merged");
}

#[test]
fn a_batch_that_says_twice_that_something_failed_loses_nothing_else_in_it() {
    let app = App::bare(Store::Sqlite);
    let desk = school(&app);
    let phone = "34600941001";
    let id = writes(&app, &desk, phone, "wamid.t1", "hola");
    let send = |text: &str| {
        reply(&desk, &id, text);
        becomes(&app, &desk, &id, "sent");
        outgoing(&desk, &id).last().unwrap()["external_id"].as_str().unwrap().to_owned()
    };
    let sent = send("Primera");
    let failed = || whatsapp::status(&sent, "failed", phone);
    let another = whatsapp::text("34600941002", "wamid.t2", "soy otra");
    let change =
        whatsapp::change(&[whatsapp::contact("34600941002", "Luz")], &[another], &[failed(), failed()]);
    whatsapp::deliver(app.client(), &desk, &whatsapp::batch(&[vec![change]])).is(200);
    assert_eq!(desk.ticket_of("34600941002")["channel"], "whatsapp");
    eventually("the SMS", LIMIT, || app.provider.received("/Messages.json").pop());
    becomes(&app, &desk, &id, "sent");
    assert_eq!(app.provider.received("/Messages.json").len(), 1);

    // What was read has arrived, whatever the provider says later.
    let sent = send("Segunda");
    for state in ["read", "failed"] {
        whatsapp::deliver(app.client(), &desk, &whatsapp::report(&sent, state, phone)).is(200);
    }
    app.host.tick_all("delivery");
    assert_eq!(outgoing(&desk, &id).last().unwrap()["delivery"], "read");
    assert_eq!(app.provider.received("/Messages.json").len(), 1);
    app.verify();
}

#[test]
fn outside_the_window_only_an_approved_template_is_taken() {
    let (app, desk) = App::school(Store::Sqlite);
    let phone = "15550950001";
    let new = json!({"channel": "whatsapp", "contact": {"address": phone, "name": "Rosa"}});
    let id = desk.agent.post("tickets", &new).is(201).json()["id"].as_str().unwrap().to_owned();
    let replies = format!("tickets/{id}/replies");
    assert_eq!(desk.agent.post(&replies, &json!({"text": "hola"})).problem(409), "outside_window");
    assert_eq!(desk.ticket(&id)["messages"], json!([]), "nothing was written");
    writes(&app, &desk, phone, "wamid.w1", "hola");
    reply(&desk, &id, "Ahora sí");
    app.provider.wait_for(phone, "Ahora sí");
}

#[test]
fn who_says_stop_is_not_written_to_until_they_say_start() {
    let app = App::bare(Store::Sqlite);
    let desk = school(&app);
    let phone = "15550960001";
    let id = writes(&app, &desk, phone, "wamid.s1", "hola");
    writes(&app, &desk, phone, "wamid.s2", "Baja");
    let replies = format!("tickets/{id}/replies");
    assert_eq!(desk.agent.post(&replies, &json!({"text": "hola"})).problem(409), "opted_out");
    let contact = desk.ticket(&id)["contact"]["id"].as_str().unwrap().to_owned();
    let known = desk.agent.get(&format!("contacts/{contact}")).is(200).json();
    assert!(known["addresses"][0]["opted_out_at"].is_string(), "{known}");
    // They said it to this number: by another way they may still be written to, and nothing else is brought about by it.
    let new = json!({"channel": "twilio-sms", "contact": {"address": format!("+{phone}")}});
    let by_sms = desk.agent.post("tickets", &new).is(201).json()["id"].as_str().unwrap().to_owned();
    reply(&desk, &by_sms, "Por otra vía");
    eventually("it goes by SMS", LIMIT, || {
        app.tick("delivery").is(200);
        app.provider.received("/Messages.json").iter().any(|sms| sms.body.contains("Por+otra")).then_some(())
    });
    let all = desk.agent.get(&format!("contacts/{contact}")).is(200).json();
    let stopped = |channel: &str| {
        let of_channel = |address: &&Value| address["channel"] == channel;
        let addresses = all["addresses"].as_array().unwrap().iter();
        addresses.filter(of_channel).any(|address| address["opted_out_at"].is_string())
    };
    assert!(stopped("whatsapp") && !stopped("twilio-sms"), "{all}");
    writes(&app, &desk, phone, "wamid.s3", "quiero dar de baja a un alumno");
    assert_eq!(desk.agent.post(&replies, &json!({"text": "hola"})).problem(409), "opted_out");
    writes(&app, &desk, phone, "wamid.s4", "START");
    reply(&desk, &id, "De nuevo");
    app.provider.wait_for(phone, "De nuevo");
}

#[test]
fn a_stop_holds_for_all_channels_where_the_desk_says_so() {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish_with("school", |pack| {
        pack["channels"]["twilio-sms"]["main"] =
            json!({"settings": {"account_sid": "AC00000000000000000000000000000001", "from": "+12025550100"}});
        pack["replies"]["stop_holds_for"] = json!("desk");
    });
    let phone = "15550960002";
    writes(&app, &desk, phone, "wamid.d1", "hola");
    writes(&app, &desk, phone, "wamid.d2", "STOP");
    let new = json!({"channel": "twilio-sms", "contact": {"address": format!("+{phone}")}});
    let id = desk.agent.post("tickets", &new).is(201).json()["id"].as_str().unwrap().to_owned();
    let refused = desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "hola"}));
    assert_eq!(refused.problem(409), "opted_out");
}

#[test]
fn what_a_channel_cannot_carry_is_refused_when_it_is_written() {
    let (app, desk) = App::school(Store::Sqlite);
    let phone = "15550970001";
    let id = writes(&app, &desk, phone, "wamid.x1", "hola");
    let replies = format!("tickets/{id}/replies");
    let refused = |body: Value| desk.agent.post(&replies, &body).problem(422);
    assert_eq!(refused(json!({"text": "ñ".repeat(4097)})), "channel_limit");
    let later = relevo_e2e::seconds_since_1970().cast_signed() + 7_200;
    let later = chrono::DateTime::from_timestamp(later, 0).unwrap();
    assert_eq!(refused(json!({"text": "ñ".repeat(4097), "send_at": later.to_rfc3339()})), "channel_limit");
    assert_eq!(desk.ticket(&id)["messages"].as_array().unwrap().len(), 1, "nothing was written");
    reply(&desk, &id, &"ñ".repeat(4096));
    app.provider.wait_for(phone, "ññ");
}

#[test]
fn a_file_goes_in_once_and_out_by_a_link_that_is_signed() {
    let (app, desk) = App::school(Store::Sqlite);
    let phone = "15550970001";
    let id = writes(&app, &desk, phone, "wamid.d1", "hola");
    let authorization = format!("Bearer {}", desk.agent.token);
    let headers = [("authorization", &*authorization), ("content-type", "image/svg+xml")];
    let upload = |query: &str, bytes: &[u8]| {
        app.client().send("POST", &format!("/api/school/files{query}"), &headers, Some(bytes))
    };
    let put = |bytes: &[u8]| upload(&format!("?ticket={id}"), bytes);
    assert_eq!(upload("", b"x").problem(400), "no_ticket", "it would belong to nobody");
    upload("?ticket=tkt_aaaaaaaaaaaaaaaaaaaaaaaaaa_1", b"x").problem(404);
    let stored = put(b"<svg onload=alert(1)>").is(201).json();
    assert_eq!(put(b"").problem(400), "empty_file");
    let file =
        json!({"reference": stored["reference"], "filename": "plano.svg", "mime_type": "image/svg+xml"});
    let body = json!({"text": "El plano", "attachments": [file]});
    desk.agent.post(&format!("tickets/{id}/replies"), &body).is(201);
    let sent = eventually("it is sent", LIMIT, || app.provider.received("/messages").pop());
    let link = sent.json()["image"]["link"].as_str().unwrap().to_owned();
    let path = link.strip_prefix("https://desk.example.org").unwrap();
    let got = app.client().send("GET", path, &[], None).is(200);
    assert_eq!(got.body, "<svg onload=alert(1)>");
    let header = |name: &str| got.headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/octet-stream", "a browser must not run it");
    assert_eq!(header("content-disposition"), "attachment");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").contains("sandbox"));
    let url = desk.ticket(&id)["messages"][1]["attachments"][0]["url"].as_str().unwrap().to_owned();
    app.client().send("GET", &url, &[], None).is(200);
    let mut forged = path.to_owned();
    forged.replace_range(forged.len() - 3.., "AAA");
    assert_eq!(app.client().send("GET", &forged, &[], None).problem(404), "unknown_file");
    let elsewhere = app.publish("travel");
    let elsewhere = path.replace("/school/", &format!("/{}/", elsewhere.name));
    assert_eq!(app.client().send("GET", &elsewhere, &[], None).problem(404), "unknown_file");
    // What was said of it when it was put there need not be said again, and can be said otherwise.
    let named = upload(&format!("?ticket={id}&filename=plano%20b.svg"), b"<svg/>").is(201).json();
    assert_eq!(named["filename"], "plano b.svg");
    let reference = &named["reference"];
    for (n, (file, name)) in [
        (json!({"reference": reference}), "plano b.svg"),
        (json!({"reference": reference, "filename": "c.svg"}), "c.svg"),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"text": "Otro", "attachments": [file]});
        desk.agent.post(&format!("tickets/{id}/replies"), &body).is(201);
        let shown = desk.ticket(&id)["messages"][2 + n]["attachments"][0].clone();
        assert_eq!(
            (&shown["filename"], &shown["mime_type"], &shown["kind"]),
            (&json!(name), &json!("image/svg+xml"), &json!("image")),
            "{shown}"
        );
    }
    let missing = json!({"text": "x", "attachments": [{"reference": format!("sha256:{}", "0".repeat(64))}]});
    desk.agent.post(&format!("tickets/{id}/replies"), &missing).is(422);
}
