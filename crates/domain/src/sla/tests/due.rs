//! What has to be told, once each, and when to look again.

use super::*;
use crate::sla::Threshold;

fn standard(lines: &str) -> Timeline {
    story(true, Some(&policy("standard")), lines)
}

/// What is due at a time: time, instance and threshold.
fn items(timeline: &Timeline, now: &str) -> Vec<String> {
    let item = |item: crate::sla::DueItem| {
        // Named by the first that it tells of; steps come after the breach.
        let warned = |threshold: &&Threshold| {
            item.threshold != Threshold::Breach || matches!(threshold, Threshold::Warn(_))
        };
        let first = item.folded.first().filter(warned).unwrap_or(&item.threshold);
        assert_eq!(item.notice_id(), format!("notice:{}:{first}", item.instance));
        format!("{} {} {}", item.at.format("%d %H:%M"), item.instance, item.threshold)
    };
    timeline.due_items(&Calendars::new(), at(now)).into_iter().map(item).collect()
}

fn next(timeline: &Timeline) -> Option<String> {
    timeline.next_due(&Calendars::new()).map(|at| at.format("%d %H:%M").to_string())
}

#[test]
fn each_threshold_is_due_once() {
    // Two hours from 10:00: 50 % at 11:00, 80 % at 11:36, ten minutes before at 11:50.
    let mut ticket = standard("05 10:00 write");
    assert_eq!(next(&ticket).unwrap(), "05 11:00");
    assert_eq!(items(&ticket, "05 10:59:59"), [""; 0]);
    for (now, due, after) in [
        ("05 11:00", "05 11:00 first_response.1 w50", "05 11:36"),
        ("05 11:40", "05 11:36 first_response.1 w80", "05 11:50"),
        ("05 11:50", "05 11:50 first_response.1 w600s", "05 12:00"),
    ] {
        assert_eq!(items(&ticket, now), [due]);
        assert_eq!(items(&ticket, now), [due], "again: nothing was told yet");
        let (_, id) = due.split_at(9);
        let (instance, threshold) = id.split_once(' ').unwrap();
        ticket.notice(instance, threshold, at(now), &[], &[]);
        assert_eq!(items(&ticket, now), [""; 0]);
        assert_eq!(next(&ticket).unwrap(), after);
    }
    assert_eq!(items(&ticket, "05 12:00"), ["05 12:00 first_response.1 breach"]);
    ticket.notice("first_response.1", "breach", at("05 12:01"), &[], &[]);
    assert_eq!(items(&ticket, "09 12:00"), ["07 10:00 full_resolution.1 breach"]);
    assert_eq!(next(&ticket).unwrap(), "07 10:00");
    ticket.notice("full_resolution.1", "breach", at("09 12:00"), &[], &[]);
    assert_eq!((items(&ticket, "31 12:00"), next(&ticket)), (vec![], None));
}

#[test]
fn after_missed_ticks_only_what_is_worth_telling_is_told() {
    let mut ticket = standard("05 10:00 write");
    // 50 and 80 percent went by: only the later one, and the earlier never again.
    assert_eq!(items(&ticket, "05 11:40"), ["05 11:36 first_response.1 w80"]);
    ticket.notice("first_response.1", "w80", at("05 11:40"), &[], &[]);
    assert_eq!((items(&ticket, "05 11:45"), next(&ticket).unwrap()), (vec![], "05 11:50".to_owned()));
    // Missed altogether: only that. A day off later, one notice per target.
    assert_eq!(items(&standard("05 10:00 write"), "05 13:00"), ["05 12:00 first_response.1 breach"]);
    assert_eq!(
        items(&standard("05 10:00 write"), "09 13:00"),
        ["05 12:00 first_response.1 breach", "07 10:00 full_resolution.1 breach"]
    );
}

