//! A case is a folder: `head.txt` (request line and headers), `body.*` (raw bytes, absent for none),
//! `account.json`, `expected.json`.

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};
use relevo_channels::{Account, Channel, Secret, Unverified};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

pub struct Case {
    pub folder: PathBuf,
    pub request: Unverified,
    pub account: Account,
    pub now: DateTime<Utc>,
}

/// All cases of a channel, by name.
pub fn cases(slug: &str) -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(slug);
    let mut folders: Vec<PathBuf> = fs::read_dir(&root)
        .unwrap_or_else(|error| panic!("{}: {error}", root.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders.into_iter().map(Case::load).collect()
}

impl Case {
    fn load(folder: PathBuf) -> Self {
        let head = fs::read_to_string(folder.join("head.txt")).unwrap();
        let mut lines = head.lines();
        let mut first = lines.next().unwrap().split(' ');
        let mut headers = HeaderMap::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').unwrap();
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value.trim()).unwrap(),
            );
        }
        let body = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.file_stem().is_some_and(|stem| stem == "body"))
            .map(|path| fs::read(path).unwrap())
            .unwrap_or_default();
        let request = Unverified {
            method: first.next().unwrap().parse().unwrap(),
            path_and_query: first.next().unwrap().to_owned(),
            headers,
            body,
        };
        let text = fs::read_to_string(folder.join("account.json")).unwrap();
        let (account, now) = account(&serde_json::from_str(&text).unwrap());
        Self { folder, request, account, now }
    }

    /// The request once more: verifying consumes it.
    pub fn request(&self) -> Unverified {
        Unverified {
            method: self.request.method.clone(),
            path_and_query: self.request.path_and_query.clone(),
            headers: self.request.headers.clone(),
            body: self.request.body.clone(),
        }
    }

    /// What the channel makes of it, as `expected.json` writes it down.
    pub fn result(&self, channel: &Channel) -> Value {
        if let Some(answer) = (channel.handshake)(&self.request, &self.account) {
            return json!({ "handshake": answer_json(&answer) });
        }
        let verified = match (channel.verify)(self.request(), &self.account, self.now) {
            Ok(verified) => verified,
            Err(refusal) => return json!({ "refused": format!("{refusal:?}") }),
        };
        match (channel.parse)(&verified, &self.account) {
            Ok(parsed) => {
                let mut result = json!({ "items": parsed.items, "answer": answer_json(&parsed.answer) });
                if !parsed.files.is_empty() {
                    result["files"] = parsed
                        .files
                        .iter()
                        .map(|file| json!({ "reference": file.reference, "bytes": file.bytes.0.len() }))
                        .collect();
                }
                if let Some(once) = &parsed.once {
                    result["once"] = json!({
                        "token": once.token, "content": once.content, "keep_seconds": once.keep_seconds,
                    });
                }
                result
            }
            Err(malformed) => {
                let mut result =
                    json!({ "malformed": { "why": malformed.why, "pointer": malformed.pointer } });
                if let Some(answer) = &malformed.answer {
                    result["answer"] = answer_json(answer);
                }
                result
            }
        }
    }

    /// Compares with `expected.json`, or writes it when `UPDATE_EXPECT` is set.
    pub fn check(&self, channel: &Channel) -> Result<(), String> {
        let result = self.result(channel);
        let path = self.folder.join("expected.json");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&path, serde_json::to_string_pretty(&result).unwrap() + "\n").unwrap();
            return Ok(());
        }
        let text = fs::read_to_string(&path).unwrap_or_else(|_| "null".into());
        let expected: Value = serde_json::from_str(&text).unwrap();
        if result == expected {
            Ok(())
        } else {
            Err(format!("{}:\n{}", self.folder.display(), serde_json::to_string_pretty(&result).unwrap()))
        }
    }
}

fn account(value: &Value) -> (Account, DateTime<Utc>) {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let account = Account {
        secrets: value["secrets"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|secret| Secret::from(secret.as_str().unwrap()))
            .collect(),
        verify_token: text("verify_token").map(Secret::from),
        access_token: text("access_token").map(Secret::from),
        public_url: text("public_url").map(str::to_owned),
        client_secret: text("client_secret").map(Secret::from),
        settings: value["settings"].as_object().cloned().unwrap_or_default(),
    };
    (account, text("now").unwrap_or("2026-03-02T09:00:00Z").parse().unwrap())
}

fn answer_json(answer: &relevo_channels::Answer) -> Value {
    let mut value = json!({ "status": answer.status });
    if !answer.body.is_empty() {
        value["content_type"] = answer.content_type.into();
        value["body"] = String::from_utf8_lossy(&answer.body).into();
    }
    value
}
