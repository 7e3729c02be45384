//! What its writer did to a message after it was sent.
//!
//! An edited message says what it says now. A withdrawn one says nothing: its writer asked for that, providers demand that
//! it is honoured, and whoever answers must not go by it. What it said stays in the history, under the key of its
//! conversation like everything else, for whoever has to account for an answer that was given to it.

use super::message::Message;
use crate::Private;
use crate::message::Meaning;
use chrono::{DateTime, Utc};

/// The last that was said of a message, in whatever order that became known.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Amendment {
    edited: Option<(DateTime<Utc>, Option<Private<String>>)>,
    withdrawn_at: Option<DateTime<Utc>>,
}

impl Amendment {
    pub(crate) fn note(&mut self, means: &Meaning, at: DateTime<Utc>) {
        match means {
            Meaning::Edited { text, .. } if self.edited.as_ref().is_none_or(|(known, _)| *known <= at) => {
                self.edited = Some((at, text.clone()));
            }
            Meaning::Withdrawn { .. } => {
                self.withdrawn_at = Some(self.withdrawn_at.map_or(at, |known| known.min(at)));
            }
            _ => {}
        }
    }

    pub(crate) fn apply(&self, message: &mut Message) {
        if let Some((at, text)) = &self.edited {
            message.text.clone_from(text);
            // A template or a formatted part says what it said before.
            message.html = None;
            message.edited_at = Some(*at);
        }
        if self.withdrawn_at.is_some() {
            message.text = None;
            message.subject = None;
            message.html = None;
            message.data = None;
            message.attachments.clear();
            message.withdrawn_at = self.withdrawn_at;
        }
    }
}
