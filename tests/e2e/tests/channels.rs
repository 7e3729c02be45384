//! Every channel of the registry through the built component: each raw request of its fixtures, twice; what must be
//! refused; bodies that are meant to hurt. A channel without fixtures fails here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/fixture.rs"]
mod fixture;

use std::collections::BTreeMap;
use std::time::Duration;

use fixture::{Fixture, fixtures, proof, proving_path, settings};
use relevo_channels::CHANNELS;
use relevo_e2e::{App, Client, Desk, Store, eventually};
use serde_json::{Value, json};

/// Desk and account of a path.
fn place(path: &str) -> (&str, &str) {
    let mut parts = path.split('?').next().unwrap().split('/').skip(2);
    let (desk, _, account) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    (desk, account)
}

/// The desks of the fixtures, with an account for every channel.
struct Desks {
    app: App,
    desks: BTreeMap<String, (Desk, Value)>,
}

impl Desks {
    fn new() -> Self {
        let app = App::bare(Store::Sqlite);
        let mut desks = BTreeMap::new();
        for channel in CHANNELS {
            let all = fixtures(channel.slug);
            let (desk, account) = place(&all[0].path);
            let (_, pack) = desks.entry(desk.to_owned()).or_insert_with(|| (None, relevo_e2e::pack(desk)));
            pack["channels"][channel.slug][account] = json!({"settings": {}});
        }
        let desks = desks.into_iter().map(|(name, (_, pack)): (String, (Option<Desk>, Value))| {
            let desk = app.publish_with(&name, |published| *published = pack.clone());
            (name, (desk, pack))
        });
        let desks = desks.collect();
        Self { app, desks }
    }

    /// Gives the account of a case its settings and secrets.
    fn adopt(&mut self, slug: &str, case: &Fixture) -> Desk {
        let (name, account) = place(&case.path);
        let (desk, pack) = self.desks.get_mut(name).unwrap();
        let settings = settings(&case.account);
        if pack["channels"][slug][account]["settings"] != settings {
            pack["channels"][slug][account]["settings"] = settings;
            desk.admin.put("pack", pack).is(200);
        }
        let text = |key: &str| case.account.get(key).cloned().unwrap_or(Value::Null);
        let secrets = json!({
            "secret": case.account["secrets"].get(0), "previous_secret": case.account["secrets"].get(1),
            "verify_token": text("verify_token"), "access_token": text("access_token"),
            "public_url": text("public_url"),
        });
        desk.admin.put(&format!("channels/{slug}/{account}/secrets"), &secrets).is(204);
        desk.clone()
    }
}

fn send(client: &Client, case: &Fixture) -> relevo_e2e::Answer {
    let headers: Vec<(&str, &str)> = case.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let body = (case.method != "GET").then_some(case.body.as_slice());
    client.send(&case.method, &case.path, &headers, body)
}

