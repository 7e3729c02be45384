//! What each provider answers to a request that it accepts, in its own shape. Shared by the stand-ins of the tests
//! and of `cargo xtask up`.

use serde_json::{Value, json};

/// An answer.
#[derive(Debug)]
pub struct Accepted {
    /// HTTP status.
    pub status: u16,
    /// A header beside `content-type`.
    pub header: Option<(&'static str, String)>,
    /// The body; null: none.
    pub body: Value,
}

/// The answer to a request; `id` makes the provider's ids.
pub fn accepted(path: &str, body: &str, id: &str) -> Accepted {
    let path = path.split('?').next().unwrap_or_default();
    let document: Value = serde_json::from_str(body).unwrap_or_default();
    let ok = |body: Value| Accepted { status: 200, header: None, body };
    if path == "/email" {
        let now = "2026-03-02T09:00:00.0000000Z";
        return ok(json!({
            "To": document["To"], "SubmittedAt": now, "MessageID": format!("pm-{id}"), "ErrorCode": 0, "Message": "OK",
        }));
    }
    if path == "/v3/mail/send" {
        let header = Some(("x-message-id", format!("sg-{id}")));
        return Accepted { status: 202, header, body: Value::Null };
    }
    if path.starts_with("/v3/") && path.ends_with("/messages") {
        return ok(json!({"id": format!("<mg-{id}@mail.example.org>"), "message": "Queued. Thank you."}));
    }
    if path.ends_with("/Messages.json") {
        let body = json!({
            "sid": format!("SM{id}"), "status": "queued", "error_code": null, "error_message": null, "num_media": "0",
        });
        return Accepted { status: 201, header: None, body };
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
        return Accepted { status: 204, header: None, body: Value::Null };
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
