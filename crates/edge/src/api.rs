//! The bodies of API requests. Unknown fields are refused: a misspelt one must not be lost in silence.

use chrono::{DateTime, Utc};
use relevo_domain::action::Action;
use relevo_domain::outbox;
use relevo_domain::pack::{Priority, Role};
use relevo_domain::survey::Verdict;
use relevo_domain::worklist;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

mod answering;

pub use answering::*;

/// `POST …/tickets`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTicket {
    /// Channel slug.
    #[schema(max_length = 32)]
    pub channel: String,
    /// Account name; `main` if not given.
    #[schema(max_length = 32)]
    #[serde(default = "main_account")]
    pub account: String,
    /// Whom it is about, and where replies go.
    pub contact: NewContact,
    /// What it is about.
    #[serde(default)]
    pub subject: Option<String>,
    /// Queue id; else by routing.
    #[serde(default)]
    pub queue: Option<String>,
    /// Priority; else by routing.
    #[schema(schema_with = crate::openapi::words::optional_priority)]
    #[serde(default)]
    pub priority: Option<Priority>,
    /// Custom fields.
    #[schema(value_type = Object)]
    #[serde(default)]
    pub fields: Map<String, Value>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Person id of the assignee.
    #[serde(default)]
    pub agent: Option<String>,
}

fn main_account() -> String {
    "main".to_owned()
}

/// Whom a new ticket is about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContact {
    /// Telephone number, e-mail address or the provider's user id.
    #[schema(min_length = 1, max_length = 320, pattern = r"\S")]
    pub address: String,
    /// What kind of address it is; found out from its form if not given.
    #[schema(schema_with = crate::openapi::words::optional_address_kind)]
    #[serde(default)]
    pub kind: Option<relevo_domain::message::AddressKind>,
    /// The contact's name.
    #[serde(default)]
    pub name: Option<String>,
    /// BCP 47 tag.
    #[serde(default)]
    pub locale: Option<String>,
}

/// `PUT …/directory/accounts/{customer}`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryAccount {
    /// What is known of it, in place of what was.
    #[schema(value_type = Object)]
    pub values: Map<String, Value>,
    /// E-mail domains of those who belong to it.
    #[serde(default)]
    pub domains: Vec<String>,
}

/// `PUT …/directory/people`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryPerson {
    /// Where they write from.
    pub addresses: Vec<DirectoryAddress>,
    /// Id of the account that they belong to.
    #[serde(default)]
    pub account: Option<String>,
    /// What is known of them, in place of what was.
    #[schema(value_type = Object)]
    #[serde(default)]
    pub values: Map<String, Value>,
}

/// Where somebody in the directory writes from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryAddress {
    /// Telephone number, e-mail address or a provider's user id.
    #[schema(min_length = 1, max_length = 320, pattern = r"\S")]
    pub address: String,
    /// What kind of address it is; found out from its form if not given.
    #[schema(schema_with = crate::openapi::words::optional_address_kind)]
    #[serde(default)]
    pub kind: Option<relevo_domain::message::AddressKind>,
    /// Channel slug, where the address means something there alone.
    #[serde(default)]
    pub channel: Option<String>,
}

/// `POST …/replies`: a text, or a template with its data.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReply {
    /// What the customer reads.
    #[schema(min_length = 1, max_length = 32768, pattern = r"\S")]
    #[serde(default)]
    pub text: Option<String>,
    /// Name of a template of the pack.
    #[serde(default)]
    pub template: Option<String>,
    /// The last message that its writer has seen (`last_said`): refused if another was written since. `If-Match` says the
    /// same.
    #[schema(max_length = 64)]
    #[serde(default)]
    pub after: Option<String>,
    /// Sent all the same, whatever was written since.
    #[serde(default)]
    pub despite: bool,
    /// BCP 47 tag; else the conversation's.
    #[serde(default)]
    pub locale: Option<String>,
    /// The template's data.
    #[schema(value_type = Object)]
    #[serde(default)]
    pub data: Map<String, Value>,
    /// Files that were put into `…/files` before; at most ten.
    #[serde(default)]
    pub attachments: Vec<ReplyFile>,
    /// When it goes out; until then it can be cancelled.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default)]
    pub send_at: Option<DateTime<Utc>>,
    /// Buttons below the text, where the channel has them.
    #[serde(default)]
    pub choices: Vec<ReplyChoice>,
}

