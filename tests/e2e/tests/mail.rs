//! A mail thread, whichever way its mails come back: by the ids they name, by the signed address, by the number in
//! the subject; and what machines write.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use relevo_e2e::{Answer, App, Client, Desk, Received, Store, eventually};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

/// `school` with mails: they come in as they are and go out through a provider.
fn school(app: &App) -> Desk {
    school_with(app, |_| ())
}

fn school_with(app: &App, change: impl FnOnce(&mut Value)) -> Desk {
    app.publish_with("school", |pack| {
        pack["channels"]["mime"]["main"] = json!({"settings": {"reply_through": "postmark/main"}});
        pack["channels"]["postmark"]["main"] =
            json!({"settings": {"from": "Ayuda <ayuda@mail.example.org>", "inbox": "ayuda@in.example.org"}});
        change(pack);
    })
}

fn deliver(client: &Client, desk: &Desk, mail: &str) -> Answer {
    let authorization = format!("Bearer {}", desk.secret("mime", "main"));
    let headers = [("authorization", &*authorization), ("content-type", "message/rfc822")];
    client.send("POST", &desk.hook("mime", "main"), &headers, Some(mail.replace('\n', "\r\n").as_bytes()))
}

fn mail(from: &str, id: &str, subject: &str, more: &str, text: &str) -> String {
    format!(
        "From: {from}\nTo: ayuda@in.example.org\nMessage-ID: <{id}>\nSubject: {subject}\n{more}\
         MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
    )
}

/// What was sent to somebody, oldest first; waits for so many.
fn sent(app: &App, to: &str, count: usize) -> Vec<Received> {
    eventually(&format!("{count} mails to {to}"), LIMIT, || {
        let mut all = app.provider.received("/email");
        all.retain(|mail| mail.json()["To"] == to);
        (all.len() >= count).then_some(all)
    })
}

fn header(mail: &Received, name: &str) -> String {
    let headers = mail.json()["Headers"].as_array().cloned().unwrap_or_default();
    let found = headers.into_iter().find(|header| header["Name"] == name);
    found.map_or(String::new(), |header| header["Value"].as_str().unwrap().to_owned())
}

fn one_ticket(desk: &Desk) -> Value {
    let tickets = desk.tickets();
    assert_eq!(tickets.len(), 1, "{tickets:?}");
    desk.ticket(tickets[0]["id"].as_str().unwrap())
}

