//! No input makes a channel panic, none takes long, and what was read can be stored and read again.

use crate::{Account, CHANNELS, Channel, Unverified};
use chrono::{DateTime, Utc};
use proptest::{prelude::*, sample::Index};
use relevo_domain::message::Inbound;
use serde_json::{Value, json};
use std::sync::LazyLock;

#[path = "../tests/support/case.rs"]
#[allow(dead_code, reason = "the comparing half is used by the tests outside")]
pub(crate) mod case;
use case::{Case, cases};

static CASES: LazyLock<Vec<(&'static Channel, Vec<Case>)>> =
    LazyLock::new(|| CHANNELS.iter().map(|channel| (channel, cases(channel.slug))).collect());

/// Reads a request as if its signature had been right, and checks what comes of it.
fn read(channel: &Channel, request: Unverified, account: &Account) -> Option<Vec<Inbound>> {
    let parsed = (channel.parse)(&request.verified(DateTime::<Utc>::UNIX_EPOCH), account).ok()?;
    let text = serde_json::to_string(&parsed.items).unwrap();
    let back: Vec<Inbound> = serde_json::from_str(&text).unwrap();
    assert_eq!(back, parsed.items, "{}: not the same when read back", channel.slug);
    for item in &parsed.items {
        let id = match item {
            Inbound::Message(message) => &message.external_id,
            Inbound::Outgoing(message) => &message.external_id,
            Inbound::Call(call) => &call.external_id,
            Inbound::Status(status) => &status.external_id,
            Inbound::Other(event) => &event.external_id,
            Inbound::Problem(problem) => &problem.external_id,
        };
        assert!(!id.is_empty(), "{}: an item without an id", channel.slug);
    }
    Some(parsed.items)
}

fn with_body(case: &Case, body: Vec<u8>) -> Unverified {
    Unverified { body, ..case.request() }
}

/// A value of any kind, now and then of the kind that belongs there.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 8.0)),
        ".{0,12}".prop_map(Value::from),
        "[0-9]{1,20}".prop_map(Value::from),
        Just(json!("")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map("[a-z_]{1,10}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The pointers of all nodes.
fn nodes(value: &Value, at: String, found: &mut Vec<String>) {
    found.push(at.clone());
    match value {
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, child)| nodes(child, format!("{at}/{i}"), found));
        }
        Value::Object(map) => map.iter().for_each(|(key, child)| {
            let key = key.replace('~', "~0").replace('/', "~1");
            nodes(child, format!("{at}/{key}"), found);
        }),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..300), at: Index, which: Index) {
        let (channel, cases) = at.get(&CASES);
        let case = which.get(cases);
        let _ = (channel.verify)(with_body(case, body.clone()), &case.account, case.now);
        read(channel, with_body(case, body), &case.account);
    }

    #[test]
    fn any_headers_and_query(value in "[ -~]{0,80}", query in ".{0,40}", at: Index, which: Index, name: Index) {
        let (channel, cases) = at.get(&CASES);
        let mut request = which.get(cases).request();
        let names: Vec<_> = request.headers.keys().cloned().collect();
        if !names.is_empty() {
            request.headers.insert(name.get(&names), value.parse().unwrap());
        }
        request.path_and_query = format!("{}?{query}", request.path_and_query);
        let account = &which.get(cases).account;
        (channel.handshake)(&request, account);
        let _ = (channel.verify)(request, account, which.get(cases).now);
    }

    #[test]
    fn broken_bytes(at: Index, which: Index, changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..8), cut: Index) {
        let (channel, cases) = at.get(&CASES);
        let case = which.get(cases);
        let mut body = case.request.body.clone();
        prop_assume!(!body.is_empty());
        for (place, byte) in &changes {
            *place.get_mut(&mut body) = *byte;
        }
        read(channel, with_body(case, body.clone()), &case.account);
        body.truncate(cut.index(body.len()));
        read(channel, with_body(case, body), &case.account);
    }

    #[test]
    fn any_value_at_any_place(at: Index, which: Index, place: Index, value in any_value()) {
        let (channel, cases) = at.get(&CASES);
        let case = which.get(cases);
        let body: Result<Value, _> = serde_json::from_slice(&case.request.body);
        prop_assume!(body.is_ok());
        let mut body = body.unwrap();
        let mut found = Vec::new();
        nodes(&body, String::new(), &mut found);
        *body.pointer_mut(place.get(found.as_slice()).as_str()).unwrap() = value;
        read(channel, with_body(case, body.to_string().into_bytes()), &case.account);
    }

    /// Whatever one message of a batch becomes, the others come out as they were.
    #[test]
    fn a_bad_message_costs_only_itself(victim in 0..5_usize, place: Index, value in any_value()) {
        let channel = crate::channel("whatsapp").unwrap();
        let (_, cases) = CASES.iter().find(|(channel, _)| channel.slug == "whatsapp").unwrap();
        let case = cases.iter().find(|case| case.folder.ends_with("media")).unwrap();
        let mut body: Value = serde_json::from_slice(&case.request.body).unwrap();
        let before = read(channel, case.request(), &case.account).unwrap();
        let message = body.pointer_mut("/entry/0/changes/0/value/messages").unwrap().get_mut(victim).unwrap();
        let mut found = Vec::new();
        nodes(message, String::new(), &mut found);
        *message.pointer_mut(place.get(found.as_slice()).as_str()).unwrap() = value;
        let mut after = read(channel, with_body(case, body.to_string().into_bytes()), &case.account).unwrap();
        prop_assert_eq!(after.len(), before.len());
        after[victim] = before[victim].clone();
        prop_assert_eq!(after, before);
    }
}

