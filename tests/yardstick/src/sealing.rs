//! What sealing costs: the same messages loaded and committed through the journal on a store in memory, once with their
//! text as a personal value and once in clear. Nothing but the sealing differs.

use relevo_edge::app::event;
use relevo_edge::clock;
use relevo_edge::problem::Problem;
use relevo_journal::store::memory::MemoryStore;
use relevo_journal::{Commit, Desk, Event, Fold, Journal, Kind, StreamId, Vault};
use serde::{Deserialize, Serialize};

/// Messages that the state keeps, as a conversation does.
const KEPT: usize = 16;

/// A message whose text is sealed.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Personal {
    #[serde(with = "relevo_journal::private")]
    text: String,
}

/// The same in clear.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Clear {
    text: String,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Newest<T>(Vec<T>);

impl<T: Clone> Newest<T> {
    fn keep(&mut self, message: &T) {
        self.0.push(message.clone());
        if self.0.len() > KEPT {
            self.0.remove(0);
        }
    }
}

impl Fold for Newest<Personal> {
    type Data = Personal;
    const KIND: &'static str = "personal";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<Personal>) {
        self.keep(&event.data);
    }
}

impl Fold for Newest<Clear> {
    type Data = Clear;
    const KIND: &'static str = "clear";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<Clear>) {
        self.keep(&event.data);
    }
}

/// Loads and commits so many messages of so many bytes, one after the other.
pub async fn messages(sealed: bool, times: usize, bytes: usize) -> Result<(), Problem> {
    let text = "x".repeat(bytes);
    if sealed {
        each(true, times, || Personal { text: text.clone() }, Newest::<Personal>::default()).await
    } else {
        each(false, times, || Clear { text: text.clone() }, Newest::<Clear>::default()).await
    }
}

async fn each<F: Fold>(
    sealed: bool,
    times: usize,
    message: impl Fn() -> F::Data,
    _: F,
) -> Result<(), Problem> {
    let now = clock::now();
    let journal = Journal::new(MemoryStore::default()).with_vault(Vault::open([7; 32], now));
    let unnamed = |_| Problem::unavailable("a name that the journal does not take");
    let desk = Desk::new("yardstick").map_err(unnamed)?;
    let kind = Kind::new(F::KIND).map_err(unnamed)?;
    let stream = StreamId::new(desk.clone(), kind, "one").map_err(unnamed)?;
    for n in 0..times {
        let mut loaded = journal.load::<F>(&stream, now).await?;
        if sealed {
            loaded = loaded.sealed_under(journal.desk_key()?);
        }
        let mut commit = Commit::new(desk.clone(), now);
        commit.append(&loaded, vec![event(format!("m.{n}"), "yardstick", 0, message())?])?;
        journal.commit(commit).await?;
    }
    Ok(())
}
