//! Files: put into the store by a colleague or a program, got out through a signed link.

use crate::call::Call;
use crate::reply_files::{self, Description};
use http::{HeaderValue, StatusCode, header};
use relevo_channels::safe_html;
use relevo_domain::conversation::{Conversation, decide};
use relevo_edge::app::DeskContext;
use relevo_edge::file_link::{self, Closed, STORED};
use relevo_edge::http::{Response, json, respond};
use relevo_edge::ids;
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_journal::{BlobId, DataKey, Fold};
use serde_json::{Value, json};

/// Largest file that is put into the store through the API.
pub const MAX_FILE_BYTES: usize = 8 * 1024 * 1024;

/// Types that browsers show and that cannot run anything; all others are bytes to them.
const HARMLESS: [&str; 9] = [
    "application/pdf",
    "audio/mpeg",
    "audio/ogg",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "text/plain",
    "video/mp4",
];

/// `POST …/files?ticket=&filename=`: the body is the file. It is sealed under the key of the ticket's conversation: whatever becomes of
/// it, it goes with what else is personal there.
pub async fn put(call: &Call<'_>) -> Result<Response, Problem> {
    let bytes = &call.request.body;
    if bytes.is_empty() {
        return Err(Problem::bad_request("empty_file", "the body is the file, and it is empty"));
    }
    let context = &call.context;
    let ticket = call.request.parameter("ticket").filter(|ticket| !ticket.is_empty());
    let nobodys = || Problem::bad_request("no_ticket", "say which ticket the file is for: ?ticket=");
    let key = key_of(call, &ticket.ok_or_else(nobodys)?).await?;
    let filename = call.request.parameter("filename").filter(|name| !name.is_empty());
    if filename.as_ref().is_some_and(|name| name.chars().count() > 255 || name.contains(char::is_control)) {
        let detail = "a file's name has at most 255 characters, and no control characters";
        return Err(Problem::bad_request("bad_filename", detail));
    }
    let blob = context.journal.put_sealed_blob(&context.desk, &key, bytes, MAX_FILE_BYTES).await?;
    let reference = format!("{STORED}{blob}");
    let mime_type = call.request.header("content-type").filter(|mime| !mime.is_empty());
    let answer = json!({
        "reference": reference, "size_bytes": bytes.len(), "mime_type": mime_type, "filename": filename,
        "url": link(context, &reference, mime_type),
    });
    let said = Description { mime_type: mime_type.map(str::to_owned), filename };
    reply_files::describe(context, &key, &blob, said).await?;
    Ok(json(StatusCode::CREATED, &answer))
}

/// The key of a ticket's conversation, which exists afterwards.
async fn key_of(call: &Call<'_>, ticket: &str) -> Result<DataKey, Problem> {
    let context = &call.context;
    let (conversation, ordinal) = ids::parse_ticket(ticket)?;
    let stream = context.stream(Conversation::KIND, conversation)?;
    let loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
    decide::existing(&loaded.state, ordinal)?;
    let (mut commit, actor) = (context.commit(), call.caller.actor());
    let loaded = Persons::new(context, &actor).sealing(&mut commit, loaded).await?;
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    loaded.key().cloned().ok_or_else(|| Problem::unavailable("a conversation has no key"))
}

/// `GET …/files/{file}`: whoever has the link, while it is good.
pub async fn get(context: &DeskContext, token: &str) -> Result<Response, Problem> {
    let linked = file_link::open(&context.keys, token, context.now).map_err(|closed| match closed {
        Closed::Forged => Problem::not_found("unknown_file", "there is no such file"),
        Closed::Expired => {
            Problem::new(StatusCode::GONE, "link_expired", "the link's time is over; read the ticket again")
        }
    })?;
    let gone = || Problem::not_found("unknown_file", "there is no such file");
    let id = BlobId::new(&linked.hash).map_err(|_| gone())?;
    let bytes = context.journal.get_blob(&context.desk, &id).await?.ok_or_else(gone)?;
    let declared = linked.mime_type.unwrap_or_default();
    let bare = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let kind = HARMLESS.iter().find(|harmless| **harmless == bare);
    let mut response = respond(StatusCode::OK, kind.unwrap_or(&"application/octet-stream"), bytes);
    let headers = response.headers_mut();
    let safe = [
        (header::CONTENT_DISPOSITION, "attachment"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in safe {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-site"));
    Ok(response)
}

/// Makes a ticket's messages fit to be shown: a link to each file whose bytes are in the store, HTML that is safe.
pub fn present(context: &DeskContext, messages: &mut Value) {
    for message in messages.as_array_mut().into_iter().flatten() {
        for file in message.get_mut("attachments").and_then(Value::as_array_mut).into_iter().flatten() {
            let text = |key: &str| file.get(key).and_then(Value::as_str);
            let Some(url) = text("reference").and_then(|r| link(context, r, text("mime_type"))) else {
                continue;
            };
            if let Some(file) = file.as_object_mut() {
                file.insert("url".to_owned(), Value::String(url));
            }
        }
        let Some(html) = message.get("html").and_then(Value::as_str) else { continue };
        let safe = safe_html(html, |content_id| {
            let inline = message.pointer("/data/inline")?.get(content_id)?.as_str()?;
            let files = message.get("attachments")?.as_array()?;
            let file =
                files.iter().find(|file| file.get("reference").and_then(Value::as_str) == Some(inline))?;
            Some(file.get("url")?.as_str()?.to_owned())
        });
        if let Some(message) = message.as_object_mut() {
            message.insert("html".to_owned(), Value::String(safe));
        }
    }
}

fn link(context: &DeskContext, reference: &str, mime_type: Option<&str>) -> Option<String> {
    let until = context.now + file_link::FOR_PEOPLE;
    file_link::path(&context.keys, context.desk.as_str(), reference, mime_type, until)
}