/// Texts that programs have stumbled over, several hundred of them.
static NAUGHTY: LazyLock<Vec<String>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../tests/naughty.json")).unwrap());

/// Bodies of a case that say a text: in each of its places in turn, or in all.
fn saying(case: &Case, text: &str, turn: usize) -> Vec<Vec<u8>> {
    if let Ok(mut body) = serde_json::from_slice::<Value>(&case.request.body) {
        let mut found = Vec::new();
        nodes(&body, String::new(), &mut found);
        found.retain(|at| body.pointer(at).is_some_and(Value::is_string));
        let mut everywhere = body.clone();
        for at in &found {
            *everywhere.pointer_mut(at).unwrap() = text.into();
        }
        if let Some(at) = found.get(turn % found.len().max(1)) {
            *body.pointer_mut(at).unwrap() = text.into();
        }
        return vec![body.to_string().into_bytes(), everywhere.to_string().into_bytes()];
    }
    let fields: Vec<_> = form_urlencoded::parse(&case.request.body).into_owned().collect();
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (n, (name, value)) in fields.iter().enumerate() {
        form.append_pair(name, if n == turn % fields.len() { text } else { value });
    }
    let mail = format!("From: {text}\r\nSubject: {text}\r\nMessage-ID: <{text}>\r\n\r\n{text}\r\n");
    vec![form.finish().into_bytes(), mail.into_bytes()]
}

#[test]
fn texts_that_programs_stumble_over_are_read_and_can_be_stored() {
    assert!(NAUGHTY.len() >= 500, "{}", NAUGHTY.len());
    for (channel, cases) in CASES.iter() {
        let read_by =
            |case: &&Case| (channel.parse)(&case.request().verified(case.now), &case.account).is_ok();
        let some: Vec<&Case> = cases.iter().filter(read_by).collect();
        assert!(!some.is_empty(), "{}", channel.slug);
        let mut read_at_all = 0;
        for (turn, text) in NAUGHTY.iter().enumerate() {
            let case = some[turn % some.len()];
            for body in saying(case, text, turn / some.len()) {
                read_at_all += usize::from(read(channel, with_body(case, body), &case.account).is_some());
            }
        }
        assert!(read_at_all > 100, "{}: {read_at_all} were read", channel.slug);
    }
}

#[test]
fn large_and_deep_bodies_are_answered() {
    // Hashing 3 MB takes its time without optimisation.
    const SIZE: usize = if cfg!(debug_assertions) { 60_000 } else { 3_000_000 };
    let filled = |piece: &[u8]| piece.iter().copied().cycle().take(SIZE).collect::<Vec<u8>>();
    let bodies = [
        filled(b"["),
        filled(b"{\"a\":"),
        filled(b"\xff\xfe\x00"),
        filled(b"\""),
        filled(b"\\u"),
        filled(b"a=b&"),
        filled(b"&"),
        filled(b"a[b][c]=%41&"),
        filled(b"%"),
        filled(b"--b\r\n"),
        filled(b"\r\n"),
        filled(b"From: =?utf-8?q?a?=\r\n"),
        filled(b"Content-Type: message/rfc822\r\n\r\n"),
        filled(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"),
        filled(b"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n"),
        [b"From: a@b\r\n\r\n".as_slice(), &filled(b"> x\n--\nOn 1 wrote:\n")].concat(),
        [b"From: a@b\r\nContent-Type: text/html\r\n\r\n".as_slice(), &filled(b"<a><p><&amp;<!--")].concat(),
        [b"From: ".as_slice(), &filled(b"(\"<a:,;@")].concat(),
        [b"[".as_slice(), &filled(b"{},"), b"{}]"].concat(),
        [b"{\"object\":\"x\",\"entry\":[".as_slice(), &filled(b"{\"changes\":[{}]},"), b"7]}"].concat(),
    ];
    for (channel, cases) in CASES.iter() {
        let case = cases.first().unwrap();
        for body in &bodies {
            let _ = (channel.verify)(with_body(case, body.clone()), &case.account, case.now);
            let verified = with_body(case, body.clone()).verified(case.now);
            let _ = (channel.parse)(&verified, &case.account);
        }
    }
}
