//! A desk over any store, with a clock of the test's own, and customers who write.

use chrono::{DateTime, Duration, Utc};
use relevo_domain::config::{Config, ConfigEvent};
use relevo_domain::contact::Contact;
use relevo_domain::conversation::{Conversation, ConversationEvent, Party, decide};
use relevo_domain::message::{Address, AddressKind, InboundMessage};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::ids;
use relevo_edge::keys::DeskKeys;
use relevo_edge::personal::{Persons, Sighting};
use relevo_journal::store::Store;
use relevo_journal::{Desk, Fold, Journal, Loaded};
use relevo_local_host::kv::{Backend, Bucket, Location};
use serde_json::json;

pub const MASTER: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// What must not lie in a store in clear.
pub const NAME: &str = "Zorrilla Bermejo";
pub const PHONE: &str = "34699123987";
pub const TEXT: &str = "my flat is at Calle Quevedo";
pub const PLANTED: [&str; 4] = ["Zorrilla", "699123987", "Quevedo", "wamid.PLANTED"];

pub fn day(days: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_782_864_000, 0).unwrap() + Duration::days(days)
}

pub async fn memory() -> Bucket {
    Backend::open(&Location::Memory).await.unwrap().bucket("default")
}

/// The desk at some time; `open` makes it whole.
pub async fn at(store: &Bucket, now: DateTime<Utc>) -> DeskContext<Bucket> {
    let desk = Desk::new("school").unwrap();
    let keys = DeskKeys::derive(MASTER, "school").unwrap();
    DeskContext::load(Journal::new(store.clone()), desk, keys, now).await.unwrap()
}

/// Publishes a pack.
pub async fn publish(store: &Bucket, now: DateTime<Utc>, retention: serde_json::Value) {
    let context = at(store, now).await;
    let mut pack = json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "queues": {"support": {"name": "Support"}}, "channels": {"whatsapp": {"main": {}}},
    });
    if !retention.is_null() {
        pack["retention"] = retention;
    }
    let bytes = pack.to_string().into_bytes();
    let blob = context.journal.put_blob(&context.desk, &bytes, 100_000).await.unwrap();
    let mut commit = context.commit();
    commit.register_desk();
    let published = ConfigEvent::PackPublished { blob: blob.to_string(), version: None };
    let id = format!("pack.{}", now.timestamp());
    commit.append::<Config>(&context.config, vec![event(id, "test", 0, published).unwrap()]).unwrap();
    context.journal.commit(commit).await.unwrap();
}

fn address() -> Address {
    Address { kind: AddressKind::Phone, value: PHONE.into() }
}

pub fn contact_name(context: &DeskContext<Bucket>) -> String {
    ids::contact(&context.keys, "whatsapp", &address())
}

pub fn conversation_name(context: &DeskContext<Bucket>) -> String {
    ids::conversation(&context.keys, "whatsapp", "main", &address())
}

pub async fn conversation(context: &DeskContext<Bucket>) -> Loaded<Conversation> {
    let stream = context.stream(Conversation::KIND, &conversation_name(context)).unwrap();
    context.journal.load(&stream, context.now).await.unwrap()
}

pub async fn contact(context: &DeskContext<Bucket>) -> Contact {
    let stream = context.stream(Contact::KIND, &contact_name(context)).unwrap();
    context.journal.load(&stream, context.now).await.unwrap().state
}

/// The customer writes, as `inbound` keeps it.
pub async fn receive(store: &Bucket, now: DateTime<Utc>, id: &str) {
    let context = at(store, now).await;
    let pack = context.pack().await.unwrap();
    let name = conversation_name(&context);
    let loaded = conversation(&context).await;
    let message = InboundMessage {
        name: Some(NAME.into()),
        ..InboundMessage::text(format!("wamid.PLANTED{id}"), address(), TEXT)
    };
    let party = Party {
        channel: "whatsapp".into(),
        account: "main".into(),
        address: address(),
        contact: format!("{}{}", ids::CONTACT, contact_name(&context)),
        name: Some(NAME.into()),
        locale: "es".into(),
    };
    let opens = decide::opens_ticket(&loaded.state, &pack.pack, &message, now);
    let number = if opens { Some(context.next_ticket_number().await.unwrap()) } else { None };
    let (mut commit, mut persons) = (context.commit(), Persons::new(&context, "channel"));
    let contact = contact_name(&context);
    let (key, made) = persons.key(&mut commit, &contact, Some(&name), opens).await.unwrap();
    let sighting = Sighting {
        contact: &contact,
        channel: "whatsapp",
        address: &address(),
        name: party.name.as_ref(),
        conversation: &name,
    };
    persons.learn(&mut commit, sighting, &key, made).await.unwrap();
    let data =
        decide::receive(&loaded.state, pack.published(), format!("msg_{id}"), party, message, number, now);
    let received = event(format!("in.{id}"), "channel", 0, data).unwrap();
    commit.append(&loaded.sealed_under(key), vec![received]).unwrap();
    context.journal.commit(commit).await.unwrap();
}

/// An agent does something.
pub async fn act(store: &Bucket, now: DateTime<Utc>, id: &str, data: ConversationEvent) {
    let context = at(store, now).await;
    let mut commit = context.commit();
    let loaded = conversation(&context).await;
    let loaded = Persons::new(&context, "person:ana").sealing(&mut commit, loaded).await.unwrap();
    commit.append(&loaded, vec![event(id, "person:ana", 0, data).unwrap()]).unwrap();
    context.journal.commit(commit).await.unwrap();
}

/// Everything in a store, names and values.
pub async fn raw(store: &Bucket) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for key in store.list_keys().await.unwrap() {
        let value = Bucket::get(store, &key).await.unwrap().unwrap_or_default();
        all.push((key, value));
    }
    all.sort();
    all
}

/// A store that has what another one had: a restored backup.
pub async fn restored(backup: &[(String, Vec<u8>)]) -> Bucket {
    let store = memory().await;
    let (counters, values): (Vec<_>, Vec<_>) =
        backup.iter().cloned().partition(|(key, _)| key.starts_with("r1:n:"));
    Store::set_many(&store, values).await.unwrap();
    for (key, value) in counters {
        let count = relevo_journal::store::decode_counter(&value).unwrap();
        Store::increment(&store, &key, count).await.unwrap();
    }
    store
}

/// The planted values that lie somewhere in clear.
pub fn found_in(all: &[(String, Vec<u8>)]) -> Vec<String> {
    let text: String = all.iter().map(|(k, v)| format!("{k} {}\n", String::from_utf8_lossy(v))).collect();
    PLANTED.iter().filter(|planted| text.contains(**planted)).map(|p| (*p).to_owned()).collect()
}