/// A file of a reply.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyFile {
    /// As `…/files` answered it.
    #[schema(pattern = "^(blob|sha256):[0-9a-f]{64}$")]
    pub reference: String,
    /// Name that the recipient sees; absent: as it was put into the store, or came in.
    #[serde(default)]
    pub filename: Option<String>,
    /// MIME type; absent: the same.
    #[serde(default)]
    pub mime_type: Option<String>,
}

/// Something that the recipient can choose.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyChoice {
    /// Comes back when it is chosen.
    #[schema(min_length = 1, max_length = 64, pattern = r"\S")]
    pub id: String,
    /// What the recipient reads.
    #[schema(min_length = 1, max_length = 20, pattern = r"\S")]
    pub title: String,
}

/// `POST …/contacts/merge`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactMerge {
    /// Id of the contact that stands for both from now on.
    pub into: String,
    /// Id of the contact that becomes part of it.
    pub from: String,
}

/// `POST …/contacts/unmerge`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactUnmerge {
    /// Id of the contact that stands for itself again.
    pub from: String,
}

/// `POST …/notes`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    /// The note.
    #[schema(min_length = 1, max_length = 32768, pattern = r"\S")]
    pub text: String,
}

/// `POST …/assignment`: a person, a team, both, or (`"agent": null`) nobody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1)]
pub struct Assignment {
    /// Person id; null: nobody.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "said")]
    pub agent: Option<Option<String>>,
    /// Team id.
    #[serde(default)]
    pub team: Option<String>,
}

/// What was said, also if it was null; what was not is left to `default`.
fn said<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// `POST …/status`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStatus {
    /// Status id of the pack, or a category's name.
    pub status: String,
    /// Free text.
    #[serde(default)]
    pub reason: Option<String>,
}

/// `PUT …/draft`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDraftOfTicket {
    /// All that there is by now; empty: merely begun.
    #[schema(max_length = 32768)]
    pub text: String,
    /// The last message that its writer has seen.
    #[schema(max_length = 64)]
    #[serde(default)]
    pub after: Option<String>,
}

/// `POST …/snooze`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Snooze {
    /// Out of sight until then, or until the customer writes; null: back in sight.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<DateTime<Utc>>,
}

/// `POST …/validation`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// What the others finished is as it should be; else it goes back to them.
    pub accepted: bool,
    /// Free text; a rejection needs one.
    #[serde(default)]
    pub reason: Option<String>,
}

/// `POST …/issues`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueLink {
    /// The system that it is in: `jira`.
    pub system: String,
    /// What that system calls it, as `CAMP-123`; either this or `open`.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub key: Option<String>,
    /// Have an issue made there, for which the ticket waits as soon as it exists.
    #[serde(default)]
    pub open: Option<NewIssue>,
    /// The ticket waits for it; false: no longer.
    #[serde(default = "yes")]
    pub linked: bool,
}

/// An issue that is to be made in another system.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIssue {
    /// The project's key; none: the one that the account has for the ticket's team, else its own.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 50)]
    pub project: Option<String>,
    /// What it is about, in a line.
    #[schema(min_length = 1, max_length = 255)]
    pub summary: String,
    /// All that is known, a paragraph a line.
    #[serde(default)]
    #[schema(max_length = 30000)]
    pub description: String,
}

fn yes() -> bool {
    true
}

/// `POST …/merge`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// Id of the ticket that this one goes up in.
    #[schema(pattern = "^tkt_[a-z2-7]{26}_[0-9]+$")]
    pub into: String,
    /// The two are of different customers, and that is meant; contacts that were merged are one customer.
    #[serde(default)]
    pub different_customers: bool,
}

/// `POST …/priority`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPriority {
    /// The priority.
    #[schema(schema_with = crate::openapi::words::priority)]
    pub priority: Priority,
}

/// `POST …/sla/excuse`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExcuse {
    /// An instance (`next_response.2`), or a name (`next_response`) for the last one of it that was missed.
    pub target: String,
    /// Why the breach does not count.
    pub reason: String,
}

/// `POST …/escalation`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// Team id.
    pub team: String,
    /// Free text.
    #[serde(default)]
    pub reason: Option<String>,
}

/// `POST …/contacts/{contact}/erasure`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Erasure {
    /// Why, for the ledger.
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S")]
    pub reason: String,
}

/// `POST …/contacts/{contact}/hold`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LegalHold {
    /// Whether the contact's data must be kept from now on.
    pub held: bool,
    /// Why.
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S")]
    pub reason: String,
}

/// `POST …/tags`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TagChange {
    /// Tags to add.
    #[serde(default)]
    pub add: Vec<String>,
    /// Tags to take off.
    #[serde(default)]
    pub remove: Vec<String>,
}

