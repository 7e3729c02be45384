//! Whoever is not who they should be, or asks for what there is not, is told so in one way and changes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use relevo_e2e::{Answer, App, Client, Desk, Store, TICK_TOKEN, seconds_since_1970, sign_standard, whatsapp};
use serde_json::{Value, json};

const PHONE: &str = "15550500001";

#[test]
fn a_whatsapp_signature_that_is_wrong_in_any_part_is_refused_and_nothing_is_kept() {
    let (app, desk) = App::school(Store::Sqlite);
    let travel = app.publish("travel");
    let body = whatsapp::message(PHONE, "wamid.X1", "año");
    let secret = desk.secret("whatsapp", "main");
    let good = whatsapp::signature(&secret, &body);
    let hex = good.strip_prefix("sha256=").unwrap();
    let flipped = |at: usize| {
        let mut digits = hex.as_bytes().to_vec();
        digits[at] = if digits[at] == b'0' { b'1' } else { b'0' };
        format!("sha256={}", String::from_utf8(digits).unwrap())
    };
    let mut signatures: Vec<String> = [0, 31, 63].into_iter().map(flipped).collect();
    signatures.extend([
        String::new(),
        hex.to_owned(),
        format!("sha1={hex}"),
        format!("SHA256={hex}"),
        format!("sha256={}", &hex[..62]),
        format!("sha256={hex}00"),
        "sha256=".to_owned(),
        format!("sha256={}", "0".repeat(64)),
        whatsapp::signature(&travel.secret("whatsapp", "main"), &body),
        whatsapp::signature("", &body),
        whatsapp::signature(&secret, &format!("{body} ")),
    ]);
    let mut answers: Vec<Answer> = signatures
        .iter()
        .map(|signature| whatsapp::deliver_signed(app.client(), &desk, &body, signature))
        .collect();

    // The right signature of this body, on others: one byte more, one less, and the same said in other bytes.
    let reserialised: Value = serde_json::from_str(&body).unwrap();
    for other in [format!("{body}\n"), body[..body.len() - 1].to_owned(), reserialised.to_string()] {
        answers.push(whatsapp::deliver_signed(app.client(), &desk, &other, &good));
    }
    let post = |path: &str, headers: &[(&str, &str)]| {
        app.client().send("POST", path, headers, Some(body.as_bytes()))
    };
    let signed = [("x-hub-signature-256", &*good)];
    answers.push(post(&desk.hook("whatsapp", "main"), &[]));
    answers.push(post(&desk.hook("whatsapp", "main"), &[("x-hub-signature", &good)]));
    for path in [
        "/hooks/travel/whatsapp/main",
        "/hooks/nowhere/whatsapp/main",
        "/hooks/No_Desk/whatsapp/main",
        "/hooks/school/pigeon/main",
        "/hooks/school/telegram/main",
        "/hooks/school/whatsapp/other",
        "/hooks/school/standard/main",
        "/hooks/school/whatsapp",
        "/hooks/school/whatsapp/main/more",
        "/hooks/",
    ] {
        answers.push(post(path, &signed));
    }
    all_alike(answers);

    assert_eq!((desk.tickets(), travel.tickets()), (vec![], vec![]));
    assert_eq!(desk.lead.get("problems").is(200).json()["items"], json!([]));
    whatsapp::deliver_signed(app.client(), &desk, &body, &good).is(200);
    assert_eq!(desk.tickets().len(), 1, "the right one is accepted after all of that");
}

#[test]
fn a_standard_webhook_with_any_part_wrong_or_out_of_its_time_is_refused() {
    let (app, desk) = App::school(Store::Sqlite);
    let body = r#"{"type":"message","data":{"from":"ana@example.org","text":"hola"}}"#;
    let secret = desk.secret("standard", "main");
    let post = |id: Option<&str>, at: Option<&str>, signature: Option<&str>| {
        let headers = [("webhook-id", id), ("webhook-timestamp", at), ("webhook-signature", signature)];
        let headers: Vec<_> = headers.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        app.client().send("POST", &desk.hook("standard", "main"), &headers, Some(body.as_bytes()))
    };
    let now = seconds_since_1970();
    let at = now.to_string();
    let good = sign_standard(&secret, "msg_1", &at, body);
    let foreign = sign_standard(&desk.secret("standard", "incidencias"), "msg_1", &at, body);
    let (id, time) = (Some("msg_1"), Some(at.as_str()));
    let mut answers = vec![
        post(None, time, Some(&good)),
        post(id, None, Some(&good)),
        post(id, time, None),
        post(Some("msg_2"), time, Some(&good)),
        post(id, Some(&(now - 1).to_string()), Some(&good)),
        post(id, time, Some(&foreign)),
        post(id, time, Some(&good.replace("v1,", "v2,"))),
        post(id, time, Some(good.strip_prefix("v1,").unwrap())),
        post(id, time, Some("v1,")),
    ];
    for stale in [now - 400, now + 400].map(|at| at.to_string()) {
        answers.push(post(id, Some(&stale), Some(&sign_standard(&secret, "msg_1", &stale, body))));
    }
    all_alike(answers);
    assert_eq!(desk.tickets(), Vec::<Value>::new());
    post(id, time, Some(&format!("v2,abc {foreign} {good}"))).is(200);
    assert_eq!(desk.tickets().len(), 1, "of several signatures one is enough");
}

