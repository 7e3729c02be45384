//! What `cargo xtask new-channel` makes compiles, believes nobody and fails each of its cases until it is written.

#[path = "../../../xtask/src/new_channel/channel.rs.txt"]
mod made;

use crate::hostile::case::Case;
use crate::{Account, Channel, Secret, Unverified};
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method};
use serde_json::Value;

const CHANNEL: Channel =
    Channel { slug: "unwritten", handshake: made::handshake, verify: made::verify, parse: made::parse };

/// The cases as they are made, with what they must give.
fn made_cases() -> Vec<(Case, Value)> {
    let text = include_str!("../../../xtask/src/new_channel/cases.json");
    let cases: Vec<Value> = serde_json::from_str(text).unwrap();
    let made = cases.iter().map(|made| {
        let case = Case {
            folder: made["case"].as_str().unwrap().into(),
            request: Unverified {
                method: Method::POST,
                path_and_query: "/hooks/school/unwritten/main".to_owned(),
                headers: HeaderMap::new(),
                body: made["body"].as_str().unwrap().into(),
            },
            account: Account { secrets: vec![Secret::new("a-test-secret")], ..Account::default() },
            now: DateTime::<Utc>::UNIX_EPOCH,
        };
        (case, made["expected"].clone())
    });
    made.collect()
}

#[test]
fn a_channel_that_is_not_written_fails_each_of_its_cases() {
    let cases = made_cases();
    assert_eq!(cases.len(), 3);
    for (case, expected) in cases {
        assert_ne!(case.result(&CHANNEL), expected, "{}", case.folder.display());
    }
}

#[test]
fn a_channel_that_is_not_written_believes_nobody_and_understands_nothing() {
    for (case, _) in made_cases() {
        assert!((CHANNEL.verify)(case.request(), &case.account, case.now).is_err());
        assert!((CHANNEL.parse)(&case.request().verified(case.now), &case.account).is_err());
    }
}

#[test]
fn its_cases_are_of_each_kind_that_every_channel_must_have() {
    let kinds: Vec<_> = made_cases().into_iter().map(|(_, expected)| expected).collect();
    let has = |key: &str| kinds.iter().any(|expected| expected.get(key).is_some());
    assert!(["items", "refused", "malformed"].into_iter().all(has), "{kinds:?}");
}
