//! A space of a live Confluence, read through its REST API, version 2.

use super::names::is_id;
use super::{Page, Space};
use crate::Note;
use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::time::Duration;
use url::Url;

/// Pages of one answer.
const PAGES_PER_CALL: u32 = 50;

/// Most calls of one list.
const MOST_CALLS: usize = 1_000;

/// Largest answer.
const LARGEST_ANSWER_BYTES: u64 = 64 << 20;

/// Every call is given up after this.
const LIMIT: Duration = Duration::from_secs(60);

/// How often a call is made again when Confluence asks to wait, or does not answer well.
const TRIES: u32 = 5;

/// Longest that is waited because Confluence asks for it.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// A live Confluence.
pub struct Confluence {
    agent: ureq::Agent,
    origin: Url,
    authorization: String,
    wait: fn(Duration),
}

#[derive(Deserialize)]
struct List<T> {
    results: Vec<T>,
    #[serde(default, rename = "_links")]
    links: Links,
}

#[derive(Default, Deserialize)]
struct Links {
    next: Option<String>,
    base: Option<String>,
}

#[derive(Deserialize)]
struct SpaceShown {
    id: String,
    key: String,
}

#[derive(Deserialize)]
struct PageShown {
    id: String,
    title: String,
    body: Option<Bodies>,
}

#[derive(Deserialize)]
struct Bodies {
    storage: Option<Stored>,
}

#[derive(Deserialize)]
struct Stored {
    value: String,
}

#[derive(Deserialize)]
struct Label {
    name: String,
    #[serde(default)]
    prefix: String,
}

impl Confluence {
    /// The Confluence at `address`, for whom `login` is: `mail address:API token`. `wait` waits.
    ///
    /// # Errors
    /// When the address is none, or would have the token travel in clear.
    pub fn new(address: &str, login: &str, wait: fn(Duration)) -> Result<Self> {
        let url = Url::parse(address).context("the address of the Confluence")?;
        let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if url.scheme() != "https" && !(url.scheme() == "http" && here) {
            bail!("the address of a Confluence begins with https://: the API token is not sent in clear");
        }
        if !url.username().is_empty() || url.password().is_some() {
            bail!("the address names no person: mail address and API token come by themselves");
        }
        let login = login.trim();
        if !login.split_once(':').is_some_and(|(mail, token)| !mail.is_empty() && !token.is_empty()) {
            bail!("a mail address, a colon and an API token are needed to get in");
        }
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(LIMIT))
            .build();
        let authorization = format!("Basic {}", STANDARD.encode(login));
        let origin = Url::parse(&url.origin().ascii_serialization())?;
        Ok(Self { agent: config.into(), origin, authorization, wait })
    }

    /// Reads a space.
    ///
    /// # Errors
    /// When there is none, it may not be read, or Confluence does not answer.
    pub fn read(&self, key: &str) -> Result<Space> {
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"~-_.".contains(&byte))
        {
            bail!("{key:?} is no key of a space");
        }
        let spaces: List<SpaceShown> = self.get(&format!("/wiki/api/v2/spaces?keys={key}"))?;
        // What people call it, if it is not where it is asked.
        let base = spaces.links.base.and_then(|base| Url::parse(&base).ok());
        let origin = base.unwrap_or_else(|| self.origin.clone()).origin().ascii_serialization();
        let found = spaces.results.into_iter().find(|space| space.key == key && is_id(&space.id));
        let found =
            found.with_context(|| format!("there is no space {key}, or this person may not see it"))?;
        let mut space = Space {
            key: found.key,
            origin: Some(origin),
            pages: Vec::new(),
            broken: Vec::new(),
            notes: Vec::new(),
        };
        let pages = format!(
            "/wiki/api/v2/spaces/{}/pages?body-format=storage&status=current&limit={PAGES_PER_CALL}",
            found.id
        );
        for page in self.list::<PageShown>(&pages)? {
            if !is_id(&page.id) {
                bail!("Confluence names a page {:?}: that is no number", page.id);
            }
            let stored = page.body.and_then(|bodies| bodies.storage).map(|stored| stored.value);
            // Those of a person are theirs.
            let labels = self.list::<Label>(&format!("/wiki/api/v2/pages/{}/labels", page.id))?;
            let labels = labels.into_iter().filter(|label| label.prefix != "my").map(|label| label.name);
            let read = Page::from_storage(
                page.id.clone(),
                page.title.clone(),
                labels.collect(),
                &stored.unwrap_or_default(),
            );
            match read {
                Ok(page) => space.pages.push(page),
                Err(error) => {
                    let why = format!("it is not taken over, its text is broken: {error:#}");
                    space.broken.push(page.id);
                    space.notes.push(Note { page: page.title, why });
                }
            }
        }
        Ok(space)
    }

    /// All of a list, from its first part to its last.
    fn list<T: DeserializeOwned>(&self, first: &str) -> Result<Vec<T>> {
        let (mut items, mut seen, mut next) = (Vec::new(), BTreeSet::new(), Some(first.to_owned()));
        while let Some(path) = next {
            if !seen.insert(path.clone()) || seen.len() > MOST_CALLS {
                bail!("Confluence's list {} does not end", plain(&path));
            }
            let part: List<T> = self.get(&path)?;
            items.extend(part.results);
            next = part.links.next.filter(|next| !next.is_empty());
        }
        Ok(items)
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let url = self.origin.join(path).with_context(|| format!("the address {}", plain(path)))?;
        // The token is for this Confluence alone, whatever a list says comes next.
        if url.origin() != self.origin.origin() {
            bail!(
                "Confluence's list goes on at another place, {}: not followed",
                url.origin().ascii_serialization()
            );
        }
        let what = plain(url.path());
        let mut tries = 0_u32;
        loop {
            tries = tries.saturating_add(1);
            let call = self.agent.get(url.as_str());
            let call = call.header("authorization", &self.authorization).header("accept", "application/json");
            let mut answer = call.call().with_context(|| format!("asking Confluence for {what}"))?;
            let status = answer.status().as_u16();
            let again = status == 429 || status >= 500;
            if again && tries < TRIES {
                let asked = answer
                    .headers()
                    .get("retry-after")
                    .and_then(|value| value.to_str().ok()?.trim().parse().ok());
                let wait = Duration::from_secs(asked.unwrap_or(1_u64 << tries));
                if wait > LONGEST_WAIT {
                    bail!("Confluence asks to be left alone for {} seconds: try again then", wait.as_secs());
                }
                (self.wait)(wait);
                continue;
            }
            match status {
                200 => {}
                401 => bail!("Confluence does not know this mail address and API token (401)"),
                403 => bail!("Confluence does not let this person read {what} (403)"),
                404 => bail!("there is no {what} (404): is the address that of a Confluence in the cloud?"),
                429 => bail!("Confluence asks to be left alone, again and again (429): try later"),
                300..=399 => {
                    bail!("Confluence sends elsewhere for {what} ({status}): give the address it moved to")
                }
                _ => bail!("Confluence answered {status} for {what}"),
            }
            let body = answer.body_mut().with_config().limit(LARGEST_ANSWER_BYTES).read_to_vec();
            let body = body.with_context(|| format!("reading {what}"))?;
            return serde_json::from_slice(&body)
                .map_err(|error| anyhow::anyhow!("{what} is not as Confluence writes it: {error}"));
        }
    }
}

/// A path without what is asked for: cursors are long.
fn plain(path: &str) -> String {
    path.split('?').next().unwrap_or_default().to_owned()
}