/// `POST …/people/{person}/absences`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAbsence {
    /// From when on; now if not given.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default)]
    pub from: Option<DateTime<Utc>>,
    /// Until when; until it is ended if not given.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
    /// Id of who takes over rights and work; else those whom the pack names take over the work.
    #[serde(default)]
    pub substitute: Option<String>,
}

/// `POST …/people/{person}/presence`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPresence {
    /// `available`: takes work; `away`: none for now.
    #[schema(pattern = "^(available|away)$")]
    pub presence: String,
}

/// `POST …/tickets/bulk`: tickets by id, by a view or by a filter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewBulk {
    /// Ticket ids.
    #[serde(default)]
    pub tickets: Option<Vec<String>>,
    /// Id of a saved view, whose live tickets are meant.
    #[serde(default)]
    pub view: Option<String>,
    /// A filter, whose live tickets are meant.
    #[serde(default)]
    pub filter: Option<worklist::Filter>,
    /// A ticket whose children are meant.
    #[serde(default)]
    pub children_of: Option<String>,
    /// What is done to each, in this order: all or nothing.
    pub actions: Vec<Action>,
}

/// `POST …/macro`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyMacro {
    /// Macro id.
    #[serde(rename = "macro")]
    pub macro_id: String,
    /// What its template asks for.
    #[serde(default)]
    pub data: Map<String, Value>,
}

/// `POST …/views`, `PUT …/views/{view}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewView {
    /// What people call it.
    pub name: String,
    /// It is everybody's.
    #[serde(default)]
    pub shared: bool,
    /// Which tickets.
    #[serde(default)]
    pub filter: worklist::Filter,
    /// In which order.
    #[serde(default)]
    pub order: worklist::Order,
}

/// `POST …/tokens`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Person id of the pack; any name for a service.
    #[schema(min_length = 1, max_length = 64)]
    pub person: String,
    /// What it may do: at most what the pack gives the person.
    #[schema(schema_with = crate::openapi::words::role)]
    pub role: Role,
    /// Days until it ends; else it does not.
    #[schema(minimum = 1, maximum = 3650)]
    #[serde(default)]
    pub expires_days: Option<u32>,
    /// The operations (`operationId`s of this document) that it is limited to; empty: all of the role.
    #[schema(max_items = 100)]
    #[serde(default)]
    pub operations: Vec<String>,
}

/// `POST …/tokens/{token}/rotation`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// How long the old token stays valid; 0 ends it at once.
    #[schema(minimum = 0, maximum = 43200)]
    #[serde(default = "an_hour")]
    pub overlap_minutes: u32,
}

fn an_hour() -> u32 {
    60
}

/// `POST …/subscribers`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSubscriber {
    /// Where to post.
    #[schema(pattern = "^https?://")]
    pub url: String,
    /// Event types; empty: all.
    #[serde(default)]
    pub events: Vec<String>,
    /// Which tickets; of each list one must fit, and a list that is empty asks for nothing.
    #[serde(default)]
    pub only: SubscriberFilter,
}

/// Which tickets a subscriber wants to hear of.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SubscriberFilter {
    /// Channel slugs.
    pub channels: Vec<String>,
    /// Priorities.
    #[schema(schema_with = crate::openapi::words::priorities)]
    pub priorities: Vec<Priority>,
    /// Queue ids.
    pub queues: Vec<String>,
    /// Tags. Events about ratings tell of channel and queue alone.
    pub tags: Vec<String>,
}

/// `POST …/templates/{template}/render`, and what components ask of each other.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenderRequest {
    /// BCP 47 tag; else the desk's default.
    #[serde(default)]
    pub locale: Option<String>,
    /// Channel that it is rendered for.
    #[serde(default)]
    pub channel: Option<String>,
    /// The template's data.
    #[schema(value_type = Object)]
    #[serde(default)]
    pub data: Map<String, Value>,
    /// The reader's IANA time zone; else the desk's.
    #[schema(max_length = 64)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// A rendered template, as components pass it on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rendered {
    /// E-mail: the subject.
    #[serde(default)]
    pub subject: Option<String>,
    /// Plain text.
    #[serde(default)]
    pub text: Option<String>,
    /// E-mail: the formatted part.
    #[serde(default)]
    pub html: Option<String>,
    /// WhatsApp: the approved template to use instead of text.
    #[serde(default)]
    pub whatsapp: Option<WhatsappTemplate>,
    /// The locale that was used.
    #[serde(default)]
    pub locale: String,
    /// The template's name, also where it was asked for by its shortcut.
    #[serde(default)]
    pub template: String,
}