/// 401 each, to the byte: whoever probes learns nothing.
#[track_caller]
fn all_alike(answers: Vec<Answer>) {
    let first = answers[0].body.clone();
    for answer in answers {
        assert_eq!(answer.body, first);
        assert_eq!(answer.problem(401), "webhook_refused");
    }
}

#[test]
fn a_signed_body_that_cannot_be_read_is_a_400_and_one_that_is_too_large_a_413() {
    let (app, desk) = App::school(Store::Sqlite);
    for body in ["", "{", "[]", "null", "{\"object\":1,\"entry\":[]}", "{\"object\":\"x\",\"entry\":{}}"] {
        assert_eq!(whatsapp::deliver(app.client(), &desk, body).problem(400), "malformed", "{body}");
    }
    for path in ["/hooks/school/whatsapp/main", "/api/school/tickets", "/api/school/sla/preview", "/s/x"] {
        for chunked in [false, true] {
            let answer = oversized(&app.host.base_url, path, chunked);
            assert!(answer.starts_with("HTTP/1.1 413 "), "{path}, chunked {chunked}: {answer}");
            assert!(
                answer.contains("application/problem+json") && answer.contains("body_too_large"),
                "{answer}"
            );
        }
    }
}

/// Sends more than any route takes, stops when the other side has had enough, and returns what it said.
fn oversized(base_url: &str, path: &str, chunked: bool) -> String {
    let address = base_url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let length = if chunked { "transfer-encoding: chunked" } else { "content-length: 20000000" };
    let authorization = format!("authorization: Bearer {TICK_TOKEN}");
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {address}\r\n{authorization}\r\nconnection: close\r\n{length}\r\n\r\n"
    )
    .unwrap();
    let mut reader = stream.try_clone().unwrap();
    let answer = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = reader.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let piece = [b' '; 50_000];
    for _ in 0..400 {
        let framed = chunked.then(|| stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()));
        let sent = framed.unwrap_or(Ok(())).and_then(|()| stream.write_all(&piece));
        let ended = if chunked { stream.write_all(b"\r\n") } else { Ok(()) };
        if sent.and(ended).is_err() {
            break;
        }
    }
    answer.join().unwrap()
}

