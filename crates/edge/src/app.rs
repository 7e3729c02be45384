//! What a request works with: the journal, the present, the desk's keys, configuration and pack.

use crate::clock;
use crate::keys::DeskKeys;
use crate::problem::Problem;
use crate::rotation::{self, MasterKeys};
use crate::trace;
use crate::variables;
use chrono::{DateTime, Utc};
use http::StatusCode;
use relevo_calendar::Calendar;
use relevo_channels::{Account, AccountSecrets};
use relevo_domain::config::{Config, PackVersion};
use relevo_domain::conversation::decide::Published;
use relevo_domain::pack::Pack;
use relevo_domain::sla::CalendarSource;
use relevo_journal::store::Store;
use relevo_journal::store::spin::SpinStore;
use relevo_journal::{
    BlobId, Commit, Desk, DocKey, EventId, Journal, Kind, Loaded, NewEvent, SequenceId, StreamId,
};
use serde_json::Value;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Name of a desk's configuration stream.
const CONFIG: &str = "config";

/// What a pack's people are sealed for, and the member that stands for them in what is stored.
const PEOPLE: &str = "pack/people";
const SEALED: &str = "§";

/// Largest pack in bytes.
pub const MAX_PACK_BYTES: usize = 8 * 1024 * 1024;

/// Versions of packs that an instance keeps parsed.
const KEPT_PACKS: usize = 32;

thread_local! {
    /// Parsed packs by desk and content: immutable, so that an instance may keep them between requests.
    static PACKS: RefCell<Vec<(String, Rc<PublishedPack>)>> = const { RefCell::new(Vec::new()) };
}

/// A published version of a pack, parsed.
#[derive(Debug)]
pub struct PublishedPack {
    /// The pack.
    pub pack: Pack,
    /// Its version.
    pub version: u32,
    /// Its calendars, parsed when one is first asked for: components that need none carry no time zones.
    calendars: OnceCell<BTreeMap<String, Calendar>>,
}

impl PublishedPack {
    /// As the domain takes it.
    pub fn published(&self) -> Published<'_> {
        Published { pack: &self.pack, version: self.version }
    }

    /// A calendar by name.
    pub fn calendar(&self, name: &str) -> Option<&Calendar> {
        // They were checked when the pack was published.
        self.calendars.get_or_init(|| calendars(&self.pack.calendars).unwrap_or_default()).get(name)
    }
}

/// A desk at the time of a request.
pub struct DeskContext<S: Store = SpinStore> {
    /// The journal.
    pub journal: Journal<S>,
    /// The present: one instant for the whole request.
    pub now: DateTime<Utc>,
    /// The desk.
    pub desk: Desk,
    /// Its keys.
    pub keys: DeskKeys,
    /// Its configuration.
    pub config: Loaded<Config>,
}

impl DeskContext<SpinStore> {
    /// Opens a desk by the name in a path. A desk without configuration is opened too: see [`DeskContext::exists`].
    ///
    /// # Errors
    /// 404 for a name that no desk can have, 503 if the store does not answer or there is no master key.
    pub async fn open(name: &str) -> Result<Self, Problem> {
        let now = clock::now();
        let desk = Desk::new(name).map_err(|_| unknown_desk())?;
        let journal = Journal::new(SpinStore::open("default").await?);
        Self::unlock(journal, desk, &variables::master_keys().await?, now).await
    }
}

impl<S: Store> DeskContext<S> {
    /// A desk over any store, with the keys that its root and the master key give.
    ///
    /// # Errors
    /// 503 if the store does not answer or the master key is another one.
    pub async fn unlock(
        journal: Journal<S>,
        desk: Desk,
        masters: &MasterKeys,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let config = stream_id(&desk, "pack", CONFIG)?;
        let (journal, keys, config) = rotation::unlock(journal, &desk, &config, masters, now).await?;
        let journal = journal.with_vault(keys.vault(now));
        Ok(Self { journal, now, desk, keys, config })
    }

