//! Every case under `tests/fixtures/<channel>/` gives what its `expected.json` says; `UPDATE_EXPECT=1` writes
//! it anew. Then every accepted case is tampered with in every way its provider's signature should notice.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test")]

#[path = "support/case.rs"]
mod case;
#[path = "support/tamper.rs"]
mod tamper;

use case::cases;
use relevo_channels::CHANNELS;

#[test]
fn every_case_gives_what_it_expects() {
    let mut failures = Vec::new();
    for channel in CHANNELS {
        let cases = cases(channel.slug);
        assert!(!cases.is_empty(), "{} has no cases", channel.slug);
        failures.extend(cases.iter().filter_map(|case| case.check(channel).err()));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn every_channel_accepts_some_case_and_refuses_some() {
    for channel in CHANNELS {
        let results: Vec<_> = cases(channel.slug).iter().map(|case| case.result(channel)).collect();
        for kind in ["items", "refused", "malformed"] {
            assert!(results.iter().any(|result| result.get(kind).is_some()), "{}: no {kind}", channel.slug);
        }
    }
}

#[test]
fn a_case_read_again_gives_the_same() {
    for channel in CHANNELS {
        for case in cases(channel.slug) {
            assert_eq!(case.result(channel), case.result(channel), "{}", case.folder.display());
        }
    }
}

#[test]
fn every_way_of_tampering_is_refused() {
    for channel in CHANNELS {
        for case in cases(channel.slug) {
            if case.result(channel).get("items").is_some() {
                tamper::check(channel, &case);
            }
        }
    }
}
