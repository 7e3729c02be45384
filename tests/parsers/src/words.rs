//! Targets for what stands in bodies, queries and headers of the API.

use relevo_domain::card_number;
use relevo_domain::category::Category;
use relevo_domain::kpi::{GroupBy, Report};
use relevo_domain::objects;
use relevo_domain::sla::{Recipient, Threshold};
use relevo_domain::worklist::Order;
use relevo_edge::api;
use relevo_edge::trace::Trace;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::Target;
use crate::corpus::root;

const WORDS: [&str; 8] = [
    "to_be_validated",
    "agent",
    "overview",
    "w80",
    "w600s",
    "e2",
    "team:support",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
];

/// All of them.
pub fn targets() -> Vec<Target> {
    let words = WORDS.iter().map(|word| word.as_bytes().to_vec()).collect();
    vec![Target::new("body", bodies(), body), Target::new("words", words, word)]
}

/// Examples of every document that the API takes.
fn bodies() -> Vec<Vec<u8>> {
    let path = root().join("crates/edge/src/openapi/examples.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let examples: Map<String, Value> = serde_json::from_str(&text).expect("JSON");
    examples.values().map(|example| example.to_string().into_bytes()).collect()
}

fn body(bytes: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else { return };
    read::<api::Assignment>(&document);
    read::<api::Erasure>(&document);
    read::<api::Escalation>(&document);
    read::<api::LegalHold>(&document);
    read::<api::NewDraft>(&document);
    read::<api::NewExcuse>(&document);
    read::<api::NewNote>(&document);
    read::<api::NewPriority>(&document);
    read::<api::NewReply>(&document);
    read::<api::NewStatus>(&document);
    read::<api::NewSubscriber>(&document);
    read::<api::NewTicket>(&document);
    read::<api::NewToken>(&document);
    read::<api::PreviewTemplate>(&document);
    read::<api::PublishTemplate>(&document);
    read::<api::RenderRequest>(&document);
    read::<api::Rotation>(&document);
    read::<api::SurveyConsent>(&document);
    read::<api::SurveyReview>(&document);
    read::<api::TagChange>(&document);
    read::<api::TestTemplate>(&document);
}

fn read<T: DeserializeOwned>(document: &Value) {
    let read = objects::read::<T>(document.clone());
    assert!(document.is_object() || read.is_err(), "only an object is a document: {document}");
}

fn word(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(trace) = Trace::parse(text) {
        assert_eq!((trace.id.len(), trace.span.len()), (32, 16), "{text}");
    }
    let same = |written: &str| assert_eq!(written, text);
    GroupBy::parse(text).iter().for_each(|by| same(by.as_str()));
    Report::parse(text).iter().for_each(|report| same(report.name()));
    Order::parse(text).iter().for_each(|order| same(order.as_str()));
    if let Some(masked) = card_number::mask(text) {
        assert_eq!(masked.len(), text.len(), "a star for a digit: {text}");
    }
    let _ = (Category::parse(text), Recipient::parse(text), Threshold::parse(text));
}