    /// A desk over any store, with keys that are known.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn load(
        journal: Journal<S>,
        desk: Desk,
        keys: DeskKeys,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let journal = journal.with_vault(keys.vault(now));
        let config = journal.load(&stream_id(&desk, "pack", CONFIG)?, now).await?;
        Ok(Self { journal, now, desk, keys, config })
    }

    /// Reads what a desk that there is not is looked up by: whoever is refused by one that exists waits as long.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn look_up_again(&self) -> Result<(), Problem> {
        self.journal.get_doc::<String>(&rotation::document(&self.desk)?).await?;
        Ok(())
    }

    /// Has a pack ever been published here?
    pub fn exists(&self) -> bool {
        self.config.state.current().is_some()
    }

    /// The pack in force.
    ///
    /// # Errors
    /// 404 if there is none.
    pub async fn pack(&self) -> Result<Rc<PublishedPack>, Problem> {
        let version = self.config.state.current().ok_or_else(unknown_desk)?;
        self.pack_version(version).await
    }

    /// A version of the pack.
    ///
    /// # Errors
    /// 503 if it cannot be read.
    pub async fn pack_version(&self, version: &PackVersion) -> Result<Rc<PublishedPack>, Problem> {
        let key = format!("{}/{}/{}", self.desk, version.version, version.blob);
        let kept = PACKS.with_borrow(|packs| packs.iter().find(|(k, _)| *k == key).map(|(_, p)| p.clone()));
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let text = self.pack_text(version).await?;
        // It was checked when it was published; checking it again would only weigh on every component.
        let pack: Pack = serde_json::from_str(&text).map_err(|error| {
            let why = error.to_string();
            crate::log::event("pack.unreadable", &[("desk", self.desk.as_str().into()), ("why", why.into())]);
            Problem::unavailable("the desk's pack cannot be read by this version; publish it again")
        })?;
        let parsed = Rc::new(PublishedPack { pack, version: version.version, calendars: OnceCell::new() });
        PACKS.with_borrow_mut(|packs| {
            if packs.len() >= KEPT_PACKS {
                packs.remove(0);
            }
            packs.push((key, parsed.clone()));
        });
        Ok(parsed)
    }

    /// The JSON document of a version of the pack, as it was uploaded.
    ///
    /// # Errors
    /// 503 if it cannot be read.
    pub async fn pack_document(&self, version: &PackVersion) -> Result<Value, Problem> {
        serde_json::from_str(&self.pack_text(version).await?).map_err(|_| pack_gone())
    }

    async fn pack_text(&self, version: &PackVersion) -> Result<String, Problem> {
        let blob = BlobId::new(&version.blob).map_err(|_| pack_gone())?;
        let bytes = self.journal.get_blob(&self.desk, &blob).await?.ok_or_else(pack_gone)?;
        let text = String::from_utf8(bytes).map_err(|_| pack_gone())?;
        let mut document: Value = serde_json::from_str(&text).map_err(|_| pack_gone())?;
        let sealed = document.get("people").and_then(|people| people.get(SEALED)).and_then(Value::as_str);
        let Some(sealed) = sealed else { return Ok(text) };
        // Without the desk's keys a pack has nobody in it: enough to count and compare.
        let people = self.keys.open(PEOPLE, sealed).ok().and_then(|json| serde_json::from_slice(&json).ok());
        if let Some(place) = document.get_mut("people") {
            *place = people.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        }
        Ok(document.to_string())
    }

    /// Stores a pack's document, for a version that names it.
    ///
    /// # Errors
    /// 503 if the store does not answer or the host gives no random bytes.
    pub async fn store_pack(&self, document: Value) -> Result<BlobId, Problem> {
        let bytes = self.stored_pack(document)?;
        Ok(self.journal.put_blob(&self.desk, &bytes, MAX_PACK_BYTES).await?)
    }

    /// A pack's document as it is stored: who works at the desk is sealed under the desk's key.
    fn stored_pack(&self, mut document: Value) -> Result<Vec<u8>, Problem> {
        if let Some(people) = document.get_mut("people") {
            let sealed = self.keys.seal(PEOPLE, people.to_string().as_bytes());
            let sealed = sealed.map_err(|error| Problem::unavailable(error.to_string()))?;
            *people = serde_json::json!({SEALED: sealed});
        }
        Ok(serde_json::to_vec(&document).unwrap_or_default())
    }

    /// The calendars that a policy of some version of the pack refers to.
    ///
    /// # Errors
    /// 503 if a version cannot be read.
    pub async fn calendars(&self, versions: impl IntoIterator<Item = u32>) -> Result<Calendars, Problem> {
        let mut calendars = Calendars::default();
        for version in versions {
            if let (false, Some(known)) =
                (calendars.0.contains_key(&version), self.config.state.version(version).cloned())
            {
                calendars.0.insert(version, self.pack_version(&known).await?);
            }
        }
        Ok(calendars)
    }

    /// A channel account: what the pack says of it and its secrets. One without secrets refuses everything.
    ///
    /// # Errors
    /// 503 if the secrets were sealed under another master key.
    pub fn account(&self, pack: &Pack, channel: &str, name: &str) -> Result<Option<Account>, Problem> {
        let Some(account) = pack.account(channel, name) else { return Ok(None) };
        Ok(Some(Account::new(account.settings.clone(), self.secrets(channel, name)?, self.now)))
    }

    /// The secrets of a channel account, opened; empty if none are set.
    ///
    /// # Errors
    /// 503 if they were sealed under another master key.
    pub fn secrets(&self, channel: &str, account: &str) -> Result<AccountSecrets, Problem> {
        let name = format!("{channel}/{account}");
        let Some(sealed) = self.config.state.secrets.get(&name) else { return Ok(AccountSecrets::default()) };
        let opened = self.keys.open(&name, sealed).map_err(|error| {
            crate::log::event(
                "secrets.closed",
                &[("account", name.into()), ("why", error.to_string().into())],
            );
            Problem::unavailable("the secrets of this account cannot be opened with the present master key")
        })?;
        Ok(std::str::from_utf8(&opened).ok().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default())
    }

    /// A stream of this desk.
    ///
    /// # Errors
    /// 404 if the name cannot be one: it came from an id that was not made here.
    pub fn stream(&self, kind: &'static str, name: &str) -> Result<StreamId, Problem> {
        stream_id(&self.desk, kind, name)
    }

    /// A document of this desk.
    ///
    /// # Errors
    /// 404 if the name cannot be one.
    pub fn doc(&self, table: &'static str, name: &str) -> Result<DocKey, Problem> {
        let table = Kind::new(table).map_err(|_| unknown_thing())?;
        DocKey::new(self.desk.clone(), table, name).map_err(|_| unknown_thing())
    }

    /// A sequence of this desk.
    ///
    /// # Errors
    /// 404 if the name cannot be one.
    pub fn sequence(&self, kind: &'static str, name: &str) -> Result<SequenceId, Problem> {
        let kind = Kind::new(kind).map_err(|_| unknown_thing())?;
        SequenceId::new(self.desk.clone(), kind, name).map_err(|_| unknown_thing())
    }

    /// Takes the next friendly number for a ticket.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn next_ticket_number(&self) -> Result<u64, Problem> {
        Ok(self.journal.next_number(&self.desk, &ticket_series()?).await?)
    }

    /// The newest friendly number of a ticket; 0 if there is none.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn newest_ticket_number(&self) -> Result<u64, Problem> {
        Ok(self.journal.newest_number(&self.desk, &ticket_series()?).await?)
    }

    /// Takes the number of the next version of the pack. Of several that are published at once each has its own.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn next_pack_version(&self) -> Result<u32, Problem> {
        let newest = self.config.state.current().map_or(0, |version| version.version);
        let series = Kind::new("pack").map_err(|_| unknown_thing())?;
        loop {
            let number = self.journal.next_number(&self.desk, &series).await?;
            // Versions from before there were numbers took theirs from their place.
            if let Some(number) = u32::try_from(number).ok().filter(|number| *number > newest) {
                return Ok(number);
            }
        }
    }

    /// A commit at the request's instant, part of the present trace.
    pub fn commit(&self) -> Commit {
        let mut commit = Commit::new(self.desk.clone(), self.now);
        commit.trace(trace::parent());
        commit
    }
}

