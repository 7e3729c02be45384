//! What a person reads about a target.

use super::*;

/// The log of one instance.
fn log(timeline: &Timeline, now: &str, instance: &str) -> Vec<String> {
    let views = timeline.evaluate(&Calendars::new(), at(now));
    let view = views.into_iter().find(|view| view.instance == instance).unwrap();
    let line = |entry: &crate::sla::LogEntry| {
        format!("{} {}: {}", entry.at.format("%d %H:%M"), entry.event, entry.why)
    };
    view.log.iter().map(line).collect()
}

fn standard(lines: &str) -> Timeline {
    story(true, Some(&policy("standard")), lines)
}

#[test]
fn a_response_in_time() {
    assert_eq!(
        log(
            &standard("05 10:00 write\n 05 11:01 notice first_response.1 w50\n 05 11:30 reply"),
            "06 12:00",
            "first_response.1"
        ),
        [
            "05 10:00 activated: customer wrote; policy standard: 2 h of calendar office, due 2026-01-05 12:00",
            "05 11:01 warned: 1 h 1 min of 2 h used (w50)",
            "05 11:30 fulfilled: customer answered; 1 h 30 min used",
        ]
    );
}

#[test]
fn a_response_too_late() {
    assert_eq!(
        log(
            &standard(
                "05 10:00 write\n 05 12:05 notice first_response.1 breach\n 05 12:25 reply\n 05 13:00 excuse first_response.1 lea outage"
            ),
            "06 12:00",
            "first_response.1"
        ),
        [
            "05 10:00 activated: customer wrote; policy standard: 2 h of calendar office, due 2026-01-05 12:00",
            "05 12:00 breached: due 2026-01-05 12:00 and not done; told at 2026-01-05 12:05",
            "05 12:25 fulfilled: customer answered; 2 h 25 min used, 25 min after it was due",
            "05 13:00 excused: by lea: outage",
        ]
    );
}

#[test]
fn pauses_say_what_they_moved() {
    let lines = "05 09:00 write
        05 09:30 reply
        05 14:02 waiting_for_customer
        05 16:30 open
        06 16:00 waiting_for_customer
        07 10:00 open
        07 12:00 waiting_for_customer";
    assert_eq!(
        log(&standard(lines), "07 13:00", "full_resolution.1"),
        [
            "05 09:00 activated: ticket opened; policy standard: 16 h of calendar office, due 2026-01-06 17:00",
            "05 14:02 paused: waiting for customer",
            "05 16:30 resumed: paused 14:02–16:30 waiting for customer, due moved from 2026-01-06 17:00 to 2026-01-07 11:28",
            "06 16:00 paused: waiting for customer",
            "07 10:00 resumed: paused 2026-01-06 16:00 – 2026-01-07 10:00 waiting for customer, due moved from 2026-01-07 11:28 to 2026-01-07 13:28",
            "07 12:00 paused: waiting for customer",
        ]
    );
}

#[test]
fn times_are_those_of_the_calendar() {
    let policy =
        one("full_resolution", json!({"seconds": 7200, "calendar": "madrid"}), &["waiting_for_others"]);
    let lines = "05 08:00 write\n 05 08:30 waiting_for_others\n 05 09:00 open\n 05 11:00 solved";
    assert_eq!(
        log(&story(true, Some(&policy), lines), "06 12:00", "full_resolution.1"),
        [
            "05 08:00 activated: ticket opened; policy p: 2 h of calendar madrid, due 2026-01-05 11:00",
            "05 08:30 paused: waiting for others",
            "05 09:00 resumed: paused 09:30–10:00 waiting for others, due moved from 2026-01-05 11:00 to 2026-01-05 11:30",
            "05 10:30 breached: due 2026-01-05 11:30 and not done",
            "05 11:00 fulfilled: ticket solved; 2 h 30 min used, 30 min after it was due",
        ]
    );
}

#[test]
fn a_change_of_policy_says_what_it_changed() {
    assert_eq!(
        log(
            &standard(
                "05 09:00 write\n 05 09:10 reply\n 05 10:00 waiting_for_customer\n 05 11:00 policy urgent\n 05 12:00 open"
            ),
            "05 12:30",
            "full_resolution.1"
        ),
        [
            "05 09:00 activated: ticket opened; policy standard: 16 h of calendar office, due 2026-01-06 17:00",
            "05 10:00 paused: waiting for customer",
            "05 11:00 changed: priority changed, policy standard → urgent: 4 h of calendar office, due moved from 2026-01-06 17:00 to 2026-01-05 13:00",
        ]
    );
    assert_eq!(
        log(&standard("05 10:00 write\n 05 11:00 policy none"), "05 12:30", "first_response.1")
            .last()
            .unwrap(),
        "05 11:00 cancelled: policy changed; 1 h used"
    );
    let late = standard("05 10:00 write\n 05 11:30 policy urgent");
    assert_eq!(
        log(&late, "05 12:00", "first_response.1"),
        [
            "05 10:00 activated: customer wrote; policy standard: 2 h of calendar office, due 2026-01-05 12:00",
            "05 11:30 changed: priority changed, policy standard → urgent: 1 h of calendar time, due moved from 2026-01-05 12:00 to 2026-01-05 11:00",
            "05 11:30 breached: due 2026-01-05 11:00 and not done",
        ]
    );
}

#[test]
fn a_breach_that_is_undone_by_an_earlier_reply_says_so() {
    // The notice was given at 12:05; then a reply of 11:59 became visible, which sorts before it.
    let undone = standard("05 10:00 write\n 05 11:59 reply\n 05 12:05 notice first_response.1 breach");
    assert_eq!(
        log(&undone, "05 13:00", "first_response.1"),
        [
            "05 10:00 activated: customer wrote; policy standard: 2 h of calendar office, due 2026-01-05 12:00",
            "05 11:59 fulfilled: customer answered; 1 h 59 min used",
            "05 12:05 corrected: a breach was told of at 2026-01-05 12:05; what is known now undoes it",
        ]
    );
    let view = &undone.evaluate(&Calendars::new(), at("05 13:00"))[1];
    assert_eq!((view.breached_at, view.met_at), (None, Some(at("05 11:59"))));
}

#[test]
fn the_view_is_the_public_shape() {
    let view = &standard("05 10:00 write\n 05 11:00 reply").evaluate(&Calendars::new(), at("05 12:00"))[1];
    let mut json = serde_json::to_value(view).unwrap();
    assert_eq!(json["log"][0]["event"], "activated");
    json["log"] = json!([]);
    assert_eq!(
        json,
        json!({
            "name": "first_response", "instance": "first_response.1", "state": "met",
            "due": "2026-01-05T12:00:00Z", "met_at": "2026-01-05T11:00:00Z", "breached_at": null,
            "policy": "standard", "calendar": "office", "seconds": 7200, "used_seconds": 3600,
            "excused": false, "problem": null, "log": []
        })
    );
}
