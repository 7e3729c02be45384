//! Files of a reply, and what whoever put one into the store said of it.

use crate::call::Call;
use crate::files::MAX_FILE_BYTES;
use relevo_domain::conversation::Conversation;
use relevo_domain::message::Attachment;
use relevo_edge::api;
use relevo_edge::app::DeskContext;
use relevo_edge::file_link;
use relevo_edge::problem::Problem;
use relevo_journal::{BlobId, DataKey, DocKey, Loaded};
use serde::{Deserialize, Serialize};

/// Most files of a reply.
const MAX_FILES: usize = 10;

/// Longest name of a file that is kept, in characters.
const MAX_NAME_CHARS: usize = 255;

/// Largest description: a name and a type.
const MAX_DESCRIPTION_BYTES: usize = 8 * 1024;

/// What is said of a file beside its bytes.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Description {
    /// MIME type.
    pub mime_type: Option<String>,
    /// Name.
    pub filename: Option<String>,
}

/// Notes what is said of a stored file, sealed as the file is: it goes with it.
pub async fn describe(
    context: &DeskContext,
    key: &DataKey,
    file: &BlobId,
    mut said: Description,
) -> Result<(), Problem> {
    let name = said.filename.take().map(|name| name.chars().take(MAX_NAME_CHARS).collect::<String>());
    said.filename = name.filter(|name| !name.is_empty());
    let json = serde_json::to_vec(&said).unwrap_or_default();
    let blob = context.journal.put_sealed_blob(&context.desk, key, &json, MAX_DESCRIPTION_BYTES).await?;
    Ok(context.journal.put_doc(&place(context, file)?, &blob.to_string()).await?)
}

/// What was said of a file; nothing if nobody said anything, or that went with the file.
async fn described(context: &DeskContext, file: &BlobId) -> Result<Description, Problem> {
    let said: Option<String> = context.journal.get_doc(&place(context, file)?).await?;
    let Some(blob) = said.and_then(|blob| BlobId::new(&blob).ok()) else { return Ok(Description::default()) };
    let json = context.journal.get_blob(&context.desk, &blob).await?;
    Ok(json.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default())
}

fn place(context: &DeskContext, file: &BlobId) -> Result<DocKey, Problem> {
    context.doc("file", &context.keys.id("file", &[&file.to_string()]))
}

/// Files of a reply: each must be in the store before. They are kept once more as part of the conversation, under its key,
/// so that they go when it is erased. What the reply does not say of one is as it was said when the file was put there, or
/// as the message of the conversation says that it came with.
pub async fn attachments(
    call: &Call<'_>,
    loaded: &Loaded<Conversation>,
    files: Vec<api::ReplyFile>,
) -> Result<Vec<Attachment>, Problem> {
    if files.len() > MAX_FILES {
        return Err(Problem::invalid("/attachments", format!("a reply has at most {MAX_FILES} files")));
    }
    let mut attachments = Vec::new();
    for (n, file) in files.into_iter().enumerate() {
        let pointer = format!("/attachments/{n}/reference");
        let missing =
            || Problem::invalid(pointer.clone(), "there is no such file; put it into …/files first");
        let id = file_link::stored(&file.reference).ok_or_else(missing)?;
        let (journal, desk) = (&call.context.journal, &call.context.desk);
        let bytes = journal.get_blob(desk, &id).await?.ok_or_else(missing)?;
        let key = loaded.key().ok_or_else(|| Problem::unavailable("a conversation has no key"))?;
        let kept = journal.put_sealed_blob(desk, key, &bytes, MAX_FILE_BYTES).await?;
        let said = said_of(call, loaded, &id, file).await?;
        let kind = Attachment::kind_of(said.mime_type.as_deref());
        attachments.push(Attachment {
            size_bytes: u64::try_from(bytes.len()).ok(),
            filename: said.filename.map(Into::into),
            mime_type: said.mime_type,
            ..Attachment::new(format!("{}{kept}", file_link::STORED), kind)
        });
    }
    Ok(attachments)
}

async fn said_of(
    call: &Call<'_>,
    loaded: &Loaded<Conversation>,
    id: &BlobId,
    file: api::ReplyFile,
) -> Result<Description, Problem> {
    let mut said = Description { mime_type: file.mime_type, filename: file.filename };
    if said.mime_type.is_some() && said.filename.is_some() {
        return Ok(said);
    }
    let mut known = described(&call.context, id).await?;
    if known.mime_type.is_none() && known.filename.is_none() {
        let (whole, _) = call.context.journal.load_events::<Conversation>(loaded.stream(), None).await?;
        let tickets = whole.tickets.iter().map(|ticket| ticket.ordinal);
        let mut files = tickets.flat_map(|ordinal| whole.messages(ordinal)).flat_map(|m| &m.attachments);
        if let Some(file) = files.find(|known| known.reference == file.reference) {
            known.mime_type.clone_from(&file.mime_type);
            known.filename = file.filename.as_ref().map(|name| name.0.clone());
        }
    }
    said.mime_type = said.mime_type.or(known.mime_type);
    said.filename = said.filename.or(known.filename);
    Ok(said)
}