/// Calendars by version of the pack and name.
#[derive(Clone, Debug, Default)]
pub struct Calendars(pub BTreeMap<u32, Rc<PublishedPack>>);

impl CalendarSource for Calendars {
    fn calendar(&self, pack_version: u32, name: &str) -> Option<&Calendar> {
        self.0.get(&pack_version)?.calendar(name)
    }
}

/// Parses a pack's calendars.
///
/// # Errors
/// Everything that is wrong, with JSON pointers into the pack.
pub fn calendars<'a>(
    documents: impl IntoIterator<Item = (&'a String, &'a Value)>,
) -> Result<BTreeMap<String, Calendar>, Vec<(String, String)>> {
    let mut parsed = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, document) in documents {
        match Calendar::parse(document) {
            Ok(calendar) => {
                parsed.insert(name.clone(), calendar);
            }
            Err(wrong) => problems
                .extend(wrong.into_iter().map(|p| (format!("/calendars/{name}{}", p.pointer), p.message))),
        }
    }
    if problems.is_empty() { Ok(parsed) } else { Err(problems) }
}

/// An event under a semantic id.
///
/// # Errors
/// 503 if the id is not one: a fault of this program, reported rather than trapped.
pub fn event<D>(id: impl Into<String>, by: &str, tag: u32, data: D) -> Result<NewEvent<D>, Problem> {
    let id = EventId::new(id.into()).map_err(|error| {
        crate::log::event("event.id", &[("why", error.to_string().into())]);
        Problem::unavailable("an event could not be named")
    })?;
    Ok(NewEvent { id, by: by.to_owned(), tag, data })
}

/// What is said of a desk that is not there, to those who may know.
pub fn unknown_desk() -> Problem {
    Problem::not_found("unknown_desk", "there is no such desk; publish a pack to create it")
}

fn pack_gone() -> Problem {
    Problem::unavailable("the desk's pack is not in the store; restore it or publish it again")
}

fn ticket_series() -> Result<Kind, Problem> {
    Kind::new("ticket").map_err(|_| unknown_thing())
}

fn unknown_thing() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "there is no such thing at this desk")
}

fn stream_id(desk: &Desk, kind: &'static str, name: &str) -> Result<StreamId, Problem> {
    let kind = Kind::new(kind).map_err(|_| unknown_thing())?;
    StreamId::new(desk.clone(), kind, name).map_err(|_| unknown_thing())
}