fn texts(ticket: &Value) -> Vec<&str> {
    ticket["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["text"].as_str().unwrap_or_default().trim())
        .collect()
}

#[test]
fn a_mail_with_more_text_than_anybody_reads_is_a_ticket_and_is_there_whole() {
    let app = App::bare(Store::Sqlite);
    let desk = school(&app);
    let client = app.client();
    let long = format!("Hola\n\n{}\n", "una línea más de un texto largo\n".repeat(20_000));
    let body = mail("Ana <ana@example.com>", "long@example.com", "Largo", "", &long);
    for _ in 0..2 {
        deliver(client, &desk, &body).is(200);
    }
    let ticket = one_ticket(&desk);
    let messages = ticket["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 1);
    assert!(messages[0]["text"].as_str().unwrap().starts_with("Hola"), "what people read is there");
    let file = messages[0]["attachments"].as_array().unwrap().last().unwrap();
    assert_eq!(file["filename"], "message.json");
    let whole = client.send("GET", file["url"].as_str().unwrap(), &[], None).is(200);
    let lines = whole.json().to_string().matches("una línea más de un texto largo").count();
    assert_eq!(lines, 20_000, "all of it");
    assert_eq!(desk.lead.get("problems").is(200).json()["items"], json!([]));
}

/// RFC 8058: a mail program's button posts without asking; link scanners read and change nothing.
#[test]
fn a_survey_by_mail_can_be_unsubscribed_from_with_one_click_and_an_answer_offers_no_such_thing() {
    let app = App::bare(Store::Sqlite);
    let desk = school(&app);
    let client = app.client();
    deliver(client, &desk, &mail("Ana <ana@example.com>", "one@example.com", "Boletines", "", "Ayuda"))
        .is(200);
    let ticket = one_ticket(&desk);
    let id = ticket["id"].as_str().unwrap();
    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "Ya está"})).is(201);
    assert_eq!(header(&sent(&app, "ana@example.com", 1)[0], "List-Unsubscribe"), "");
    desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "solved"})).is(200);
    app.host.tick_all("surveys");

    let survey = &sent(&app, "ana@example.com", 2)[1];
    assert_eq!(header(survey, "List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    let address = header(survey, "List-Unsubscribe");
    let address = address.strip_prefix('<').and_then(|a| a.strip_suffix('>')).unwrap();
    assert!(address.contains("/s/school."), "{address}");
    let path = &address[address.find("/s/").unwrap()..];
    let contact = format!("contacts/{}", ticket["contact"]["id"].as_str().unwrap());
    let declined = || desk.agent.get(&contact).is(200).json()["no_surveys"].clone();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = Some(&b"List-Unsubscribe=One-Click"[..]);

    client.send("GET", path, &[], None).is(200);
    client.send("GET", &format!("{path}?List-Unsubscribe=One-Click"), &[], None).is(200);
    let forged = format!("{}{}", &path[..path.len() - 1], if path.ends_with('A') { 'Q' } else { 'A' });
    client.send("POST", &forged, &form, body).is(404);
    assert_eq!(declined(), false, "looking at it and forging it change nothing");
    for _ in 0..2 {
        client.send("POST", path, &form, body).is(200);
        assert_eq!(declined(), true);
    }
}

#[test]
fn a_reminder_of_a_survey_can_be_unsubscribed_from_too_and_goes_to_nobody_who_has() {
    let app = App::bare(Store::Sqlite);
    let desk = school_with(&app, |pack| {
        pack["survey"]["reminder"] = json!({"after_days": 2, "template": pack["survey"]["template"]});
        pack["survey"]["expires_days"] = json!(14);
    });
    let client = app.client();
    for (n, who) in ["ana@example.com", "eva@example.com"].into_iter().enumerate() {
        deliver(client, &desk, &mail(who, &format!("{n}@example.com"), "Boletines", "", "Ayuda")).is(200);
    }
    for ticket in desk.tickets() {
        let status = format!("tickets/{}/status", ticket["id"].as_str().unwrap());
        desk.agent.post(&status, &json!({"status": "solved"})).is(200);
    }
    app.host.tick_all("surveys");
    let path = |mail: &Received| {
        assert_eq!(header(mail, "List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
        let address = header(mail, "List-Unsubscribe");
        address[address.find("/s/").unwrap()..].trim_end_matches('>').to_owned()
    };
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let unsubscribe = |path: &str| client.send("POST", path, &form, Some(b"List-Unsubscribe=One-Click"));
    unsubscribe(&path(&sent(&app, "eva@example.com", 1)[0])).is(200);
    sent(&app, "ana@example.com", 1);

    app.set_clock(3 * 86_400);
    app.tick("projections").is(200);
    app.host.tick_all("surveys");
    let reminder = &sent(&app, "ana@example.com", 2)[1];
    unsubscribe(&path(reminder)).is(200);
    let no_surveys = |who: &str| {
        let tickets = desk.tickets();
        let of = |ticket: &&Value| ticket["contact"]["addresses"][0]["value"] == who;
        let contact = tickets.iter().find(of).unwrap()["contact"]["id"].as_str().unwrap().to_owned();
        desk.agent.get(&format!("contacts/{contact}")).is(200).json()["no_surveys"].clone()
    };
    assert_eq!(no_surveys("ana@example.com"), true);
    app.host.tick_all("delivery");
    assert_eq!(sent(&app, "eva@example.com", 1).len(), 1, "who wants no more is not reminded");
}

#[test]
fn a_thread_is_one_ticket_by_ids_by_the_signed_address_and_by_the_number_of_who_takes_part() {
    let app = App::bare(Store::Sqlite);
    let desk = school(&app);
    let client = app.client();
    let ana = "Ana <ana@example.com>";
    deliver(client, &desk, &mail(ana, "one@example.com", "Boletines", "", "No puedo entrar")).is(200);
    let ticket = one_ticket(&desk);
    let id = ticket["id"].as_str().unwrap();
    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "¿Qué ve usted?"})).is(201);

    let reply = &sent(&app, "ana@example.com", 1)[0];
    assert_eq!(reply.json()["Subject"], "Re: Boletines");
    assert_eq!(reply.json()["From"], "Ayuda <ayuda@mail.example.org>");
    assert_eq!(header(reply, "In-Reply-To"), "<one@example.com>");
    assert_eq!(header(reply, "References"), "<one@example.com>");
    let ours = header(reply, "Message-ID");
    assert!(ours.ends_with("@mail.example.org>"), "{ours}");
    let reply_to = reply.json()["ReplyTo"].as_str().unwrap().to_owned();
    assert!(reply_to.starts_with("ayuda+") && reply_to.ends_with("@in.example.org"), "{reply_to}");

    // By our own id alone; by an id of a mail that came in later; by the signed address with no id at all; by number.
    let only_ours = format!("In-Reply-To: {ours}\n");
    deliver(client, &desk, &mail(ana, "two@example.com", "Re: Boletines", &only_ours, "Una página")).is(200);
    let later = "References: <lost@example.com> <two@example.com>\n";
    deliver(client, &desk, &mail(ana, "three@example.com", "Re: Boletines", later, "en blanco")).is(200);
    let signed = mail("ana@otra.example", "four@example.com", "hola", "", "desde otra cuenta")
        .replace("To: ayuda@in.example.org", &format!("To: {reply_to}"));
    deliver(client, &desk, &signed).is(200);
    deliver(client, &desk, &mail(ana, "five@example.com", "x", "In-Reply-To: <lost@example.com>\n", "y más"))
        .is(200);
    app.host.tick_all("projections");
    let number = ticket["number"].as_u64().unwrap();
    let numbered = format!("Sobre el caso [#{number}]");
    deliver(client, &desk, &mail("ana@otra.example", "six@example.com", &numbered, "", "gracias")).is(200);
    assert_eq!(
        texts(&one_ticket(&desk)),
        [
            "No puedo entrar",
            "¿Qué ve usted?",
            "Una página",
            "en blanco",
            "desde otra cuenta",
            "y más",
            "gracias"
        ]
    );

    // A stranger's number, a forged address and a stranger's thread open tickets of their own.
    deliver(client, &desk, &mail("eve@example.net", "e1@example.net", &numbered, "", "soy yo")).is(200);
    let forged = reply_to.replace("@in", "a@in");
    let forged =
        mail("eve@example.net", "e2@example.net", "x", "", "soy yo").replace("ayuda@in.example.org", &forged);
    deliver(client, &desk, &forged).is(200);
    assert_eq!(desk.tickets().len(), 3);
    // All of it again is nothing new.
    deliver(client, &desk, &mail(ana, "two@example.com", "Re: Boletines", &only_ours, "Una página")).is(200);
    assert_eq!(texts(&desk.ticket(id)).len(), 7);
}

