//! Articles of the knowledge base: drafts and published versions in several languages, who is to look at them again, and when.

use crate::table::Row;
use chrono::{DateTime, NaiveDate, Utc};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Largest body in bytes.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// Longest title in characters.
pub const MAX_TITLE_CHARS: usize = 200;

/// Most languages of an article.
pub const MAX_LOCALES: usize = 12;

/// What an article says in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The title.
    pub title: String,
    /// Markdown.
    pub body: String,
}

/// What is known about an article beside what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Tags.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// Person id of who sees to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// When it is to be looked at again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_on: Option<NaiveDate>,
    /// The client company that it is of; none: the whole desk's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Where it was imported from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A change of an article.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArticleEvent {
    /// What is known about it.
    #[serde(rename = "article.described")]
    Described {
        /// All of it.
        about: Box<About>,
    },
    /// Somebody proposes what it should say.
    #[serde(rename = "article.drafted")]
    Drafted {
        /// Language.
        locale: String,
        /// What it should say.
        text: Text,
    },
    /// Customers and colleagues are told this from now on.
    #[serde(rename = "article.published")]
    Published {
        /// Language.
        locale: String,
        /// What it says.
        text: Text,
        /// The version that is gone back to, if so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        restores: Option<u32>,
    },
    /// It is out of use, or in use again.
    #[serde(rename = "article.archived")]
    Archived {
        /// It is.
        archived: bool,
    },
}

/// A published version. What it says is in the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its place among those of its language, from 1.
    pub number: u32,
    /// Title.
    pub title: String,
    /// Who published it, as the journal names actors.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The version that it goes back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restores: Option<u32>,
}

/// An article in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Translation {
    /// What somebody proposes; none: as it is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Text>,
    /// Who proposes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drafted_by: Option<String>,
    /// What is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Text>,
    /// Published versions, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<Version>,
}

/// Where an article stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing of it is published.
    Draft,
    /// It is in use.
    Published,
    /// It is out of use.
    Archived,
}

/// An article.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Article {
    /// What is known about it.
    pub about: About,
    /// By language.
    pub locales: BTreeMap<String, Translation>,
    /// It is out of use.
    pub archived: bool,
    /// When it was begun, and when it last changed.
    pub changed: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// How many changes there were.
    pub revision: u32,
}

impl Article {
    /// Where it stands.
    pub fn standing(&self) -> Standing {
        match self.archived {
            true => Standing::Archived,
            false if self.locales.values().any(|text| text.published.is_some()) => Standing::Published,
            false => Standing::Draft,
        }
    }
}

impl Fold for Article {
    type Data = ArticleEvent;
    const KIND: &'static str = "article";
    const VERSION: u16 = 2;

    fn apply(&mut self, event: &Event<ArticleEvent>) {
        self.revision = self.revision.saturating_add(1);
        self.changed = Some((self.changed.map_or(event.at, |(begun, _)| begun.min(event.at)), event.at));
        match &event.data {
            ArticleEvent::Described { about } => self.about = about.as_ref().clone(),
            ArticleEvent::Drafted { locale, text } => {
                let there = self.locales.entry(locale.clone()).or_default();
                let differs = there.published.as_ref() != Some(text);
                there.draft = differs.then(|| text.clone());
                there.drafted_by = differs.then(|| event.by.clone());
            }
            ArticleEvent::Published { locale, text, restores } => {
                let there = self.locales.entry(locale.clone()).or_default();
                there.draft = None;
                there.drafted_by = None;
                there.published = Some(text.clone());
                there.versions.push(Version {
                    number: u32::try_from(there.versions.len()).unwrap_or(u32::MAX).saturating_add(1),
                    title: text.title.clone(),
                    by: event.by.clone(),
                    at: event.at,
                    restores: *restores,
                });
            }
            ArticleEvent::Archived { archived } => self.archived = *archived,
        }
    }
}

/// An article in lists and in searches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArticleRow {
    /// What is known about it.
    #[serde(rename = "a")]
    pub about: About,
    /// Where it stands.
    #[serde(rename = "st")]
    pub standing: Standing,
    /// By language: what is published, else what is proposed.
    #[serde(rename = "l")]
    pub locales: BTreeMap<String, Said>,
    /// When it last changed, in milliseconds since 1970.
    #[serde(rename = "up")]
    pub updated_ms: i64,
}

/// What an article says in one language, as searches weigh it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The title.
    #[serde(rename = "t")]
    pub title: String,
    /// It is published.
    #[serde(rename = "p")]
    pub published: bool,
    /// There is a draft.
    #[serde(rename = "d")]
    pub drafted: bool,
    /// Words and how often each is said; in titles and tags that counts more.
    #[serde(rename = "w")]
    pub words: BTreeMap<String, u32>,
}

impl Row for ArticleRow {
    const KIND: &'static str = "t-articles";
    const VERSION: u16 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use relevo_journal::{EventId, Hlt};

    fn fold(events: &[ArticleEvent]) -> Article {
        let mut article = Article::default();
        for (n, data) in (1..).zip(events) {
            let at = DateTime::from_timestamp(1_780_000_000 + n, 0).expect("an instant");
            let id = EventId::new(format!("e{n}")).expect("an id");
            let hlt = Hlt::next(u64::try_from(at.timestamp_millis()).expect("positive"), Hlt::default());
            article.apply(&Event { id, hlt, at, by: format!("person:p{n}"), tag: 0, data: data.clone() });
        }
        article
    }

    fn text(title: &str) -> Text {
        Text { title: title.to_owned(), body: format!("About {title}") }
    }

    fn drafted(title: &str) -> ArticleEvent {
        ArticleEvent::Drafted { locale: "es".to_owned(), text: text(title) }
    }

    fn published(title: &str, restores: Option<u32>) -> ArticleEvent {
        ArticleEvent::Published { locale: "es".to_owned(), text: text(title), restores }
    }

    #[test]
    fn a_draft_goes_out_when_it_is_published_and_an_older_version_can_come_back() {
        let article = fold(&[drafted("one")]);
        assert_eq!((article.standing(), &article.locales["es"].published), (Standing::Draft, &None));
        let all = [
            drafted("one"),
            published("one", None),
            drafted("two"),
            published("two", None),
            published("one", Some(1)),
        ];
        let article = fold(&all);
        let there = &article.locales["es"];
        assert_eq!(
            (article.standing(), &there.draft, &there.published),
            (Standing::Published, &None, &Some(text("one")))
        );
        assert_eq!(article.revision, 5);
        let versions: Vec<_> = there.versions.iter().map(|v| (v.number, v.by.as_str(), v.restores)).collect();
        assert_eq!(versions, [(1, "person:p2", None), (2, "person:p4", None), (3, "person:p5", Some(1))]);
    }

    #[test]
    fn a_draft_of_what_is_published_is_none() {
        let article = fold(&[published("one", None), drafted("two"), drafted("one")]);
        assert_eq!(article.locales["es"].draft, None);
        assert_eq!(
            fold(&[published("one", None), ArticleEvent::Archived { archived: true }]).standing(),
            Standing::Archived
        );
    }
}
