//! Webhooks as providers send them.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::load;

/// What every account's provider proves itself by.
pub const SECRET: &str = "bench-secret";

/// Messages of WhatsApp, signed: senders and ids.
pub fn whatsapp(messages: &[(String, String)]) -> Vec<u8> {
    whatsapp_text(messages, "No puedo entrar")
}

/// The same, that say something.
pub fn whatsapp_text(messages: &[(String, String)], text: &str) -> Vec<u8> {
    let body = webhook(messages, text);
    let headers = [("content-type", "application/json"), ("x-hub-signature-256", &*signature(&body))];
    load::post("/hooks/school/whatsapp/main", &headers, &body)
}

/// A message whose signature is another one's, to any path.
pub fn forged(path: &str) -> Vec<u8> {
    let body = webhook(&[("34600000001".to_owned(), "wamid.forged".to_owned())], "No puedo entrar");
    let headers = [("content-type", "application/json"), ("x-hub-signature-256", &*signature(b"another"))];
    load::post(path, &headers, &body)
}

/// A mail in several parts: text, HTML, and a file of so many bytes (none: without one).
pub fn mail(sender: &str, id: &str, file_bytes: usize) -> Vec<u8> {
    let mut mail = format!(
        "From: {sender}@example.org\r\nTo: ayuda@example.net\r\nMessage-ID: <{id}@example.org>\r\n\
         Subject: =?utf-8?q?No_puedo_entrar_=C3=A1?=\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n\
         --c\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         No puedo entrar, qu=C3=A9 hago?\r\n\
         --c\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>No puedo <b>entrar</b></p>\r\n--c--\r\n"
    );
    if file_bytes > 0 {
        mail.push_str(
            "--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=a.png\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n",
        );
        // 76 characters are 57 bytes.
        for n in 0..file_bytes.div_ceil(57) {
            let line = format!("{n:08}{id}");
            let letters = line.bytes().filter(u8::is_ascii_alphanumeric).map(char::from).cycle().take(76);
            mail.extend(letters);
            mail.push_str("\r\n");
        }
    }
    mail.push_str("--b--\r\n");
    let token = format!("Bearer {SECRET}");
    let headers = [("authorization", token.as_str()), ("content-type", "message/rfc822")];
    load::post("/hooks/school/mime/main", &headers, mail.as_bytes())
}

/// A webhook as the provider sends it: one message of each sender.
fn webhook(messages: &[(String, String)], text: &str) -> Vec<u8> {
    // Of now: a channel's window for answers counts from when its customer wrote.
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs().to_string();
    let messages: Vec<Value> = messages
        .iter()
        .map(|(from, id)| {
            json!({"from": from, "id": id, "timestamp": now, "type": "text", "text": {"body": text}})
        })
        .collect();
    json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "34600000000", "phone_number_id": "100200300400501"},
        "messages": messages,
    }}]}]})
    .to_string()
    .into_bytes()
}

fn signature(body: &[u8]) -> String {
    match Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) {
        Ok(mut mac) => {
            mac.update(body);
            format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
        }
        Err(_) => String::new(), // HMAC takes keys of every length
    }
}