#[test]
fn mails_of_a_thread_that_arrive_last_first_are_one_ticket_by_what_each_answers_alone() {
    let app = App::bare(Store::Sqlite);
    let desk = school(&app);
    let ana = "Ana <ana@example.com>";
    for (id, answers, text) in [
        ("th3", "In-Reply-To: <th2@example.com>\n", "tres"),
        ("th2", "In-Reply-To: <th1@example.com>\n", "dos"),
        ("th1", "", "uno"),
    ] {
        deliver(
            app.client(),
            &desk,
            &mail(ana, &format!("{id}@example.com"), "Re: Boletines", answers, text),
        )
        .is(200);
    }
    assert_eq!(texts(&one_ticket(&desk)).len(), 3);
}

#[test]
fn a_machines_mail_neither_opens_nor_reopens_and_a_bounce_marks_what_it_is_about() {
    let app = App::bare(Store::Sqlite);
    let desk = school(&app);
    let client = app.client();
    let absent = mail(
        "bea@example.com",
        "a0@example.com",
        "Fuera",
        "Auto-Submitted: auto-replied\n",
        "Vuelvo el lunes",
    );
    deliver(client, &desk, &absent).is(200);
    assert_eq!(desk.tickets(), Vec::<Value>::new(), "an answer to nothing opens nothing");

    deliver(client, &desk, &mail("bea@example.com", "b1@example.com", "Notas", "", "Faltan notas")).is(200);
    let id = one_ticket(&desk)["id"].as_str().unwrap().to_owned();
    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "Ya están"})).is(201);
    let ours = header(&sent(&app, "bea@example.com", 1)[0], "Message-ID");
    desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "closed"})).is(200);
    let absent = format!("Auto-Submitted: auto-replied\nIn-Reply-To: {ours}\n");
    deliver(client, &desk, &mail("bea@example.com", "b2@example.com", "Fuera", &absent, "Vuelvo el lunes"))
        .is(200);
    let ticket = one_ticket(&desk);
    assert_eq!(ticket["category"], "closed", "{ticket}");

    let bounce = format!(
        "From: MAILER-DAEMON@mx.example.com\nTo: ayuda@in.example.org\nMessage-ID: <b3@mx.example.com>\n\
         Subject: Undelivered\nReturn-Path: <>\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n\
         --b\nContent-Type: text/plain\n\nNo such mailbox.\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n\
         Final-Recipient: rfc822; bea@example.com\nAction: failed\nStatus: 5.1.1\n\n\
         --b\nContent-Type: message/rfc822\n\nMessage-ID: {ours}\nSubject: Re: Notas\n\nYa\n--b--\n"
    );
    deliver(client, &desk, &bounce).is(200);
    let ticket = one_ticket(&desk);
    let out = ticket["messages"].as_array().unwrap().iter().find(|m| m["direction"] == "out").unwrap();
    assert_eq!((&out["delivery"], &out["error"]), (&json!("failed"), &json!("5.1.1")), "{ticket}");
    assert_eq!(ticket["contact"]["addresses"][0]["value"], "bea@example.com", "replies still go to her");
}

