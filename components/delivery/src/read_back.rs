//! What Podio's events name, read from its API and handed to intake; and its handshake. Both take a token, which is kept
//! for as long as it is good.

use crate::exchange::hold;
use crate::fetch::Fetched;
use crate::format::Unprepared;
use crate::record::BY;
use relevo_channels::Outcome;
use relevo_channels::podio::{BASE_URL, Call, Token};
use relevo_domain::account::{Account, AccountEvent};
use relevo_domain::message::Problem as Kept;
use relevo_domain::outbox::{Attempt, ReadBack};
use relevo_edge::api::ItemRead;
use relevo_edge::app::{DeskContext, event};
use relevo_edge::problem::Problem;
use relevo_edge::{ids, internal, personal};
use relevo_journal::{Commit, DocKey, Fold};
use serde_json::json;

/// Channels whose items are read back.
const CHANNEL: &str = "podio";

/// Reads an item and hands it to intake: once it is there, it is read. Twice does no harm.
pub async fn read(context: &DeskContext, read: &ReadBack) -> Fetched {
    let mut asked = false;
    let outcome = match found(context, read, &mut asked).await {
        Ok(()) => Outcome::Sent { provider_id: None },
        Err(outcome) => outcome,
    };
    Fetched { outcome, asked, learned: None }
}

async fn found(context: &DeskContext, read: &ReadBack, asked: &mut bool) -> Result<(), Outcome> {
    let refused = |why: &str| Outcome::Refused { why: why.to_owned() };
    if read.channel != CHANNEL {
        return Err(refused("this channel's items cannot be read"));
    }
    let call = |token| Call::item(&read.item, token);
    let item = signed_in(context, &read.account, call, asked).await?.into_document();
    let item = ItemRead {
        desk: context.desk.to_string(),
        channel: read.channel.clone(),
        account: read.account.clone(),
        kind: read.kind.clone(),
        item: item.ok_or_else(|| refused("there is no item in the answer"))?,
    };
    let answer = internal::call("inbound", "/internal/item", &item).await.map_err(Unprepared::from)?;
    match answer.status.as_u16() {
        200..=299 => Ok(()),
        400 | 413 | 422 => {
            let detail = answer.field("detail").and_then(|detail| detail.as_str().map(str::to_owned));
            Err(Outcome::Refused { why: detail.unwrap_or_else(|| "the item cannot be read".to_owned()) })
        }
        status => Err(Outcome::Retry { after_seconds: None, why: format!("intake answered {status}") }),
    }
}

/// Posts the code of `hook.verify` back.
pub async fn validate(context: &DeskContext, account: &str, hook: &str, code: &str) -> Fetched {
    let mut asked = false;
    let outcome =
        match signed_in(context, account, |token| Call::validation(hook, code, token), &mut asked).await {
            Ok(_) => Outcome::Sent { provider_id: None },
            Err(outcome) => outcome,
        };
    Fetched { outcome, asked, learned: None }
}

/// Makes a call with the token from before, and keeps the one that it was given instead: also if the call failed then.
async fn signed_in(
    context: &DeskContext,
    account: &str,
    call: impl FnOnce(Option<Token>) -> Call,
    asked: &mut bool,
) -> Result<Call, Outcome> {
    let key = context.keys.id("token", &[CHANNEL, account]);
    let purpose = format!("token/{key}");
    let key = context.doc("token", &key).map_err(Unprepared::from)?;
    let mut call = call(known(context, &key, &purpose).await.map_err(Unprepared::from)?);
    let held = hold(context, (CHANNEL, account), Some(BASE_URL), &mut call, asked).await;
    if let Some(token) = call.new_token() {
        keep(context, &key, &purpose, token).await.map_err(Unprepared::from)?;
    }
    held.map(|()| call)
}

/// One that cannot be opened, or is another account's by now, is as good as none: the provider gives another.
async fn known(context: &DeskContext, key: &DocKey, purpose: &str) -> Result<Option<Token>, Problem> {
    let sealed: Option<String> = context.journal.get_doc(key).await?;
    let opened = sealed.and_then(|sealed| context.keys.open(purpose, &sealed).ok());
    Ok(opened.and_then(|token| serde_json::from_slice(&token).ok()))
}

async fn keep(context: &DeskContext, key: &DocKey, purpose: &str, token: &Token) -> Result<(), Problem> {
    let failed = |_| Problem::unavailable("the provider's token could not be kept");
    let token = serde_json::to_vec(token).map_err(|_| Problem::unavailable("the token is no JSON"))?;
    let sealed = context.keys.seal(purpose, &token).map_err(failed)?;
    Ok(context.journal.put_doc(key, &sealed).await?)
}

/// What cannot be read is a problem of the account until a person has had it tried again and that went well.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn note(
    context: &DeskContext,
    commit: &mut Commit,
    name: &str,
    read: &ReadBack,
    came_of_it: &Attempt,
    was_retried: bool,
) -> Result<(), Problem> {
    let problem = context.keys.id("problem", &[&read.channel, &read.account, &read.external_id]);
    let problem = format!("problem.{problem}");
    let (id, data) = match came_of_it {
        Attempt::Refused { why } => {
            let data =
                json!({"item_id": read.item, "type": read.kind, "outbox": format!("{}{name}", ids::OUTBOX)});
            let kept = Kept {
                external_id: read.external_id.clone(),
                pointer: "/item_id".to_owned(),
                why: why.clone(),
                data: data.into(),
                request: None,
            };
            (problem, AccountEvent::ProblemKept(kept))
        }
        Attempt::Sent { .. } if was_retried => {
            (format!("resolved.{problem}"), AccountEvent::ProblemResolved { problem })
        }
        _ => return Ok(()),
    };
    let account = context.keys.id("account", &[&read.channel, &read.account]);
    let stream = context.stream(Account::KIND, &account)?;
    let loaded = context.journal.load::<Account>(&stream, context.now).await?;
    let loaded = personal::sealing_account(context, commit, loaded, BY).await?;
    commit.append(&loaded, vec![event(id, BY, 0, data)?])?;
    Ok(())
}
