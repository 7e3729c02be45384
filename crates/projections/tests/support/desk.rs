//! A desk over any store, at any time, and customers who write.
#![allow(dead_code, unreachable_pub)] // each test uses a part of it

use chrono::{DateTime, Utc};
use relevo_domain::config::{Config, ConfigEvent};
use relevo_domain::conversation::{Conversation, ConversationEvent, Party, decide};
use relevo_domain::message::{Address, AddressKind, InboundMessage};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::keys::DeskKeys;
use relevo_journal::store::Store;
use relevo_journal::{Commit, Desk, Fold, Journal, Loaded};
use serde_json::Value;

/// The desk as it is at a time.
pub async fn open<S: Store>(store: S, now: DateTime<Utc>) -> DeskContext<S> {
    let keys = DeskKeys::derive(&"0f".repeat(32), "school").unwrap();
    DeskContext::load(Journal::new(store), Desk::new("school").unwrap(), keys, now).await.unwrap()
}

/// Publishes a pack.
pub async fn publish<S: Store>(context: &DeskContext<S>, pack: &Value) {
    let bytes = pack.to_string();
    let blob = context.journal.put_blob(&context.desk, bytes.as_bytes(), 100_000).await.unwrap();
    let mut commit = context.commit();
    let published = ConfigEvent::PackPublished { blob: blob.to_string(), version: None };
    let id = format!("pack.{}", context.now.timestamp());
    commit.append::<Config>(&context.config, vec![event(id, "test", 0, published).unwrap()]).unwrap();
    context.journal.commit(commit).await.unwrap();
}

/// Stream name of a customer's conversation.
pub fn name<S: Store>(context: &DeskContext<S>, who: u64) -> String {
    context.keys.id("conversation", &[&who.to_string()])
}

/// A customer's conversation.
pub async fn load<S: Store>(context: &DeskContext<S>, who: u64) -> Loaded<Conversation> {
    let stream = context.stream(Conversation::KIND, &name(context, who)).unwrap();
    context.journal.load(&stream, context.now).await.unwrap()
}

/// A customer writes, as it was when `seen` was loaded; a ticket that this opens gets their number.
pub async fn receive<S: Store>(
    context: &DeskContext<S>,
    commit: &mut Commit,
    seen: Loaded<Conversation>,
    who: u64,
    id: &str,
) -> Loaded<Conversation> {
    let address = Address { kind: AddressKind::Phone, value: format!("346{who:08}").as_str().into() };
    let message = InboundMessage::text(id.to_owned(), address.clone(), "hola");
    let party = Party {
        channel: "whatsapp".into(),
        account: "main".into(),
        address,
        contact: format!("ctc_{who}"),
        name: None,
        locale: "es".into(),
    };
    let pack = context.pack().await.unwrap();
    let (now, id_there) = (context.now, format!("msg_{id}"));
    let number = decide::opens_ticket(&seen.state, &pack.pack, &message, now).then_some(who);
    let data = decide::receive(&seen.state, pack.published(), id_there, party, message, number, now);
    append(context, commit, seen, vec![(format!("in.{id}"), data)])
}

/// Appends events under the desk's own key.
pub fn append<S: Store>(
    context: &DeskContext<S>,
    commit: &mut Commit,
    seen: Loaded<Conversation>,
    events: Vec<(String, ConversationEvent)>,
) -> Loaded<Conversation> {
    let key = context.journal.desk_key().unwrap();
    let named = events.into_iter().map(|(id, data)| event(id, "person:ana", 0, data).unwrap());
    commit.append(&seen.sealed_under(key), named.collect()).unwrap()
}