#[test]
fn a_late_answer_between_two_ticks_is_told_of() {
    let late = standard("05 10:00 write\n 05 12:30 reply");
    assert_eq!(items(&late, "05 12:40"), ["05 12:00 first_response.1 breach"]);
    assert_eq!(next(&late).unwrap(), "05 12:00");
    let told = standard("05 10:00 write\n 05 12:30 reply\n 05 12:40 notice first_response.1 breach");
    assert_eq!((items(&told, "05 13:00"), next(&told).unwrap()), (vec![], "07 10:00".to_owned()));
    // An answer in time ends the warnings too.
    let in_time = standard("05 10:00 write\n 05 11:30 reply");
    assert_eq!(items(&in_time, "05 12:30"), [""; 0]);
    // A cancelled target that was missed before.
    let solved = standard("05 10:00 write\n 05 12:30 solved");
    assert_eq!(items(&solved, "05 13:00"), ["05 12:00 first_response.1 breach"]);
}

#[test]
fn nothing_is_due_while_it_is_paused() {
    let target = json!({"seconds": 7200, "calendar": "calendar_time", "warn": [50]});
    let policy = one("full_resolution", target, &["waiting_for_customer"]);
    let paused = story(true, Some(&policy), "05 09:00 write\n 05 09:30 waiting_for_customer");
    assert_eq!((items(&paused, "06 09:00"), next(&paused)), (vec![], None));
    let resumed =
        story(true, Some(&policy), "05 09:00 write\n 05 09:30 waiting_for_customer\n 06 09:00 open");
    assert_eq!(next(&resumed).unwrap(), "06 09:30");
    assert_eq!(items(&resumed, "06 09:30"), ["06 09:30 full_resolution.1 w50"]);
    // A warning that was passed before the pause is told of during it.
    let passed = story(true, Some(&policy), "05 09:00 write\n 05 10:30 waiting_for_customer");
    assert_eq!(
        (items(&passed, "05 11:00"), next(&passed).unwrap()),
        (vec!["05 10:00 full_resolution.1 w50".to_owned()], "05 10:00".to_owned())
    );
}

#[test]
fn a_changed_policy_tells_by_its_own_terms() {
    let urgent = standard("05 10:00 write\n 05 10:15 policy urgent");
    assert_eq!(next(&urgent).unwrap(), "05 10:30");
    assert_eq!(items(&urgent, "05 10:30"), ["05 10:30 first_response.1 w50"]);
    // Half was used before the terms began: the warning is of their beginning.
    let late = standard("05 10:00 write\n 05 10:45 policy urgent");
    assert_eq!(items(&late, "05 10:45"), ["05 10:45 first_response.1 w50"]);
    // A warning that was told under the old terms is not told again.
    let told = standard("05 10:00 write\n 05 10:40 notice first_response.1 w50\n 05 10:45 policy urgent");
    assert_eq!((items(&told, "05 10:50"), next(&told).unwrap()), (vec![], "05 11:00".to_owned()));
}

#[test]
fn notices_that_mean_nothing_are_passed_over() {
    let plain = standard("05 10:00 write");
    let mut ticket = plain.clone();
    ticket.notice("first_response.9", "w50", at("05 11:00"), &[], &[]);
    ticket.notice("first_response.1", "soon", at("05 11:00"), &[], &[]);
    assert_eq!(ticket, plain);
    ticket.notice("first_response.1", "w50", at("05 11:00"), &[], &[]);
    let once = ticket.clone();
    ticket.notice("first_response.1", "w50", at("05 11:01"), &[], &[]);
    assert_eq!(ticket, once, "the first counts");
}

#[test]
fn thresholds_are_text() {
    for text in ["w50", "w99", "w3600s", "breach", "e1", "e10"] {
        assert_eq!(Threshold::parse(text).unwrap().to_string(), text);
        assert_eq!(serde_json::to_value(Threshold::parse(text).unwrap()).unwrap(), text);
    }
    for text in ["", "w", "50", "ws", "w-1", "w1.5", "Breach", "w300", "w50 ", "e", "e0", "e300"] {
        assert_eq!(Threshold::parse(text), None, "{text}");
    }
    assert!(serde_json::from_value::<Threshold>(json!("soon")).is_err());
}
