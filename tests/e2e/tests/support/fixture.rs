//! The raw requests under `tests/fixtures`, signed anew where their provider signs a time.

use std::fs;
use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use relevo_e2e::{seconds_since_1970, sign_standard};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;

/// A case of a channel.
pub struct Fixture {
    pub folder: PathBuf,
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub account: Value,
    pub expected: Value,
}

/// All cases of a channel.
pub fn fixtures(slug: &str) -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(slug);
    let mut folders: Vec<PathBuf> = fs::read_dir(&root)
        .unwrap_or_else(|error| panic!("the channel {slug} has no fixtures: {}: {error}", root.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders.into_iter().map(|folder| load(slug, folder)).collect()
}

fn load(slug: &str, folder: PathBuf) -> Fixture {
    let json = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
    };
    let head = fs::read_to_string(folder.join("head.txt")).unwrap();
    let mut lines = head.lines();
    let (method, path) = lines.next().unwrap().split_once(' ').unwrap();
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers =
        headers.map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned())).collect();
    let body = ["body.json", "body.bin"].iter().find_map(|name| fs::read(folder.join(name)).ok());
    let mut fixture = Fixture {
        method: method.to_owned(),
        path: path.to_owned(),
        headers,
        body: body.unwrap_or_default(),
        account: json("account.json"),
        expected: json("expected.json"),
        folder,
    };
    if fixture.expected.get("items").is_some() || fixture.expected.get("malformed").is_some() {
        fixture.renew(slug);
    }
    fixture
}

impl Fixture {
    pub fn secret(&self) -> String {
        self.account["secrets"][0].as_str().unwrap_or_default().to_owned()
    }

    fn header(&self, name: &str) -> String {
        self.headers.iter().find(|(n, _)| n == name).map_or(String::new(), |(_, value)| value.clone())
    }

    fn set(&mut self, name: &str, value: String) {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value));
    }

    /// Signs with the present time what was signed with the time of the case.
    fn renew(&mut self, slug: &str) {
        match slug {
            "slack" | "standard" | "in-app" | "phone" => {
                let body = self.body.clone();
                for (name, value) in
                    signed(slug, &self.secret(), &self.header("webhook-id"), &self.path, &body)
                {
                    self.set(&name, value);
                }
            }
            "mailgun" => self.body = mailgun(&self.secret(), &self.folder.display().to_string(), &self.body),
            _ => {}
        }
    }
}

/// The headers that prove a request with any body; none where the proof is not to be had here.
pub fn proof(slug: &str, secret: &str, path: &str, body: &[u8]) -> Option<Vec<(String, String)>> {
    match slug {
        // What is signed is a part of the body, and for the other the private key is the provider's.
        "mailgun" | "sendgrid-events" => None,
        _ => Some(signed(slug, secret, "msg_hostile", path, body)),
    }
}

fn signed(slug: &str, secret: &str, id: &str, path: &str, body: &[u8]) -> Vec<(String, String)> {
    let at = seconds_since_1970().to_string();
    let one = |name: &str, value: String| vec![(name.to_owned(), value)];
    match slug {
        "whatsapp" | "messenger" | "instagram" => {
            one("x-hub-signature-256", format!("sha256={}", hex::encode(sha256(secret.as_bytes(), &[body]))))
        }
        "jira" => {
            let mut headers = one("x-atlassian-webhook-identifier", "hostile".into());
            let signature = format!("sha256={}", hex::encode(sha256(secret.as_bytes(), &[body])));
            headers.push(("x-hub-signature".into(), signature));
            headers
        }
        "slack" => {
            let parts = [b"v0:", at.as_bytes(), b":", body];
            let signature = format!("v0={}", hex::encode(sha256(secret.as_bytes(), &parts)));
            let mut headers = one("x-slack-request-timestamp", at.clone());
            headers.push(("x-slack-signature".into(), signature));
            headers
        }
        "standard" | "in-app" | "phone" => {
            let whole =
                if secret.starts_with("whsec_") { secret.to_owned() } else { format!("whsec_{secret}") };
            let signature = match std::str::from_utf8(body) {
                Ok(text) => sign_standard(&whole, id, &at, text),
                Err(_) => {
                    let key = STANDARD.decode(whole.trim_start_matches("whsec_")).unwrap();
                    let parts = [id.as_bytes(), b".", at.as_bytes(), b".", body];
                    format!("v1,{}", STANDARD.encode(sha256(&key, &parts)))
                }
            };
            let mut headers = one("webhook-id", id.to_owned());
            headers.push(("webhook-timestamp".into(), at));
            headers.push(("webhook-signature".into(), signature));
            headers
        }
        "telegram" => one("x-telegram-bot-api-secret-token", secret.to_owned()),
        "kommo-chats" => one("x-signature", hex::encode(sha1(secret.as_bytes(), &[body]))),
        slug if slug.starts_with("twilio") => {
            // A body that is no form is covered by its hash in the query.
            let hash = hex::encode(<Sha256 as sha2::Digest>::digest(body));
            debug_assert!(path.contains(&hash), "{path}");
            let url = format!("https://desk.example.org{path}");
            one("x-twilio-signature", STANDARD.encode(sha1(secret.as_bytes(), &[url.as_bytes()])))
        }
        "form" | "mime" => one("authorization", format!("Bearer {secret}")),
        "postmark" => one("authorization", format!("Basic {}", STANDARD.encode(secret))),
        // In the path.
        _ => Vec::new(),
    }
}

/// A path that proves as much as a path can.
pub fn proving_path(slug: &str, secret: &str, bare: &str, body: &[u8]) -> String {
    match slug {
        "sendgrid" | "kommo" | "podio" => format!("{bare}?key={secret}"),
        slug if slug.starts_with("twilio") => {
            format!("{bare}?bodySHA256={}", hex::encode(<Sha256 as sha2::Digest>::digest(body)))
        }
        _ => bare.to_owned(),
    }
}

/// A body of Mailgun with its signed time moved to the present, and a token of its own: one is good for one message.
fn mailgun(secret: &str, name: &str, body: &[u8]) -> Vec<u8> {
    let text = body.iter().map(|byte| char::from(*byte)).collect::<String>();
    let after = |marks: &[&str]| {
        marks.iter().find_map(|mark| {
            let rest = &text[text.rfind(mark)? + mark.len()..];
            Some(rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>())
        })
    };
    let field = |name: &str| {
        let json = format!("\"{name}\": \"");
        let part = format!("name=\"{name}\"\r\n\r\n");
        let form = format!("&{name}=");
        after(&[&json, &part, &form]).unwrap_or_default()
    };
    let (time, token, signature) = (field("timestamp"), field("token"), field("signature"));
    if time.is_empty() || signature.is_empty() {
        return body.to_vec();
    }
    let now = seconds_since_1970().to_string();
    let fresh = hex::encode(<Sha256 as sha2::Digest>::digest(name))[..50].to_owned();
    let new = hex::encode(sha256(secret.as_bytes(), &[now.as_bytes(), fresh.as_bytes()]));
    let renewed = text.replace(&signature, &new).replace(&time, &now).replace(&token, &fresh);
    renewed.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

fn sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

fn sha1(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// The settings of a case's account as a pack has them.
pub fn settings(account: &Value) -> Value {
    account.get("settings").cloned().unwrap_or_else(|| json!({}))
}
