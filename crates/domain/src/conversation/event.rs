//! What is done or said in a conversation. What follows from it is derived in the fold.

mod parts;
mod rules;

pub use parts::*;
pub use rules::*;

use super::merge::{Said, TicketRef};
use super::validation::Issue;
use crate::Private;
use crate::category::Category;
use crate::mention::Mentions;
use crate::message::{DeliveryState, Meaning};
use crate::pack::Priority;
use crate::playbook::RequestKind;
use crate::sla::ResolvedPolicy;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An event of a conversation. `ticket` is the ordinal of a ticket within its conversation, from 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ConversationEvent {
    /// Somebody wrote on the channel.
    #[serde(rename = "message.received")]
    MessageReceived(Box<MessageReceived>),
    /// One of us wrote to the customer past this system; it is already sent.
    #[serde(rename = "message.sent_elsewhere")]
    MessageSentElsewhere(Box<MessageSentElsewhere>),
    /// A telephone call got on.
    #[serde(rename = "call.reported")]
    CallReported(Box<CallReported>),
    /// An agent opened a ticket of their own accord.
    #[serde(rename = "ticket.created")]
    TicketCreated(Box<TicketCreated>),
    /// A reply to the customer was written; its delivery is an outbox entry.
    #[serde(rename = "reply.written")]
    ReplyWritten(Box<ReplyWritten>),
    /// A reply was written that does not go out yet; its outbox entry is there and waits.
    #[serde(rename = "reply.held")]
    ReplyHeld(Box<ReplyHeld>),
    /// Somebody looked at a reply that waited for that, and lets it go at its time.
    #[serde(rename = "reply.approved")]
    ReplyApproved {
        /// Ordinal.
        ticket: u32,
        /// Message id.
        message: String,
        /// What goes out instead of what was written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Private<String>>,
        /// Stream name of the outbox entry that carries it then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outbox: Option<String>,
        /// For its writer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Private<String>>,
        /// When it goes; none: at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
    /// A reply that was held goes out: from now on it is a reply like others.
    #[serde(rename = "reply.released")]
    ReplyReleased {
        /// Ordinal.
        ticket: u32,
        /// Message id.
        message: String,
    },
    /// The time of a reply came, and it did not go out: somebody has to look at it again.
    #[serde(rename = "reply.held_back")]
    ReplyHeldBack {
        /// Ordinal.
        ticket: u32,
        /// Message id.
        message: String,
        /// `customer_wrote`, or the code of what is in its way.
        because: String,
    },
    /// A held reply was taken back.
    #[serde(rename = "reply.cancelled")]
    ReplyCancelled {
        /// Ordinal.
        ticket: u32,
        /// Message id.
        message: String,
    },
    /// A reply that waited for approval does not go out.
    #[serde(rename = "reply.rejected")]
    ReplyRejected {
        /// Ordinal.
        ticket: u32,
        /// Message id.
        message: String,
        /// Why, for its writer.
        note: Private<String>,
    },
    /// Messages of it became a ticket of their own.
    #[serde(rename = "ticket.split")]
    TicketSplit(Box<TicketSplit>),
    /// It is a report of another ticket.
    #[serde(rename = "parent.linked")]
    ParentLinked {
        /// Ordinal.
        ticket: u32,
        /// The other one.
        parent: TicketRef,
    },
    /// It no longer is.
    #[serde(rename = "parent.unlinked")]
    ParentUnlinked {
        /// Ordinal.
        ticket: u32,
        /// Id of the other one.
        parent: String,
    },
    /// Another ticket is a report of it.
    #[serde(rename = "child.linked")]
    ChildLinked {
        /// Ordinal.
        ticket: u32,
        /// The other one.
        child: TicketRef,
    },
    /// Another ticket no longer is.
    #[serde(rename = "child.unlinked")]
    ChildUnlinked {
        /// Ordinal.
        ticket: u32,
        /// Id of the other one.
        child: String,
    },
    /// Somebody is mentioned in a note that was written with it.
    #[serde(rename = "people.mentioned")]
    PeopleMentioned {
        /// Ordinal.
        ticket: u32,
        /// Message id of the note.
        note: String,
        /// Who.
        mentions: Mentions,
    },
    /// An internal note.
    #[serde(rename = "note.written")]
    NoteWritten {
        /// Ordinal.
        ticket: u32,
        /// The note.
        text: Private<String>,
    },
    /// Assigned to a person or a team, or to nobody.
    #[serde(rename = "assignment.changed")]
    AssignmentChanged {
        /// Ordinal.
        ticket: u32,
        /// Person id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<String>,
        /// Team id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        team: Option<String>,
        /// Why it is this person, if nobody said so by hand.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<Box<Because>>,
    },
    /// Another status.
    #[serde(rename = "status.changed")]
    StatusChanged {
        /// Ordinal.
        ticket: u32,
        /// Status id of the pack.
        status: String,
        /// Its category at that time.
        category: Category,
        /// Free text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Private<String>>,
    },
    /// Another priority, with the policy that now applies.
    #[serde(rename = "priority.changed")]
    PriorityChanged {
        /// Ordinal.
        ticket: u32,
        /// The new priority.
        priority: Priority,
        /// The policy that it leads to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy: Option<ResolvedPolicy>,
    },
    /// Another policy applies because something else changed, or the pack did.
    #[serde(rename = "policy.changed")]
    PolicyChanged {
        /// Ordinal.
        ticket: u32,
        /// The policy that applies now; none if none does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy: Option<ResolvedPolicy>,
        /// What changed: `assignment`, `escalation`, `fields`, `tags` or `pack`.
        because: String,
    },
    /// Custom fields; null removes one.
    #[serde(rename = "fields.changed")]
    FieldsChanged {
        /// Ordinal.
        ticket: u32,
        /// Names and new values.
        set: Private<Map<String, Value>>,
    },
    /// Tags.
    #[serde(rename = "tags.changed")]
    TagsChanged {
        /// Ordinal.
        ticket: u32,
        /// Tags to add.
        #[serde(default)]
        add: Vec<String>,
        /// Tags to take off.
        #[serde(default)]
        remove: Vec<String>,
    },
    /// Handed to another team because this one cannot resolve it.
    #[serde(rename = "ticket.escalated")]
    TicketEscalated {
        /// Ordinal.
        ticket: u32,
        /// Team id.
        team: String,
        /// Free text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Private<String>>,
    },
    /// It is in another queue.
    #[serde(rename = "queue.changed")]
    QueueChanged {
        /// Ordinal.
        ticket: u32,
        /// Queue id.
        queue: String,
        /// The queue's team.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        team: Option<String>,
        /// The routing rule, if one did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<String>,
    },
    /// A rule of the pack applied: what follows it under its id is what it did.
    #[serde(rename = "automation.fired")]
    AutomationFired(Box<AutomationFired>),
    /// A rule of the pack would have applied, and was kept from going round in circles.
    #[serde(rename = "automation.held")]
    AutomationHeld(Box<AutomationHeld>),
    /// The reply that a rule of the pack wanted was written, or could not be.
    #[serde(rename = "automation.replied")]
    AutomationReplied(Box<AutomationReplied>),
    /// Somebody applied a macro: what follows under its id is what it did.
    #[serde(rename = "macro.applied")]
    MacroApplied {
        /// Ordinal.
        ticket: u32,
        /// Macro id.
        #[serde(rename = "macro")]
        macro_id: String,
        /// What people call it.
        name: String,
        /// The version of the pack that it is from.
        version: u32,
    },
    /// Something that subscribers want to be told.
    #[serde(rename = "notice.raised")]
    NoticeRaised {
        /// Ordinal.
        ticket: u32,
        /// A word by which they know what it is about.
        notice: String,
        /// Free text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Private<String>>,
    },
    /// Somebody began a run of a playbook on it.
    #[serde(rename = "run.begun")]
    RunBegun {
        /// Ordinal.
        ticket: u32,
        /// Public id of the run.
        run: String,
        /// Playbook id.
        playbook: String,
        /// The version of the pack that it goes by.
        version: u32,
    },
    /// A run came to an outcome.
    #[serde(rename = "run.ended")]
    RunEnded {
        /// Ordinal.
        ticket: u32,
        /// Public id of the run.
        run: String,
        /// Playbook id.
        playbook: String,
        /// Node id of the outcome.
        outcome: String,
        /// How: `answer`, `request` or `escalation`.
        ending: String,
    },
    /// A request of the customer was recorded in a run.
    #[serde(rename = "request.recorded")]
    RequestRecorded {
        /// Ordinal.
        ticket: u32,
        /// Public id of the run.
        run: String,
        /// What is requested.
        request: RequestKind,
        /// Its values.
        data: Private<Map<String, Value>>,
    },
    /// It is out of sight for a time, or back in it by hand.
    #[serde(rename = "ticket.snoozed")]
    TicketSnoozed {
        /// Ordinal.
        ticket: u32,
        /// Until then; none: no longer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
    /// The time is over for which it was out of sight.
    #[serde(rename = "ticket.woken")]
    TicketWoken {
        /// Ordinal.
        ticket: u32,
        /// Which time.
        until: DateTime<Utc>,
    },
    /// Nobody said anything for as long as a rule of the pack waits: what follows, if nobody did.
    #[serde(rename = "silence.passed")]
    SilencePassed {
        /// Ordinal.
        ticket: u32,
        /// Since when.
        since: DateTime<Utc>,
        /// How long the rule waits.
        after_seconds: u64,
        /// Status id that follows; none: the customer was reminded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// Its category.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Category>,
    },
    /// It comes back to whom it was handed over by: the others are done with it.
    #[serde(rename = "ticket.returned")]
    TicketReturned {
        /// Ordinal.
        ticket: u32,
        /// The issue that was finished, if that is why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        issue: Option<Issue>,
    },
    /// Its agent looked at what the others had done.
    #[serde(rename = "ticket.validated")]
    TicketValidated {
        /// Ordinal.
        ticket: u32,
        /// It is as it should be; else it goes back.
        accepted: bool,
        /// Free text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Private<String>>,
    },
    /// An article of the knowledge base helped, or did not after all.
    #[serde(rename = "article.linked")]
    ArticleLinked {
        /// Ordinal.
        ticket: u32,
        /// Public id of the article.
        article: String,
        /// It did.
        linked: bool,
    },
    /// It waits for an issue in another system, or no longer does.
    #[serde(rename = "issue.linked")]
    IssueLinked {
        /// Ordinal.
        ticket: u32,
        /// Which.
        issue: Issue,
        /// It does.
        linked: bool,
    },
    /// Another system reported on an issue that it waits for.
    #[serde(rename = "issue.reported")]
    IssueReported {
        /// Ordinal.
        ticket: u32,
        /// Which.
        issue: Issue,
        /// The status that it now has there.
        status: String,
        /// That means that it is finished.
        done: bool,
        /// When, as that system says: reports overtake each other.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<DateTime<Utc>>,
    },
    /// We told another system about an issue; where it stands there since.
    #[serde(rename = "issue.told")]
    IssueTold {
        /// Ordinal.
        ticket: u32,
        /// Which.
        issue: Issue,
        /// The status that it has there.
        status: String,
        /// That means that it is finished.
        done: bool,
    },
    /// It goes up in another ticket.
    #[serde(rename = "ticket.merged")]
    TicketMerged {
        /// Ordinal.
        ticket: u32,
        /// The other one.
        into: TicketRef,
        /// The other one's ordinal if it is of this conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        here: Option<u32>,
        /// The status that it has while it is merged, of category `closed`.
        status: String,
        /// The customer's oldest message without an answer, as the other one is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unanswered: Option<DateTime<Utc>>,
        /// It is of another customer, and whoever merged it said that this is meant.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        different_customers: bool,
    },
    /// Another ticket goes up in it.
    #[serde(rename = "ticket.absorbed")]
    TicketAbsorbed {
        /// Ordinal.
        ticket: u32,
        /// The other one.
        from: TicketRef,
        /// The other one's ordinal if it is of this conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        here: Option<u32>,
        /// Since when the customer of the other one waits for an answer, if so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unanswered: Option<DateTime<Utc>>,
        /// The pack's status of category `open`, should that re-open it.
        open_status: String,
    },
    /// It comes out of the ticket again that it was merged into.
    #[serde(rename = "ticket.unmerged")]
    TicketUnmerged {
        /// Ordinal.
        ticket: u32,
        /// Id of the other one.
        from: String,
        /// The pack's status of category `open`, for a ticket on which the customer wrote meanwhile.
        open_status: String,
        /// Nobody undid it: the other ticket went, or had gone, up in this one, and that merge was the earlier one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        superseded_by: Option<TicketRef>,
    },
    /// Another ticket comes out of it again.
    #[serde(rename = "ticket.released")]
    TicketReleased {
        /// Ordinal.
        ticket: u32,
        /// Id of the other one.
        from: String,
    },
    /// The ticket that it is merged into was told what was said on this one's conversation.
    #[serde(rename = "merged.told")]
    MergedTold {
        /// Ordinal.
        ticket: u32,
        /// What it was told.
        said: Said,
    },
    /// Something was said on the conversation of a ticket that is merged into this one.
    #[serde(rename = "merged.heard")]
    MergedHeard {
        /// Ordinal.
        ticket: u32,
        /// Id of the other one.
        from: String,
        /// What was said; the text is there.
        said: Said,
        /// The pack's status of category `open`, should that re-open it.
        open_status: String,
    },
    /// The provider reported on something that was sent.
    #[serde(rename = "delivery.reported")]
    DeliveryReported {
        /// The provider's id of our message.
        #[serde(with = "relevo_journal::private")]
        external_id: String,
        /// What it says.
        state: DeliveryState,
        /// Its error, without personal data.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// The message's id, where the provider gave back ours.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// Sending came to an end.
    #[serde(rename = "delivery.concluded")]
    DeliveryConcluded {
        /// Message id.
        message: String,
        /// The provider's id if it was accepted.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "relevo_journal::private")]
        external_id: Option<String>,
        /// Why it was given up, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failed: Option<String>,
    },
    /// It could not be delivered the way it was to go, and goes another way by the pack's rule.
    #[serde(rename = "delivery.rerouted")]
    DeliveryRerouted {
        /// Message id.
        message: String,
        /// Channel slug of the new way.
        channel: String,
        /// Account of the new way.
        account: String,
        /// Stream name of the outbox entry that carries it now.
        outbox: String,
        /// Why not the first way, without personal data.
        why: String,
    },
    /// A file of a message was brought from its provider into the store.
    #[serde(rename = "file.kept")]
    FileKept(Box<FileKept>),
    /// A file of a message could not be brought into the store, and is given up.
    #[serde(rename = "file.lost")]
    FileLost {
        /// Message id.
        message: String,
        /// Id of the delivery that was to fetch it.
        fetched_by: String,
        /// Why, without personal data.
        why: String,
    },
    /// A message that had been given up is tried again.
    #[serde(rename = "delivery.retried")]
    DeliveryRetried {
        /// Message id.
        message: String,
    },
    /// Those concerned were told about a target.
    #[serde(rename = "notice.sent")]
    NoticeSent {
        /// Ordinal.
        ticket: u32,
        /// Target instance (`first_response.1`).
        instance: String,
        /// `w50`, `w80` …, `breach`, or `e1` … for a step of the escalation.
        threshold: String,
        /// Who was told: person ids.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        to: Vec<String>,
        /// Thresholds passed before, of which nobody was told: this notice stands for them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        folded: Vec<String>,
    },
    /// A lead's word that a breach does not count.
    #[serde(rename = "sla.excused")]
    BreachExcused {
        /// Ordinal.
        ticket: u32,
        /// Target instance (`first_response.1`).
        instance: String,
        /// Free text.
        reason: Private<String>,
    },
    /// The customer was asked how it went, or was not, and why.
    #[serde(rename = "survey.decided")]
    SurveyDecided(Box<SurveyDecided>),
    /// Something else that a provider reported.
    #[serde(rename = "event.received")]
    EventReceived {
        /// The provider's name for it.
        kind: String,
        /// The payload.
        data: Private<Value>,
        /// What it means to the conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        means: Option<Box<Meaning>>,
    },
}

impl ConversationEvent {
    /// Its name and what it says, as a history shows it.
    pub fn named(&self) -> (String, Map<String, Value>) {
        // As it is stored: an object with one member, the name's.
        let Ok(Value::Object(stored)) = serde_json::to_value(self) else { return Default::default() };
        match stored.into_iter().next() {
            Some((name, Value::Object(data))) => (name, data),
            Some((name, _)) => (name, Map::new()),
            None => Default::default(),
        }
    }
}
