//! For what a contact's STOP holds, and what undoes it.
#![allow(clippy::expect_used)] // a test that cannot go on fails

use chrono::DateTime;
use relevo_domain::contact::{Contact, ContactEvent, Way};
use relevo_journal::{Event, EventId, Fold, Hlt};
use serde_json::{Value, json};

/// A contact to which these events happened, as they are stored.
fn contact(events: &[Value]) -> Contact {
    let mut contact = Contact::default();
    for (n, event) in (1_u64..).zip(events) {
        let data: ContactEvent = serde_json::from_value(event.clone()).expect("an event");
        let id = EventId::new(format!("e{n}")).expect("an id");
        let at = DateTime::from_timestamp(1_770_000_000, 0).expect("an instant");
        contact.apply(&Event { id, hlt: Hlt(n), at, by: "channel".into(), tag: 0, data });
    }
    contact
}

fn way<'a>(channel: &'a str, account: &'a str, sender: Option<&'a str>) -> Way<'a> {
    Way { channel, account: Some(account), sender }
}

fn stop(account: &str, sender: Option<&str>) -> Value {
    json!({"contact.opted_out": {"channel": "twilio-sms", "account": account, "sender": sender}})
}

fn start(account: &str, sender: Option<&str>) -> Value {
    json!({"contact.opted_in": {"channel": "twilio-sms", "account": account, "sender": sender}})
}

#[test]
fn a_stop_holds_for_the_account_it_was_said_to_and_no_other() {
    let known = contact(&[stop("one", None)]);
    assert!(known.stopped(&way("twilio-sms", "one", None)).is_some());
    for other in
        [way("twilio-sms", "two", None), way("whatsapp", "one", None), way("twilio-sms", "two", Some("MG1"))]
    {
        assert_eq!(known.stopped(&other), None, "{other:?}");
    }
}

#[test]
fn the_numbers_of_one_messaging_service_are_one_sender() {
    let known = contact(&[stop("one", Some("MG1"))]);
    assert!(known.stopped(&way("twilio-sms", "two", Some("MG1"))).is_some());
    assert_eq!(known.stopped(&way("twilio-sms", "two", Some("MG2"))), None);
    assert!(contact(&[stop("one", Some("MG1")), start("two", Some("MG1"))]).opt_outs.is_empty());
}

#[test]
fn a_start_undoes_what_was_said_there_and_nothing_else() {
    let known = contact(&[stop("one", None), stop("two", None), start("one", None)]);
    assert_eq!(known.stopped(&way("twilio-sms", "one", None)), None);
    assert!(known.stopped(&way("twilio-sms", "two", None)).is_some());
    assert_eq!(contact(&[stop("one", None), stop("one", None)]).opt_outs.len(), 1, "said twice is said once");
}

#[test]
fn what_earlier_versions_wrote_holds_for_the_whole_channel() {
    let old = json!({"contact.opted_out": {"channel": "twilio-sms"}});
    let known = contact(std::slice::from_ref(&old));
    assert!(known.stopped(&way("twilio-sms", "any", None)).is_some());
    assert_eq!(known.stopped(&way("whatsapp", "any", None)), None);
    assert!(contact(&[old.clone(), start("one", None)]).opt_outs.is_empty());
    assert!(contact(&[old, json!({"contact.opted_in": {"channel": "twilio-sms"}})]).opt_outs.is_empty());
}
