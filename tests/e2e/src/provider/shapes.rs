//! What each provider answers to a request that it accepts, in its own shape. Shared by the stand-ins of the tests
//! and of `cargo xtask up`.

use serde_json::{Value, json};

#[path = "systems.rs"]
mod systems;

/// An answer.
#[derive(Debug, Default)]
pub struct Accepted {
    /// HTTP status.
    pub status: u16,
    /// A header beside `content-type`.
    pub header: Option<(&'static str, String)>,
    /// The body; null: none.
    pub body: Value,
    /// A file instead: its type and its bytes.
    pub file: Option<(&'static str, Vec<u8>)>,
}

/// The answer to a request; `id` makes the provider's ids.
pub fn accepted(path: &str, body: &str, id: &str) -> Accepted {
    if let Some(answer) = media(path) {
        return answer;
    }
    if let Some(answer) = systems::accepted(path, body, id) {
        return answer;
    }
    let path = path.split('?').next().unwrap_or_default();
    let document: Value = serde_json::from_str(body).unwrap_or_default();
    let ok = |body: Value| Accepted { status: 200, body, ..Accepted::default() };
    if path == "/email" {
        let now = "2026-03-02T09:00:00.0000000Z";
        return ok(json!({
            "To": document["To"], "SubmittedAt": now, "MessageID": format!("pm-{id}"), "ErrorCode": 0, "Message": "OK",
        }));
    }
    if path == "/v3/mail/send" {
        let header = Some(("x-message-id", format!("sg-{id}")));
        return Accepted { status: 202, header, ..Accepted::default() };
    }
    if path.starts_with("/v3/") && path.ends_with("/messages") {
        return ok(json!({"id": format!("<mg-{id}@mail.example.org>"), "message": "Queued. Thank you."}));
    }
    if path.ends_with("/Messages.json") {
        let body = json!({
            "sid": format!("SM{id}"), "status": "queued", "error_code": null, "error_message": null, "num_media": "0",
        });
        return Accepted { status: 201, body, ..Accepted::default() };
    }
    if path.ends_with("/chat.postMessage") {
        return ok(
            json!({"ok": true, "channel": document["channel"], "ts": id, "message": {"type": "message"}}),
        );
    }
    if path.starts_with("/bot") {
        let number = id.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) >> 1;
        let chat = json!({"id": document["chat_id"], "type": "private"});
        return ok(
            json!({"ok": true, "result": {"message_id": number, "date": 1_772_442_000, "chat": chat}}),
        );
    }
    if path.starts_with("/hook/") && path.ends_with("/verify/validate") {
        return Accepted { status: 204, ..Accepted::default() };
    }
    if path.starts_with("/v") && path.ends_with("/messages") {
        if document["recipient"].is_object() {
            let recipient = &document["recipient"]["id"];
            return ok(json!({"recipient_id": recipient, "message_id": format!("m_{id}")}));
        }
        let to = &document["to"];
        return ok(json!({
            "messaging_product": "whatsapp",
            "contacts": [{"input": to, "wa_id": to}],
            "messages": [{"id": format!("wamid.{id}")}],
        }));
    }
    ok(json!({}))
}

/// Files that the providers keep: where one is, then the file. The stand-in plays their content networks too.
fn media(path: &str) -> Option<Accepted> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let ok = |body: Value| Some(Accepted { status: 200, body, ..Accepted::default() });
    let file = |kind: &'static str, bytes: String| {
        Some(Accepted { status: 200, file: Some((kind, bytes.into_bytes())), ..Accepted::default() })
    };
    let last = path.rsplit('/').next().unwrap_or_default();
    if path.starts_with("/v") && last.len() > 6 && last.bytes().all(|b| b.is_ascii_digit()) {
        let url =
            format!("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid={last}&ext=1&hash=x");
        return ok(json!({
            "messaging_product": "whatsapp", "url": url, "mime_type": "image/jpeg", "sha256": "x", "file_size": 1, "id": last,
        }));
    }
    if path == "/whatsapp_business/attachments/" {
        return file("image/jpeg", format!("whatsapp {query}"));
    }
    if path.starts_with("/bot") && path.ends_with("/getFile") {
        return ok(json!({"ok": true, "result": {"file_id": query, "file_path": "documents/file_1.pdf"}}));
    }
    if path.starts_with("/file/bot") {
        return file("application/octet-stream", format!("telegram {last}"));
    }
    if path.starts_with("/v/t") {
        return file("image/jpeg", format!("meta {last}"));
    }
    if path == "/api/files.info" {
        let file = query.strip_prefix("file=").unwrap_or_default();
        let url = format!("https://files.slack.com/files-pri/T1-{file}/download/{file}.png");
        let file = json!({"id": file, "name": "x.png", "mimetype": "image/png", "url_private_download": url});
        return ok(json!({"ok": true, "file": file}));
    }
    if path.starts_with("/files-pri/") {
        return file("image/png", format!("slack {last}"));
    }
    if path.starts_with("/v3/domains/") && path.contains("/attachments/") {
        return file("application/pdf", format!("mailgun {last}"));
    }
    if path.starts_with("/2010-04-01/Accounts/") && path.contains("/Media/") {
        let to = format!("https://mms.twiliocdn.com/media/{last}?Signature=x");
        return Some(Accepted { status: 307, header: Some(("location", to)), ..Accepted::default() });
    }
    if path.starts_with("/media/") {
        return file("image/jpeg", format!("twilio {last}"));
    }
    if path.starts_with("/2010-04-01/Accounts/") && path.contains("/Recordings/") {
        return file("audio/x-wav", format!("recording {last}"));
    }
    None
}
