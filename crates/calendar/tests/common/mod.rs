//! Shared by the tests of this crate.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod any;

use chrono::{DateTime, Utc};
use relevo_calendar::Calendar;
use serde_json::Value;

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub fn calendar(document: &Value) -> Calendar {
    Calendar::parse(document).unwrap_or_else(|problems| panic!("{document}: {problems:?}"))
}
