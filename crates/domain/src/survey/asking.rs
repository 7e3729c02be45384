//! Whether a solved ticket is asked about.

use crate::contact::Contact;
use crate::conversation::{Party, Ticket};
use crate::pack::Survey;
use chrono::{DateTime, Duration, Utc};

/// Marks a ticket that a negative vote led to.
pub const RECOVERY_TAG: &str = "recovery";

/// What is known when it is decided.
pub struct Asking<'a> {
    /// The ticket.
    pub ticket: &'a Ticket,
    /// Who would be asked.
    pub party: &'a Party,
    /// The same person, over all conversations.
    pub contact: &'a Contact,
    /// Can a message be sent there?
    pub can_send: bool,
    /// From 0 to 99, always the same for one resolution of one ticket.
    pub draw: u8,
    /// The present.
    pub now: DateTime<Utc>,
}

/// Why a ticket is not asked about; none: it is. The words are stable: figures are told by them.
pub fn not_eligible(asking: &Asking<'_>, survey: &Survey) -> Option<&'static str> {
    let Asking { ticket, party, contact, .. } = asking;
    let rule = &survey.rule;
    let asked_at = contact.surveyed_at.filter(|_| rule.every_days > 0);
    let again = asked_at.map(|at| at + Duration::days(i64::from(rule.every_days)));
    let tagged = |tag: &str| ticket.tags.contains(tag);
    // The promise to ask again was made with the first, negative vote.
    let recovery = tagged(RECOVERY_TAG);
    if !survey.channels.is_empty() && !survey.channels.contains(&party.channel) {
        Some("channel_excluded")
    } else if !asking.can_send {
        Some("channel_cannot_send")
    } else if tagged("no_survey") {
        Some("tagged_no_survey")
    } else if ticket.automatic {
        Some("automatic_sender")
    } else if tagged("merged") {
        Some("merged")
    } else if rule.except_tags.iter().any(|tag| tagged(tag)) {
        Some("tag_excluded")
    } else if rule.except_queues.contains(&ticket.queue) && !recovery {
        Some("queue_excluded")
    } else if !rule.without_reply && ticket.replies == 0 {
        Some("no_reply")
    } else if contact.no_surveys {
        Some("opted_out")
    } else if recovery {
        None
    } else if again.is_some_and(|again| asking.now < again) {
        Some("asked_recently")
    } else if asking.draw >= rule.percent {
        Some("not_drawn")
    } else {
        None
    }
}
