//! Answering: drafts, approvals, mentions, audits, splits, parents and children.

use relevo_domain::pack::Priority;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// `POST …/replies/{message}/approval`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyApproval {
    /// It goes out; else it does not.
    pub accepted: bool,
    /// What goes out instead of what was written.
    #[schema(min_length = 1, max_length = 32768, pattern = r"\S")]
    #[serde(default)]
    pub text: Option<String>,
    /// For its writer; a rejection needs one.
    #[schema(max_length = 4000)]
    #[serde(default)]
    pub note: Option<String>,
    /// The last message that was seen: refused if another was written since.
    #[schema(max_length = 64)]
    #[serde(default)]
    pub after: Option<String>,
}

/// `POST …/me/mentions`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenMentions {
    /// Ids of the notes that were seen.
    #[schema(min_items = 1, max_items = 200)]
    pub seen: Vec<String>,
}

/// `POST …/audits/{audit}`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAudit {
    /// Points by question of the sheet: all of them.
    pub scores: BTreeMap<String, AuditPoints>,
    /// For whoever wrote the answer; they and leads alone read it.
    #[schema(min_length = 1, max_length = 4000, pattern = r"\S")]
    #[serde(default)]
    pub coaching: Option<String>,
}

/// Points for a question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditPoints {
    /// From 0 to the sheet's scale.
    pub points: u8,
    /// Why.
    #[schema(max_length = 4000)]
    #[serde(default)]
    pub comment: Option<String>,
}

/// `POST …/audits/{audit}/dispute`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditDispute {
    /// Why its writer disagrees.
    #[schema(min_length = 1, max_length = 4000, pattern = r"\S")]
    pub reason: String,
}

/// `POST …/audits/{audit}/resolution`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditResolution {
    /// The scores that count now; none: those that there were.
    #[serde(default)]
    pub scores: Option<BTreeMap<String, AuditPoints>>,
    /// Why.
    #[schema(min_length = 1, max_length = 4000, pattern = r"\S")]
    pub note: String,
}

/// `POST …/split`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// Ids of the messages that become a ticket of their own.
    #[schema(min_items = 1, max_items = 200)]
    pub messages: Vec<String>,
    /// What the new ticket is about; else the same.
    #[schema(max_length = 998)]
    #[serde(default)]
    pub subject: Option<String>,
    /// Queue id; else the same.
    #[serde(default)]
    pub queue: Option<String>,
    /// Priority; else the same.
    #[schema(schema_with = crate::openapi::words::optional_priority)]
    #[serde(default)]
    pub priority: Option<Priority>,
}

/// `POST …/parent`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewParent {
    /// Id of the ticket that this one is a report of.
    #[schema(pattern = "^tkt_[a-z2-7]{26}_[0-9]+$")]
    pub parent: String,
}
