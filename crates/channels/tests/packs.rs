//! Between them the demo desks have an account of every channel, so that each can be tried.
#![allow(clippy::unwrap_used)]

use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_channel_has_an_account_at_some_desk() {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let mut found = BTreeSet::new();
    for desk in fs::read_dir(packs).unwrap() {
        let text = fs::read_to_string(desk.unwrap().path().join("channels.json")).unwrap();
        found.extend(
            serde_json::from_str::<Map<String, Value>>(&text).unwrap().into_iter().map(|(slug, _)| slug),
        );
    }
    assert_eq!(found.into_iter().collect::<Vec<_>>(), relevo_channels::SLUGS);
}
