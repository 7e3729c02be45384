//! The schemas: of requests from the types that read them, of answers from `shapes.json`, which holds the shapes that
//! clients rely on. Answers may have more fields than their schema names.

use super::words;
use crate::api;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

/// Shapes that no single type of this crate stands for.
const SHAPES: &str = include_str!("shapes.json");

/// All schemas by name.
pub fn all() -> Map<String, Value> {
    let mut all: Map<String, Value> = serde_json::from_str(SHAPES).unwrap_or_default();
    requests(&mut all);
    for (name, words) in [
        ("AddressKind", words::address_kind()),
        ("Category", words::category()),
        ("Priority", words::priority()),
        ("Role", words::role()),
    ] {
        put(&mut all, name, &words);
    }
    all
}

fn requests(all: &mut Map<String, Value>) {
    add::<api::ApplyMacro>(all);
    add::<api::ArticleArchival>(all);
    add::<api::ArticleChange>(all);
    add::<api::ArticleFile>(all);
    add::<api::ArticleImport>(all);
    add::<api::ArticleLink>(all);
    add::<api::ArticlePublication>(all);
    add::<api::Assignment>(all);
    add::<api::AuditDispute>(all);
    add::<api::AuditResolution>(all);
    add::<api::Erasure>(all);
    add::<api::ContactMerge>(all);
    add::<api::ContactUnmerge>(all);
    add::<api::DirectoryAccount>(all);
    add::<api::DirectoryPerson>(all);
    add::<api::Escalation>(all);
    add::<api::LegalHold>(all);
    add::<api::IssueLink>(all);
    add::<api::NewIssue>(all);
    add::<api::Merge>(all);
    add::<api::NewAbsence>(all);
    add::<api::NewAudit>(all);
    add::<api::NewDraft>(all);
    add::<api::NewDraftOfTicket>(all);
    add::<api::NewExcuse>(all);
    add::<api::NewNote>(all);
    add::<api::NewParent>(all);
    add::<api::NewPresence>(all);
    add::<api::NewPriority>(all);
    add::<api::NewReply>(all);
    add::<api::NewRun>(all);
    add::<api::NewStatus>(all);
    add::<api::NewSubscriber>(all);
    add::<api::NewTicket>(all);
    add::<api::NewToken>(all);
    add::<api::PreviewTemplate>(all);
    add::<api::PublishTemplate>(all);
    add::<api::RenderRequest>(all);
    add::<api::Rendered>(all);
    add::<api::ReplyApproval>(all);
    add::<api::Rotation>(all);
    add::<api::RunAnswer>(all);
    add::<api::SeenMentions>(all);
    add::<api::Snooze>(all);
    add::<api::Split>(all);
    add::<api::SurveyConsent>(all);
    add::<api::SurveyReview>(all);
    add::<api::TagChange>(all);
    add::<api::TestTemplate>(all);
    add::<api::Validation>(all);
}

/// A type's schema and those that it refers to.
fn add<T: ToSchema + PartialSchema>(all: &mut Map<String, Value>) {
    let mut found: Vec<(String, RefOr<Schema>)> = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut found);
    for (name, schema) in found {
        put(all, &name, &schema);
    }
}

fn put(all: &mut Map<String, Value>, name: &str, schema: &impl Serialize) {
    if let Ok(schema) = serde_json::to_value(schema) {
        all.insert(name.to_owned(), schema);
    }
}
