//! What is done with one template between versions of the pack: drafts, and who published what.
//!
//! A published template is part of the pack, and every version of the pack is kept. This stream has what the pack
//! does not tell: drafts that are not published yet, and why something was changed.

use crate::refusal::Refusal;
use chrono::{DateTime, Utc};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};

/// What happens to a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TemplateEvent {
    /// A draft was saved; it replaces the one before.
    #[serde(rename = "template.drafted")]
    Drafted {
        /// Content address of the template as JSON.
        blob: String,
        /// Version of the pack that it was written against.
        base: u32,
        /// What it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// The draft was thrown away.
    #[serde(rename = "template.draft_discarded")]
    Discarded,
    /// The draft, or an earlier version, became part of the pack.
    #[serde(rename = "template.published")]
    Published {
        /// Version of the pack.
        pack: u32,
        /// The version that it was taken from; none: the draft.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rolled_back_to: Option<u32>,
        /// What it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
}

/// A draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Content address.
    pub blob: String,
    /// Version of the pack that it was written against.
    pub base: u32,
    /// What it is about.
    pub note: Option<String>,
    /// Who wrote it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// `drafted`, `discarded`, `published`, `rolled_back`.
    pub what: String,
    /// Version of the pack: that it was written against or became part of.
    pub pack: Option<u32>,
    /// What it is about.
    pub note: Option<String>,
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// One template's drafts and changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateState {
    /// The draft, if there is one.
    pub draft: Option<Draft>,
    /// The newest changes, oldest first.
    pub changes: Vec<Change>,
}

/// Changes that the state keeps; all are in the stream.
const KEPT_CHANGES: usize = 100;

/// Longest note, in characters.
pub const MAX_NOTE_CHARS: usize = 500;

impl TemplateState {
    /// The draft, to be published by somebody who has seen it.
    ///
    /// # Errors
    /// If there is none, or the template was changed since it was begun. `is_changed`: between a version and now.
    pub fn publishable(&self, is_changed: impl FnOnce(u32) -> bool) -> Result<&Draft, Refusal> {
        let draft = self.draft.as_ref();
        let draft =
            draft.ok_or_else(|| Refusal::conflict("no_draft", "there is no draft; save one first"))?;
        if is_changed(draft.base) {
            let what = format!(
                "the template was changed since version {} of the pack, which the draft was written against: \
                 save the draft again with what is to stay",
                draft.base
            );
            return Err(Refusal::conflict("draft_outdated", what));
        }
        Ok(draft)
    }
}

/// A note, checked.
///
/// # Errors
/// If it is too long.
pub fn note(note: Option<String>) -> Result<Option<String>, Refusal> {
    let note = note.filter(|note| !note.trim().is_empty());
    match note.as_ref().map(|note| note.chars().count()) {
        Some(chars) if chars > MAX_NOTE_CHARS => {
            let what = format!("a note has at most {MAX_NOTE_CHARS} characters");
            Err(Refusal::invalid("note_too_long", "/note", what))
        }
        _ => Ok(note),
    }
}

impl Fold for TemplateState {
    type Data = TemplateEvent;
    const KIND: &'static str = "template";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<TemplateEvent>) {
        let (what, pack, note) = match &event.data {
            TemplateEvent::Drafted { blob, base, note } => {
                let (by, at) = (event.by.clone(), event.at);
                self.draft = Some(Draft { blob: blob.clone(), base: *base, note: note.clone(), by, at });
                ("drafted", Some(*base), note)
            }
            TemplateEvent::Discarded => {
                self.draft = None;
                ("discarded", None, &None)
            }
            TemplateEvent::Published { pack, rolled_back_to: None, note } => {
                self.draft = None;
                ("published", Some(*pack), note)
            }
            TemplateEvent::Published { pack, note, .. } => ("rolled_back", Some(*pack), note),
        };
        let (by, at) = (event.by.clone(), event.at);
        self.changes.push(Change { what: what.to_owned(), pack, note: note.clone(), by, at });
        if self.changes.len() > KEPT_CHANGES {
            self.changes.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relevo_journal::{EventId, Hlt};

    fn told(events: Vec<TemplateEvent>) -> TemplateState {
        let mut state = TemplateState::default();
        for (n, data) in (1_u64..).zip(events) {
            let Ok(id) = EventId::new(format!("e{n}")) else { continue };
            let (at, by) = (DateTime::UNIX_EPOCH, "person:eva".to_owned());
            state.apply(&Event { id, hlt: Hlt(n), at, by, tag: 0, data });
        }
        state
    }

    fn drafted(base: u32) -> TemplateEvent {
        TemplateEvent::Drafted { blob: "b".into(), base, note: Some("Más corta".into()) }
    }

    #[test]
    fn a_draft_is_published_unless_the_template_was_changed_meanwhile() {
        let none = told(vec![]).publishable(|_| false).map(|draft| draft.base).map_err(|r| r.code);
        assert_eq!(none, Err("no_draft"));
        let state = told(vec![drafted(3)]);
        assert_eq!(state.publishable(|base| base != 3).map(|draft| draft.base), Ok(3));
        assert_eq!(state.publishable(|_| true).map_err(|r| r.code), Err("draft_outdated"));
        let published = TemplateEvent::Published { pack: 4, rolled_back_to: None, note: None };
        assert_eq!(told(vec![drafted(3), published]).draft, None);
        assert_eq!(told(vec![drafted(3), TemplateEvent::Discarded]).draft, None);
    }

    #[test]
    fn going_back_leaves_the_draft_and_everything_is_told() {
        let back = TemplateEvent::Published { pack: 5, rolled_back_to: Some(2), note: None };
        let state = told(vec![drafted(4), back]);
        assert!(state.draft.is_some());
        let what: Vec<_> = state.changes.iter().map(|c| (c.what.as_str(), c.pack, c.by.as_str())).collect();
        assert_eq!(what, [("drafted", Some(4), "person:eva"), ("rolled_back", Some(5), "person:eva")]);
        assert_eq!(told((0..150).map(drafted).collect()).changes.len(), KEPT_CHANGES);
    }

    #[test]
    fn a_note_is_short() {
        assert_eq!(note(Some(" ".into())), Ok(None));
        assert_eq!(note(Some("x".repeat(501))).map_err(|r| r.code), Err("note_too_long"));
    }
}