/// An approved template of WhatsApp with its parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhatsappTemplate {
    /// Name at the provider.
    pub name: String,
    /// Language code at the provider.
    pub language: String,
    /// Body parameters in order.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// Their names, in the same order; none if they go by position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// What goes into the header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<TemplateHeader>,
    /// What goes into the buttons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<TemplateButton>,
}

/// What goes into the header of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TemplateHeader {
    /// `text`, or the kind of file: `image`, `video`, `document`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The variable's value, or the file's address.
    pub value: String,
    /// The variable's name, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What goes into a button of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TemplateButton {
    /// Place of the button, from 0.
    pub index: u8,
    /// `url`, `quick_reply`, `copy_code`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The variable's value.
    pub value: String,
}

impl From<WhatsappTemplate> for outbox::WhatsappTemplate {
    fn from(given: WhatsappTemplate) -> Self {
        let header = given.header.map(|header| outbox::TemplateHeader {
            kind: header.kind,
            value: header.value.into(),
            name: header.name,
        });
        let buttons = given.buttons.into_iter().map(|button| outbox::TemplateButton {
            index: button.index,
            kind: button.kind,
            value: button.value.into(),
        });
        Self {
            name: given.name,
            language: given.language,
            parameters: given.parameters.into_iter().map(Into::into).collect(),
            names: given.names,
            header,
            buttons: buttons.collect(),
        }
    }
}

/// `POST …/templates/{template}/drafts`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDraft {
    /// The template, as it would stand in the pack.
    #[schema(value_type = Object)]
    pub template: Value,
    /// What it is about.
    #[schema(max_length = 500)]
    #[serde(default)]
    pub note: Option<String>,
}

/// `POST …/templates/{template}/publish`: the draft, or an earlier version.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishTemplate {
    /// Go back to the template of this version of the pack; else the draft is published.
    #[schema(minimum = 1)]
    #[serde(default)]
    pub version: Option<u32>,
    /// What it is about.
    #[schema(max_length = 500)]
    #[serde(default)]
    pub note: Option<String>,
}

/// `POST …/templates/{template}/preview`: in all its languages, side by side.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewTemplate {
    /// Channel slug, or `email`, `sms`, `text`.
    pub channel: String,
    /// Ticket id; what is known of it takes the place of the examples.
    #[serde(default)]
    pub ticket: Option<String>,
    /// Takes the place of the examples and of what is known of the ticket.
    #[schema(value_type = Object)]
    #[serde(default)]
    pub data: Map<String, Value>,
    /// The draft and not what is published.
    #[serde(default)]
    pub draft: bool,
    /// IANA time zone; UTC if none.
    #[serde(default)]
    pub time_zone: Option<String>,
}

/// `POST …/templates/{template}/test`: sends it to the caller.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestTemplate {
    /// Channel slug.
    #[schema(max_length = 32)]
    pub channel: String,
    /// Account name; `main` if not given.
    #[schema(max_length = 32)]
    #[serde(default = "main_account")]
    pub account: String,
    /// BCP 47 tag; else the desk's default.
    #[serde(default)]
    pub locale: Option<String>,
    /// Takes the place of the examples.
    #[schema(value_type = Object)]
    #[serde(default)]
    pub data: Map<String, Value>,
    /// The draft and not what is published.
    #[serde(default)]
    pub draft: bool,
}

/// `POST …/surveys/{survey}/review`: whether an answer counts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SurveyReview {
    /// `counted`, `disputed` (left out until somebody has looked into it) or `excluded`.
    #[schema(schema_with = crate::openapi::words::verdict)]
    pub verdict: Verdict,
    /// Why.
    #[schema(min_length = 1, max_length = 4000, pattern = r"\S")]
    pub reason: String,
}

/// `POST …/contacts/{contact}/surveys`: whether a person wants to be asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SurveyConsent {
    /// Does not want to.
    pub declined: bool,
}

/// What a component asks the one that has calendars.
#[derive(Debug, Serialize, Deserialize)]
pub struct NextOpen {
    /// Desk.
    pub desk: String,
    /// Calendar of the pack in force.
    pub calendar: String,
    /// From when on.
    pub at: DateTime<Utc>,
}

/// When a calendar opens.
#[derive(Debug, Serialize, Deserialize)]
pub struct OpensAt {
    /// Then, or at once.
    pub at: DateTime<Utc>,
}