#[test]
fn a_programs_own_mail_is_a_ticket_that_is_marked_and_asked_nothing() {
    let app = App::bare(Store::Sqlite);
    let desk = school(&app);
    let client = app.client();
    let generated = "Auto-Submitted: auto-generated\n";
    let order = mail("tienda@example.com", "o1@example.com", "Nuevo pedido 77", generated, "Un casco");
    deliver(client, &desk, &order).is(200);
    let ticket = one_ticket(&desk);
    let id = ticket["id"].as_str().unwrap();
    assert_eq!(ticket["automatic"], true, "{ticket}");
    assert_eq!(ticket["messages"][0]["automatic"], "generated");
    assert_eq!(ticket["messages"][0]["to"], json!(["ayuda@in.example.org"]));
    assert_eq!(desk.tickets()[0]["automatic"], true, "in a list too");

    // What a person writes goes there; a survey would, on solving, and does not.
    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "Visto"})).is(201);
    sent(&app, "tienda@example.com", 1);
    desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "solved"})).is(200);
    app.host.tick_all("projections");
    app.host.tick_all("surveys");
    app.host.tick_all("delivery");
    assert_eq!(sent(&app, "tienda@example.com", 1).len(), 1);

    // Once a person writes on it, it is like any other; and what says that it is generated is then an absence note.
    let person = mail(
        "tienda@example.com",
        "o2@example.com",
        "Re: Nuevo pedido 77",
        "In-Reply-To: <o1@example.com>\n",
        "Soy Luis\n-- \nLuis\n\nEl 2 mar 2026 Ana escribió:\n> Visto",
    );
    deliver(client, &desk, &person).is(200);
    let ticket = one_ticket(&desk);
    assert!(ticket.get("automatic").is_none(), "{ticket}");
    let last = ticket["messages"].as_array().unwrap().last().unwrap();
    assert_eq!(last["text"], "Soy Luis\r\n");
    assert_eq!(last["signature"], "-- \r\nLuis\r\n\r\n");
    assert!(last["quoted"].as_str().unwrap().contains("> Visto"), "{last}");
    desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "closed"})).is(200);
    let away = format!("{generated}In-Reply-To: <o2@example.com>\n");
    deliver(client, &desk, &mail("tienda@example.com", "o3@example.com", "Fuera", &away, "Vuelvo el lunes"))
        .is(200);
    let ticket = one_ticket(&desk);
    assert_eq!(ticket["category"], "closed");
    assert_eq!(ticket["messages"].as_array().unwrap().last().unwrap()["automatic"], "reply");
}

#[test]
fn a_form_is_answered_by_mail() {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish_with("school", |pack| {
        pack["channels"]["form"]["main"] = json!({"settings": {"reply_through": "mailgun/main"}});
        pack["channels"]["mailgun"]["main"] =
            json!({"settings": {"from": "ayuda@mail.example.org", "domain": "mail.example.org"}});
    });
    let authorization = format!("Bearer {}", desk.secret("form", "main"));
    let headers = [("authorization", &*authorization), ("content-type", "application/x-www-form-urlencoded")];
    let body = b"email=leo%40example.com&name=Leo&subject=Acceso&text=hola";
    app.client().send("POST", &desk.hook("form", "main"), &headers, Some(body)).is(200);
    let id = one_ticket(&desk)["id"].as_str().unwrap().to_owned();
    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "Buenos días"})).is(201);
    let mail = eventually("the mail", LIMIT, || app.provider.received("/v3/mail.example.org/messages").pop());
    for part in ["leo@example.com", "Re: Acceso", "Buenos días", "h:Message-ID"] {
        assert!(mail.body.contains(part), "{part}: {}", mail.body);
    }
    eventually("it is marked as sent", LIMIT, || {
        (desk.ticket(&id)["messages"][1]["delivery"] == "sent").then_some(())
    });
}