#[test]
fn wrong_methods_wrong_paths_and_wrong_bodies_are_problems() {
    let (app, desk) = App::school(Store::Sqlite);
    let client = app.client();
    let tick = |name: &str| format!("/internal/tick/{name}");
    for (method, path, allow) in [
        ("PUT", "/hooks/school/whatsapp/main".to_owned(), "GET, POST"),
        ("DELETE", "/api/school/tickets".to_owned(), "GET, POST"),
        ("PATCH", "/api/school/pack".to_owned(), "GET, PUT"),
        ("POST", "/api/school/reports/csat".to_owned(), "GET"),
        ("GET", "/api/school/sla/preview".to_owned(), "POST"),
        ("GET", "/api/school/templates/preview".to_owned(), "POST"),
        ("DELETE", "/s/token".to_owned(), "GET, POST"),
        ("GET", tick("sla"), "POST"),
        ("GET", tick("delivery"), "POST"),
        ("GET", tick("surveys"), "POST"),
        ("GET", tick("projections"), "POST"),
    ] {
        let answer = client.send(method, &path, &[], None);
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
        assert_eq!(answer.problem(405), "method_not_allowed");
    }
    for path in
        ["/api/school/nothing", "/api/school/tickets/a/b/c", "/api/", "/api/school/sla/nothing", "/s/a/b"]
    {
        assert_eq!(client.send("GET", path, &[], None).problem(404), "unknown_path", "{path}");
    }
    let authorization = format!("Bearer {}", desk.agent.token);
    let raw = |path: &str, body: &[u8]| {
        let headers = [("authorization", &*authorization)];
        client.send("POST", &format!("/api/school/{path}"), &headers, Some(body))
    };
    for path in ["tickets", "sla/preview", "templates/preview", "tickets/tkt_x/replies"] {
        for body in [&b"{"[..], b"", b"\xff\xfe", b"{\"a\":1}}"] {
            let code = raw(path, body).problem(400);
            assert_eq!(code, "bad_json", "{path} {body:?}");
        }
    }
    let answer = raw("tickets", br#"{"chanel":"whatsapp"}"#);
    assert_eq!(answer.clone().problem(422), "invalid_document");
    assert_eq!(answer.json()["errors"][0]["pointer"], "/chanel", "{}", answer.body);
}

#[test]
fn a_token_is_good_for_its_desk_and_role_alone_and_until_it_is_revoked() {
    let (app, desk) = App::school(Store::Sqlite);
    let travel = app.publish("travel");
    let service = desk.token("portal", "service");
    let client = app.client();

    let me = |token: &str, desk: &str| {
        client.send("GET", &format!("/api/{desk}/me"), &[("authorization", &format!("Bearer {token}"))], None)
    };
    assert_eq!(me(&desk.agent.token, "school").is(200).json()["role"], "agent");
    for (token, at) in [
        (desk.agent.token.as_str(), "travel"),
        (&travel.lead.token, "school"),
        (TICK_TOKEN, "school"),
        ("", "school"),
        ("rlv_school_00000000000000000000000000", "school"),
        (&desk.agent.token, "nowhere"),
        (&desk.agent.token, "No_Desk"),
    ] {
        assert_eq!(me(token, at).problem(401), "unauthorized", "{token} at {at}");
    }
    assert_eq!(client.send("GET", "/api/school/me", &[], None).problem(401), "unauthorized");
    let basic = [("authorization", &*format!("Basic {}", desk.agent.token))];
    assert_eq!(client.send("GET", "/api/school/me", &basic, None).problem(401), "unauthorized");

    for (caller, path) in [
        (&service, "outbox"),
        (&service, "contacts"),
        (&desk.agent, "outbox"),
        (&desk.agent, "problems"),
        (&desk.agent, "pack"),
        (&desk.agent, "reports/csat"),
        (&desk.agent, "surveys"),
        (&desk.lead, "subscribers"),
        (&desk.lead, "tokens"),
    ] {
        assert_eq!(caller.get(path).problem(403), "forbidden", "{} {path}", caller.person);
    }
    assert_eq!(desk.lead.put("pack", &desk.pack).problem(403), "forbidden");
    let more = desk.admin.post("tokens", &json!({"person": desk.agent.person, "role": "admin"}));
    assert_eq!(more.problem(422), "invalid_document", "no token gives more than the pack");

    for name in ["sla", "delivery", "surveys", "projections"] {
        let path = format!("/internal/tick/{name}");
        let bearer = |token: &str| [("authorization", format!("Bearer {token}"))];
        for token in [desk.admin.token.as_str(), "", "x"] {
            let [(header, value)] = bearer(token);
            assert_eq!(
                client.send("POST", &path, &[(header, &value)], Some(b"{}")).problem(401),
                "unauthorized"
            );
        }
    }
    revoke(&desk, client);
}

fn revoke(desk: &Desk, client: &Client) {
    let tokens = desk.admin.get("tokens").is(200).json();
    let agents = tokens["items"].as_array().unwrap().iter().find(|token| token["role"] == "agent").unwrap();
    assert!(!tokens.to_string().contains(&desk.agent.token), "a token is never shown again");
    desk.agent.get("me").is(200);
    desk.admin.delete(&format!("tokens/{}", agents["id"].as_str().unwrap())).is(204);
    assert_eq!(desk.agent.get("me").problem(401), "unauthorized");
    // What is reachable from inside only does not exist outside, whatever token comes with it.
    let authorization = format!("Bearer {TICK_TOKEN}");
    for path in ["/internal/send", "/internal/render", "/internal/validate", "/internal/decide"] {
        client.send("POST", path, &[("authorization", &authorization)], Some(b"{}")).is(404);
    }
}

#[test]
fn a_ticket_is_not_opened_for_an_address_that_nothing_could_be_sent_to() {
    let (_app, desk) = App::school(Store::Sqlite);
    let open = |kind: &str, address: &str| {
        let contact = json!({"kind": kind, "address": address});
        desk.agent.post("tickets", &json!({"channel": "whatsapp", "contact": contact, "subject": "x"}))
    };
    for (kind, address) in
        [("phone", "abc"), ("phone", "123"), ("email", "ana"), ("email", "a@b\r\nBcc: c@d")]
    {
        let answer = open(kind, address);
        assert_eq!(answer.clone().problem(422), "invalid_document", "{address}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/contact/address");
    }
    assert_eq!(desk.tickets().len(), 0);
    open("phone", " +34 600 111 222 ").is(201);
}

#[test]
fn what_a_desk_does_not_have_costs_the_store_as_much_as_a_wrong_signature() {
    let app = App::noting_calls(Store::Sqlite);
    let desk = app.publish("school");
    let body = whatsapp::message("15551300009", "wamid.1", "hola");
    let wrong = whatsapp::signature("another secret", &body);
    let headers = [("content-type", "application/json"), ("x-hub-signature-256", wrong.as_str())];
    let names = |path: &str| {
        let before = app.calls("inbound").len();
        let answer = app.client().send("POST", path, &headers, Some(body.as_bytes()));
        let calls = app.calls("inbound").split_off(before);
        // What operators count is written apart, every half second.
        let counted =
            |call: &Vec<String>| ["r1:n:y:", "r1:y:", "r1:w:"].iter().any(|of| call[1].starts_with(of));
        let mut names: Vec<_> =
            calls.into_iter().filter(|call| !counted(call)).map(|call| call[0].clone()).collect();
        names.sort();
        (answer.is(401).body, names)
    };
    let own = desk.hook("whatsapp", "main");
    // The first request of an instance reads the pack.
    names(&own);
    let expected = names(&own);
    assert!(!expected.1.is_empty());
    let others = [
        "/hooks/school/whatsapp/nope",
        "/hooks/school/telegram/main",
        "/hooks/school/nope/main",
        "/hooks/nope/whatsapp/main",
        "/hooks/nope/nope/main",
    ];
    for path in others.into_iter().chain(others) {
        assert_eq!(names(path), expected, "{path}");
    }
}

#[test]
fn a_handshake_that_is_refused_names_the_token_and_nothing_that_exists() {
    let (app, desk) = App::school(Store::Sqlite);
    let ask = |path: &str| {
        let path = format!("{path}?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong");
        app.client().send("GET", &path, &[], None)
    };
    let answer = ask(&desk.hook("whatsapp", "main"));
    assert!(
        answer.json()["detail"].as_str().is_some_and(|detail| detail.contains("verify token")),
        "{}",
        answer.body
    );
    all_alike(vec![
        answer,
        ask("/hooks/school/whatsapp/nope"),
        ask("/hooks/nope/whatsapp/main"),
        ask("/hooks/school/nope/main"),
    ]);
}

#[test]
fn ticks_that_there_are_none_of_and_tokens_that_are_not_the_schedules_are_refused_in_words() {
    let (app, desk) = App::school(Store::Sqlite);
    let tick = |name: &str, token: &str| {
        let token = format!("Bearer {token}");
        app.client().send(
            "POST",
            &format!("/internal/tick/{name}"),
            &[("authorization", &token)],
            Some(b"{}"),
        )
    };
    assert_eq!(tick("nope", relevo_e2e::TICK_TOKEN).problem(404), "unknown_path");
    for name in ["sla", "delivery", "projections"] {
        let refused = tick(name, &desk.agent.token);
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("schedule") && !detail.contains("desk"), "{detail}");
        assert_eq!(refused.problem(401), "unauthorized");
    }
}

#[test]
fn whoever_sends_far_too_much_hears_that_it_is_too_much() {
    let (app, desk) = App::school(Store::Sqlite);
    let body = vec![b' '; 20 << 20];
    let headers = [("content-type", "application/json")];
    for path in [desk.hook("whatsapp", "main"), "/api/school/tickets".to_owned()] {
        let answer = app.client().send("POST", &path, &headers, Some(&body));
        assert_eq!(answer.problem(413), "body_too_large", "{path}");
    }
}

#[test]
fn what_is_typed_in_as_an_address_is_one_of_its_channel() {
    let (_app, desk) = App::school(Store::Sqlite);
    let open = |contact: Value| {
        let body = json!({"channel": "whatsapp", "account": "main", "contact": contact, "subject": "x"});
        desk.agent.post("tickets", &body)
    };
    for wrong in [
        json!({"address": "abc"}),
        json!({"address": "abc", "kind": "user"}),
        json!({"address": "a@b.example", "kind": "email"}),
    ] {
        assert_eq!(open(wrong).problem(422), "invalid_document");
    }
    open(json!({"address": "ES.13491208655302741918"})).is(201);
}