/// What a component asks another to render for a desk.
#[derive(Debug, Serialize, Deserialize)]
pub struct Compose {
    /// Desk.
    pub desk: String,
    /// Template name.
    pub template: String,
    /// What to render.
    pub request: RenderRequest,
    /// What is known of the ticket (`contact_name`, `ticket_number`, `agent_name`): goes in where the template
    /// declares it and `request.data` does not give it.
    #[serde(default)]
    pub offered: Map<String, Value>,
    /// Account that it will be sent through: its provider may have to have approved the template.
    #[serde(default)]
    pub account: Option<String>,
    /// What is known of the reader's time zone; one that there is not is as good as none.
    #[serde(default)]
    pub time_zone: Option<String>,
}

/// `POST …/playbooks/{playbook}/runs`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRun {
    /// The ticket that it is about.
    #[schema(pattern = "^tkt_[a-z2-7]{26}_[0-9]+$")]
    #[serde(default)]
    pub ticket: Option<String>,
}

/// `POST …/runs/{run}/answers`: what the kind of the node takes, and nothing else.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunAnswer {
    /// The node that is answered: refused if the run is elsewhere by now.
    #[schema(max_length = 64)]
    pub node: String,
    /// Question: id of the choice.
    #[schema(max_length = 64)]
    #[serde(default)]
    pub choice: Option<String>,
    /// Identity check: ids of the checks that fitted.
    #[serde(default)]
    pub confirmed: Option<Vec<String>>,
    /// Action: whether it was done.
    #[serde(default)]
    pub done: Option<bool>,
    /// Data entry: the values by field.
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    pub data: Option<Map<String, Value>>,
}

/// What the templates component is asked to check.
#[derive(Debug, Serialize, Deserialize)]
pub struct Compile {
    /// The pack.
    pub pack: Value,
}

/// `POST …/articles`, `PUT …/articles/{article}`: what is to be another; nothing stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArticleChange {
    /// Language of the title and the body.
    #[serde(default)]
    pub locale: Option<String>,
    /// Title.
    #[serde(default)]
    pub title: Option<String>,
    /// Markdown.
    #[serde(default)]
    pub body: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: Option<Vec<String>>,
    /// Person id of who sees to it; empty: nobody.
    #[serde(default)]
    pub owner: Option<String>,
    /// The day on which it is to be looked at again; empty: none.
    #[serde(default)]
    pub review_on: Option<String>,
    /// The client company that it is of; empty: the whole desk's. A new one of somebody who works for one alone is that one's
    /// if nothing is said.
    #[serde(default)]
    pub partition: Option<String>,
}

/// `POST …/articles/{article}/publish`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArticlePublication {
    /// Language.
    pub locale: String,
    /// The version to go back to; none: the draft.
    #[schema(minimum = 1)]
    #[serde(default)]
    pub version: Option<u32>,
}

/// `POST …/articles/{article}/archive`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArticleArchival {
    /// It is out of use.
    pub archived: bool,
}

/// `POST …/articles/import`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArticleImport {
    /// The files.
    pub items: Vec<ArticleFile>,
    /// Publish what they say; else it becomes drafts.
    #[serde(default)]
    pub publish: bool,
    /// Only say what would become of them.
    #[serde(default)]
    pub dry_run: bool,
}

/// A file of a folder.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArticleFile {
    /// Path within the folder.
    pub path: String,
    /// What is in it.
    pub markdown: String,
}

/// `POST …/tickets/{ticket}/articles`: either of both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArticleLink {
    /// Id of an article that helped.
    #[serde(default)]
    pub article: Option<String>,
    /// What was looked for and not found.
    #[serde(default)]
    pub missing: Option<String>,
}

/// Things to do at once at a desk.
#[derive(Debug, Serialize, Deserialize)]
pub struct Kick {
    /// Desk.
    pub desk: String,
    /// Stream names.
    pub streams: Vec<String>,
}

/// An item that was read back from its provider.
#[derive(Debug, Serialize, Deserialize)]
pub struct ItemRead {
    /// Desk.
    pub desk: String,
    /// Channel slug.
    pub channel: String,
    /// Account name.
    pub account: String,
    /// What happened to it: the type of the event that named it.
    pub kind: String,
    /// The item as the provider gave it.
    pub item: Value,
}

/// A kept request that is to be read once more.
#[derive(Debug, Serialize, Deserialize)]
pub struct Again {
    /// Desk.
    pub desk: String,
    /// Channel slug.
    pub channel: String,
    /// Account name.
    pub account: String,
    /// Content address of the request.
    pub request: String,
    /// Id of the problem because of which it was kept.
    pub problem: String,
    /// What the problem's item is known by.
    pub external_id: String,
}
