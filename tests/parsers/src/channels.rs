//! A target for each channel: a whole request, as `head.txt` of the fixtures writes it, an empty line, the body.
//!
//! The account that it meets is one of the fixtures': the first byte says which. What the signature holds up is read
//! all the same when this is built for fuzzing (`--cfg fuzzing`), and by the channels' own tests.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use relevo_channels::{Account, CHANNELS, Channel, Secret, Unverified};
use serde_json::Value;

use crate::Target;
use crate::corpus::{files, root};

/// One target for each channel of the registry.
pub fn targets() -> Vec<Target> {
    CHANNELS.iter().map(of).collect()
}

struct Setting {
    account: Account,
    now: DateTime<Utc>,
}

fn of(channel: &'static Channel) -> Target {
    let folder = root().join("tests/fixtures").join(channel.slug);
    let mut cases: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    // The first byte chooses.
    cases.truncate(256);
    let settings: Arc<Vec<Setting>> = Arc::new(cases.iter().map(|case| setting(case)).collect());
    let corpus = (0..=u8::MAX).zip(&cases).map(|(n, case)| written(n, case)).collect();
    Target::new(format!("channel/{}", channel.slug), corpus, move |bytes| run(channel, &settings, bytes))
}

#[allow(unexpected_cfgs, reason = "`fuzzing` is set by those who fuzz")]
fn run(channel: &Channel, settings: &[Setting], bytes: &[u8]) {
    let Some((which, rest)) = bytes.split_first() else { return };
    let Some(setting) = settings.get(usize::from(*which) % settings.len().max(1)) else { return };
    let Some(request) = parse(rest) else { return };
    let again = Unverified {
        method: request.method.clone(),
        path_and_query: request.path_and_query.clone(),
        headers: request.headers.clone(),
        body: request.body.clone(),
    };
    let _ = (channel.handshake)(&request, &setting.account);
    if let Ok(verified) = (channel.verify)(request, &setting.account, setting.now) {
        read(channel, &verified, &setting.account);
    }
    #[cfg(fuzzing)]
    read(channel, &again.believed(setting.now), &setting.account);
    #[cfg(not(fuzzing))]
    drop(again);
}

fn read(channel: &Channel, verified: &relevo_channels::Verified, account: &Account) {
    let Ok(parsed) = (channel.parse)(verified, account) else { return };
    // What was read can be stored and read again.
    let text = serde_json::to_string(&parsed.items).expect("items are JSON");
    let back: Vec<relevo_domain::message::Inbound> =
        serde_json::from_str(&text).expect("items are read back");
    assert_eq!(back, parsed.items, "not the same when read back");
}

/// A fixture in the form that [`parse`] reads.
fn written(n: u8, case: &Path) -> Vec<u8> {
    let mut bytes = vec![n];
    let head = fs::read_to_string(case.join("head.txt")).expect("head.txt");
    bytes.extend(head.trim_end().replace('\r', "").into_bytes());
    bytes.extend(b"\n\n");
    let mut all = files(case).into_iter();
    let body = all.find(|(path, _)| path.file_stem().is_some_and(|stem| stem == "body"));
    bytes.extend(body.map(|(_, body)| body).unwrap_or_default());
    bytes
}

fn parse(bytes: &[u8]) -> Option<Unverified> {
    let end = bytes.windows(2).position(|two| two == b"\n\n")?;
    let (head, body) = (bytes.get(..end)?, bytes.get(end.saturating_add(2)..)?);
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut first = std::str::from_utf8(lines.next()?).ok()?.split(' ');
    let method = Method::from_bytes(first.next()?.as_bytes()).ok()?;
    let path_and_query = first.next()?.to_owned();
    let mut headers = HeaderMap::new();
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (line.get(..colon)?, line.get(colon.saturating_add(1)..)?);
        let value = HeaderValue::from_bytes(value.trim_ascii()).ok()?;
        headers.append(HeaderName::from_bytes(name).ok()?, value);
    }
    Some(Unverified { method, path_and_query, headers, body: body.to_vec() })
}

fn setting(case: &Path) -> Setting {
    let text = fs::read_to_string(case.join("account.json")).expect("account.json");
    let value: Value = serde_json::from_str(&text).expect("JSON");
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let secrets = value["secrets"].as_array().into_iter().flatten();
    let account = Account {
        secrets: secrets.map(|secret| Secret::from(secret.as_str().expect("a text"))).collect(),
        verify_token: text("verify_token").map(Secret::from),
        access_token: text("access_token").map(Secret::from),
        public_url: text("public_url").map(str::to_owned),
        client_secret: text("client_secret").map(Secret::from),
        settings: value["settings"].as_object().cloned().unwrap_or_default(),
    };
    Setting { account, now: text("now").unwrap_or("2026-03-02T09:00:00Z").parse().expect("an instant") }
}