#[test]
fn every_case_is_answered_as_its_provider_expects_and_a_repeat_changes_nothing() {
    let mut desks = Desks::new();
    let mut wrong = Vec::new();
    for channel in CHANNELS {
        // A path of another application is a case of the signature alone.
        // A key that cannot be one is refused when it is set.
        let settable = |case: &Fixture| !case.account["secrets"].to_string().contains("nonsense");
        let cases = fixtures(channel.slug).into_iter();
        for case in cases.filter(|case| case.path.starts_with("/hooks/") && settable(case)) {
            let desk = desks.adopt(channel.slug, &case);
            let expected = &case.expected;
            let said = expected.get("answer").or_else(|| expected.get("handshake"));
            let status = match said.and_then(|answer| answer["status"].as_u64()) {
                Some(status) => status,
                None if expected.get("refused").is_some() => 401,
                None => 400,
            };
            let first = send(desks.app.client(), &case);
            let body = said.and_then(|answer| answer["body"].as_str()).unwrap_or_default();
            if u64::from(first.status) != status || (said.is_some() && first.body != body) {
                wrong.push(format!("{}: {} {}", case.folder.display(), first.status, first.body));
                continue;
            }
            if expected.get("items").is_some() {
                // What is read back of Podio is there a moment later.
                eventually("nothing is under way", Duration::from_secs(20), || {
                    desks.app.host.tick_all("delivery");
                    let queued = desk.admin.get("outbox?status=queued").is(200).json();
                    queued["items"].as_array().is_some_and(Vec::is_empty).then_some(())
                });
                let before = desk.tickets();
                let again = send(desks.app.client(), &case);
                assert_eq!(
                    (again.status, &again.body),
                    (first.status, &first.body),
                    "{}",
                    case.folder.display()
                );
                assert_eq!(desk.tickets(), before, "{}: a repeat is harmless", case.folder.display());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!desks.app.host.log().contains("panicked"), "{}", desks.app.host.log());
}

#[test]
fn whoever_proves_nothing_is_answered_the_same_whether_the_account_exists_or_not() {
    let mut desks = Desks::new();
    for channel in CHANNELS {
        let case = fixtures(channel.slug).into_iter().find(|c| c.expected.get("items").is_some()).unwrap();
        desks.adopt(channel.slug, &case);
        let (desk, account) = place(&case.path);
        let paths = [
            format!("/hooks/{desk}/{}/{account}", channel.slug),
            format!("/hooks/{desk}/{}/nobody", channel.slug),
            format!("/hooks/nowhere/{}/{account}", channel.slug),
            format!("/hooks/{desk}/no-channel/{account}"),
        ];
        let is_open = case.account["settings"]["public"] == true || case.account["settings"]["open"] == true;
        let answers = paths.iter().skip(usize::from(is_open)).map(|path| {
            let kind = ("content-type", "application/json");
            let answer = desks.app.client().send("POST", path, &[kind], Some(b"{}"));
            (answer.status, answer.body)
        });
        let answers: Vec<_> = answers.collect();
        assert!(
            answers.iter().all(|answer| *answer == answers[0] && answer.0 == 401),
            "{}: {answers:?}",
            channel.slug
        );
    }
}

/// Bodies that are meant to hurt, by name.
fn hostile() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let json = "application/json";
    let form = "application/x-www-form-urlencoded";
    let mut bodies = vec![
        ("ten megabytes", json, vec![b'a'; 10 << 20]),
        ("ten megabytes of a form", form, [b"a=".to_vec(), vec![b'%'; 10 << 20]].concat()),
        ("deep arrays", json, [vec![b'['; 200_000], vec![b']'; 200_000]].concat()),
        ("deep objects", json, [b"{\"a\":".repeat(100_000), b"1".to_vec(), vec![b'}'; 100_000]].concat()),
        ("deep brackets", form, [b"message".to_vec(), b"[a]".repeat(50_000), b"=1".to_vec()].concat()),
        (
            "invalid UTF-8",
            json,
            b"{\"object\":\"whatsapp_business_account\",\"a\":\"\xff\xfe\xc0\x80\"}".to_vec(),
        ),
        ("an empty body", json, Vec::new()),
        ("a number", json, b"1e999999".to_vec()),
        ("null", json, b"null".to_vec()),
        (
            "a multipart that does not end",
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=\"a".to_vec(),
        ),
        ("a multipart of a million parts", "multipart/form-data; boundary=x", b"--x\r\n\r\n".repeat(200_000)),
        (
            "broken MIME",
            "message/rfc822",
            b"Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n--\r\n----\r\n=?utf-8?q?=FF?="
                .to_vec(),
        ),
        (
            "nested MIME",
            "message/rfc822",
            b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n".repeat(5_000),
        ),
    ];
    for text in NAUGHTY {
        let string = json!(text).to_string();
        let body = format!(
            "{{\"type\":{string},\"object\":{string},\"entry\":[{string}],\"event\":{string},\"update_id\":{string},\
             \"message\":{string},\"data\":{{\"from\":{string},\"text\":{string},\"call_id\":{string}}}}}"
        );
        bodies.push(("a naughty string", json, body.into_bytes()));
        let mail = format!("From: {text}\r\nSubject: {text}\r\nMessage-ID: <{text}>\r\n\r\n{text}\r\n");
        bodies.push(("a naughty mail", "message/rfc822", mail.into_bytes()));
    }
    bodies
}

const NAUGHTY: &[&str] = &[
    "",
    "null",
    "undefined",
    "-1",
    "1E+02",
    "NaN",
    "0x0",
    "'; DROP TABLE users--",
    "<script>alert(1)</script>",
    "\u{feff}",
    "\u{202e}txet",
    "\u{0}",
    "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤",
    "👨‍👩‍👧‍👦🏳️‍🌈",
    "田中さんにあげて下さい",
    "ﷺ",
    "{{7*7}}",
    "%s%s%n",
    "../../etc/passwd",
    "\r\nBcc: x@y.z",
    "=?utf-8?b?////?=",
    "a@b@c",
    "\u{e000}\u{10ffff}",
    "+٣٤٦٠٠",
    "𝒯𝑒𝓍𝓉",
];

#[test]
fn no_body_makes_a_channel_fail_or_trap() {
    let mut desks = Desks::new();
    let bodies = hostile();
    for channel in CHANNELS {
        let slug = channel.slug;
        let case = fixtures(slug).into_iter().find(|c| c.expected.get("items").is_some()).unwrap();
        desks.adopt(slug, &case);
        let secret = case.secret();
        let (desk, account) = place(&case.path);
        let bare = format!("/hooks/{desk}/{slug}/{account}");
        for (name, kind, body) in &bodies {
            let path = proving_path(slug, &secret, &bare, body);
            let proof = proof(slug, &secret, &path, body);
            let proven = proof.is_some();
            let mut headers = vec![("content-type", *kind)];
            let proof = proof.unwrap_or_default();
            headers.extend(proof.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            // A host that answers before it has read all may close the connection: that is an answer too.
            let Ok(answer) = desks.app.client().attempt("POST", &path, &headers, Some(body)) else {
                assert!(body.len() > 4 << 20, "{slug}: {name}: no answer");
                continue;
            };
            assert!(answer.status < 500, "{slug}: {name}: {} {}", answer.status, answer.body);
            let refused = answer.status == 401 && proven && !body.is_empty();
            assert!(!refused, "{slug}: {name}: refused although proven: the parser was not reached");
        }
    }
    assert!(!desks.app.host.log().contains("panicked"), "{}", desks.app.host.log());
    desks.app.client().send("GET", "/api/openapi.json", &[], None).is(200);
}

#[test]
fn a_secret_that_is_replaced_with_an_overlap_is_valid_beside_the_new_one() {
    let (app, desk) = App::school(Store::Sqlite);
    let old = desk.secret("whatsapp", "main");
    let signed_with = |secret: &str, id: &str| {
        let body = relevo_e2e::whatsapp::message("15551000001", id, "hola");
        let signature = relevo_e2e::whatsapp::signature(secret, &body);
        let headers = [("content-type", "application/json"), ("x-hub-signature-256", signature.as_str())];
        app.client().send("POST", &desk.hook("whatsapp", "main"), &headers, Some(body.as_bytes())).status
    };
    let path = "channels/whatsapp/main/secrets";
    desk.admin.put(path, &json!({"secret": "new", "overlap_hours": 1})).is(204);
    assert_eq!([signed_with(&old, "wamid.r1"), signed_with("new", "wamid.r2")], [200, 200]);
    assert_eq!(signed_with("other", "wamid.r3"), 401);
    desk.admin.put(path, &json!({"secret": "newer"})).is(204);
    assert_eq!([signed_with("new", "wamid.r4"), signed_with("newer", "wamid.r5")], [401, 200]);
}

#[test]
fn an_item_that_was_not_understood_is_kept_with_its_request_and_read_again_without_harm() {
    use relevo_e2e::whatsapp;
    let (app, desk) = App::school(Store::Sqlite);
    let good = whatsapp::text("15551100001", "wamid.k1", "hola");
    let bad = r#"{"from":"15551100002","timestamp":"x"}"#.to_owned();
    let body = whatsapp::batch(&[vec![whatsapp::change(&[], &[good, bad], &[])]]);
    whatsapp::deliver(app.client(), &desk, &body).is(200);
    let problems = desk.lead.get("problems").is(200).json();
    assert_eq!(problems["items"].as_array().map(Vec::len), Some(1), "{problems}");
    let retry = format!("problems/{}/retry", problems["items"][0]["id"].as_str().unwrap());
    let before = desk.tickets();
    let again = desk.lead.post(&retry, &json!({})).is(200).json();
    assert_eq!((&again["resolved"], &again["problems"]), (&json!(false), &json!(1)), "{again}");
    assert_eq!(desk.tickets(), before);
    assert_eq!(desk.lead.get("problems").is(200).json()["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(desk.agent.post(&retry, &json!({})).problem(403), "forbidden");
    let unknown = format!("problems/problem.{}/retry", "a".repeat(26));
    assert_eq!(desk.lead.post(&unknown, &json!({})).problem(404), "unknown_problem");
}
