//! A file that its provider keeps for a while, brought into the store.

use crate::format::{Reached, Unprepared, reach};
use crate::send::{End, ask};
use bytes::Bytes;
use http::{HeaderMap, Method, header};
use relevo_channels::media::{self, Answered, Place, Step};
use relevo_channels::{Outcome, fingerprint};
use relevo_domain::conversation::FileKept;
use relevo_domain::outbox::{Fetch, Outbox};
use relevo_edge::app::DeskContext;
use relevo_edge::file_link::STORED;
use relevo_edge::ids;
use relevo_edge::problem::Problem;
use relevo_journal::Loaded;

/// Requests that one file may take: a look-up, a place that leads on, the file.
const MOST_REQUESTS: usize = 3;

/// Longest MIME type that is believed.
const LONGEST_TYPE: usize = 127;

/// What came of an attempt: whether the provider was asked, and what is in the store now.
pub struct Fetched {
    /// As for what is sent.
    pub outcome: Outcome,
    /// The provider was asked.
    pub asked: bool,
    /// What others are to be told.
    pub learned: Option<Learned>,
}

/// What a provider was asked for, and gave.
pub enum Learned {
    /// A file, which is in the store now.
    File(FileKept),
    /// An issue of another system, and where it stands there if that was asked: its status, and whether it is finished.
    Issue {
        /// Its key.
        key: String,
        /// Where it stands.
        stands: Option<(String, bool)>,
    },
}

/// Asks for the file and keeps it under the key of the message that it belongs to; the bytes are there before anything
/// names them. Twice does no harm: the same bytes have the same name.
pub async fn fetch(context: &DeskContext, name: &str, before: &Loaded<Outbox>, file: &Fetch) -> Fetched {
    let mut asked = false;
    let (outcome, learned) = match found(context, file, &mut asked).await {
        Ok((served, bytes)) => match keep(context, name, before, file, served, &bytes).await {
            Ok(kept) => (Outcome::Sent { provider_id: None }, Some(Learned::File(kept))),
            Err(unprepared) => (unprepared.into(), None),
        },
        Err(outcome) => (outcome, None),
    };
    Fetched { outcome, asked, learned }
}

/// The file's type as its provider serves it, and its bytes.
async fn found(
    context: &DeskContext,
    file: &Fetch,
    asked: &mut bool,
) -> Result<(Option<String>, Vec<u8>), Outcome> {
    let refused = |why: &str| Outcome::Refused { why: why.to_owned() };
    let pack = context.pack().await.map_err(Unprepared::from)?;
    let limit = pack.pack.limits.file_bytes();
    let fetcher =
        media::fetcher(&file.channel).ok_or_else(|| refused("this channel's files cannot be fetched"))?;
    let Reached { account, base, stand_in, is_rehearsal } =
        reach(context, &file.channel, &file.account, Some(fetcher.base_url)).await?;
    let place = Place { base: &base, is_rehearsal };
    let mut request =
        (fetcher.first)(&account, place, &file.reference).map_err(|why| refused(&why.to_string()))?;
    for _ in 0..MOST_REQUESTS {
        let url = relevo_outward::parse(&request.url.0, &stand_in).map_err(refused)?;
        *asked = true;
        let answer = ask(Method::GET, url, request.headers.clone(), Bytes::new(), limit).await;
        let answer = answer.map_err(|why| Outcome::Retry { after_seconds: None, why })?;
        let answered = Answered { status: answer.status, headers: &answer.headers, body: &answer.body };
        match ((fetcher.next)(&account, place, &request, answered), answer.end) {
            (Step::Ask(next), _) => request = next,
            (Step::Not(outcome), _) => return Err(outcome),
            (Step::File, End::Whole) => return Ok((served_as(&answer.headers), answer.body)),
            (Step::File, End::BrokeOff) => {
                let why = "the file broke off".to_owned();
                return Err(Outcome::Retry { after_seconds: None, why });
            }
            (Step::File, End::TooLong) => {
                return Err(refused(&format!("the file is larger than this desk keeps: {limit} bytes")));
            }
        }
    }
    Err(refused("the provider led on and on"))
}

fn served_as(headers: &HeaderMap) -> Option<String> {
    let served = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(served.to_owned()).filter(|served| !served.is_empty() && served.len() <= LONGEST_TYPE)
}

async fn keep(
    context: &DeskContext,
    name: &str,
    before: &Loaded<Outbox>,
    file: &Fetch,
    mime_type: Option<String>,
    bytes: &[u8],
) -> Result<FileKept, Unprepared> {
    let key = before.key().ok_or("there is no key to keep the file under")?;
    let blob = context.journal.put_sealed_blob(&context.desk, key, bytes, bytes.len()).await;
    let blob = blob.map_err(Problem::from)?;
    Ok(FileKept {
        message: file.message.clone(),
        fetched_by: format!("{}{name}", ids::OUTBOX),
        reference: format!("{STORED}{blob}"),
        hash: fingerprint(bytes),
        mime_type,
        size_bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
    })
}
