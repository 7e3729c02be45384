//! How the repeats of a writing call are recognised.

use crate::app::DeskContext;
use crate::http::Incoming;
use crate::keys;
use crate::problem::Problem;
use http::StatusCode;
use relevo_journal::store::Store;
use relevo_journal::{EventId, Fold, Loaded};

/// What a writing call's events are named by.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Event id; further events of the same call add a suffix.
    pub id: String,
    /// Fingerprint of the body.
    pub tag: u32,
    /// The caller gave a key: the same call may be made twice.
    pub is_keyed: bool,
}

impl Identity {
    /// A call's identity: from its Idempotency-Key, the person and the path, else from chance.
    ///
    /// # Errors
    /// 400 for an unusable key, 503 if the host gives no random bytes.
    pub fn of<S: Store>(context: &DeskContext<S>, person: &str, request: &Incoming) -> Result<Self, Problem> {
        let tag = context.keys.tag(&request.body);
        let Some(key) = request.idempotency_key()? else {
            return Ok(Self { id: format!("api.{}", random()?), tag, is_keyed: false });
        };
        let id = format!("api.{}", context.keys.id("api", &[person, &request.path, key]));
        Ok(Self { id, tag, is_keyed: true })
    }

    /// Was this call made before? Its effects are there then, and it is answered as the first time.
    ///
    /// # Errors
    /// 409 if the same key came with another body.
    pub fn repeats<F: Fold>(&self, loaded: &Loaded<F>) -> Result<bool, Problem> {
        let seen = EventId::new(self.id.clone()).ok().and_then(|id| loaded.seen(&id));
        match seen {
            None => Ok(false),
            Some(tag) if tag == self.tag => Ok(true),
            Some(_) => Err(Problem::new(
                StatusCode::CONFLICT,
                "idempotency_key_reused",
                "this Idempotency-Key was used for another body; use a new key for a new call",
            )),
        }
    }

    /// The stream after the commit of a call with a key. Of two such calls at once with different bodies one alone
    /// counts, and the other is told so if it sees both: whichever looks last does. When the one that counts is
    /// committed last, the other has been answered by then; that it does not count shows in the ticket alone.
    ///
    /// # Errors
    /// 409 if another call under the same key counts.
    pub async fn confirm<F: Fold, S: Store>(
        &self,
        context: &DeskContext<S>,
        after: Loaded<F>,
    ) -> Result<Loaded<F>, Problem> {
        if !self.is_keyed {
            return Ok(after);
        }
        let loaded = context.journal.load::<F>(after.stream(), context.now).await?;
        self.repeats(&loaded)?;
        Ok(loaded)
    }
}

/// Random characters for an id.
///
/// # Errors
/// 503 if the host gives none.
pub fn random() -> Result<String, Problem> {
    keys::random::<16>().map_err(|error| Problem::unavailable(error.to_string()))
}
