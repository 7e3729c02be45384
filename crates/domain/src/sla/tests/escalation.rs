//! Who is told after a breach, one step after another.

use super::*;
use crate::sla::{Escalation, Recipient};

/// A first response of an hour on the wall; steps at once, after half an hour and after two hours.
fn chain(hours: Option<&str>) -> ResolvedPolicy {
    let mut policy = one(
        "first_response",
        json!({"seconds": 3600, "calendar": "calendar_time", "warn": [50]}),
        &["waiting_for_customer"],
    );
    let mut escalation: Escalation = serde_json::from_value(json!({"steps": [
        {"after_seconds": 0, "to": ["assignee"]},
        {"after_seconds": 1800, "to": ["lead"]},
        {"after_seconds": 7200, "to": ["manager", "person:boss"]}
    ]}))
    .unwrap();
    escalation.hours = hours.map(str::to_owned);
    policy.escalation = Some(escalation);
    policy
}

fn ticket(hours: Option<&str>, lines: &str) -> Timeline {
    story(true, Some(&chain(hours)), lines)
}

/// What is due: threshold, what it stands for, who is told.
fn items(timeline: &Timeline, now: &str) -> Vec<String> {
    let item = |item: crate::sla::DueItem| {
        let folded: Vec<_> = item.folded.iter().map(ToString::to_string).collect();
        let to: Vec<_> = item.to.iter().map(ToString::to_string).collect();
        format!(
            "{} {} [{}] to {}",
            item.at.format("%d %H:%M"),
            item.threshold,
            folded.join(","),
            to.join(",")
        )
    };
    timeline.due_items(&Calendars::new(), at(now)).into_iter().map(item).collect()
}

fn next(timeline: &Timeline) -> Option<String> {
    timeline.next_due(&Calendars::new()).map(|at| at.format("%d %H:%M").to_string())
}

#[test]
fn each_step_has_its_delay() {
    let mut lines = "05 09:00 write\n 05 09:30 notice first_response.1 w50".to_owned();
    for (now, due) in [
        // The first step is at once: one notice stands for both.
        ("05 10:00", "05 10:00 breach [e1] to assignee"),
        ("05 10:30", "05 10:30 e2 [] to lead"),
        ("05 12:00", "05 12:00 e3 [] to manager,person:boss"),
    ] {
        let waiting = ticket(None, &lines);
        assert_eq!(next(&waiting).unwrap(), &due[..8]);
        assert_eq!(items(&waiting, now), [due]);
        let threshold = due.split(' ').nth(2).unwrap();
        let folded = if threshold == "breach" { "for e1" } else { "" };
        lines += &format!("\n {now} notice first_response.1 {threshold} {folded}");
    }
    assert_eq!((items(&ticket(None, &lines), "06 09:00"), next(&ticket(None, &lines))), (vec![], None));
}

#[test]
fn it_ends_with_an_answer_or_an_excuse() {
    let begun = "05 09:00 write\n 05 10:00 notice first_response.1 breach for e1";
    for end in ["05 10:20 reply", "05 10:20 closed", "05 10:20 excuse first_response.1 lea outage"] {
        let ended = ticket(None, &format!("{begun}\n {end}"));
        assert_eq!((items(&ended, "05 12:00"), next(&ended)), (vec![], None), "{end}");
    }
}

#[test]
fn after_a_day_off_one_notice_stands_for_all() {
    let forgotten = ticket(None, "05 09:00 write");
    assert_eq!(
        items(&forgotten, "06 09:00"),
        ["05 10:00 breach [w50,e1,e2,e3] to assignee,lead,manager,person:boss"]
    );
    let told = ticket(None, "05 09:00 write\n 05 10:00 notice first_response.1 breach for e1");
    assert_eq!(items(&told, "06 09:00"), ["05 12:00 e3 [e2] to lead,manager,person:boss"]);
    let all = ticket(None, "05 09:00 write\n 06 09:00 notice first_response.1 breach for w50,e1,e2,e3");
    assert_eq!((items(&all, "07 09:00"), next(&all)), (vec![], None));
}

#[test]
fn in_quiet_hours_delays_stand_still() {
    // Missed on Monday at 16:50; the office closes at 17:00 and opens at 9:00.
    let evening = ticket(Some("office"), "05 15:50 write\n 05 16:50 notice first_response.1 breach for e1");
    assert_eq!(next(&evening).unwrap(), "06 09:20");
    assert_eq!(items(&evening, "06 09:19"), [""; 0]);
    assert_eq!(items(&evening, "06 09:20"), ["06 09:20 e2 [] to lead"]);
    // Missed at night: the first step is of the morning, the breach itself is not put off.
    let night = ticket(Some("office"), "05 20:00 write");
    assert_eq!(items(&night, "05 21:00"), ["05 21:00 breach [w50] to assignee"]);
    let told = ticket(Some("office"), "05 20:00 write\n 05 21:00 notice first_response.1 breach");
    assert_eq!(next(&told).unwrap(), "06 09:00");
}

#[test]
fn it_follows_the_targets_that_it_names() {
    let mut policy = chain(None);
    policy.escalation.as_mut().unwrap().targets = vec!["full_resolution".to_owned()];
    let waiting = story(true, Some(&policy), "05 09:00 write\n 05 10:00 notice first_response.1 breach");
    assert_eq!((items(&waiting, "06 09:00"), next(&waiting)), (vec![], None));
}

#[test]
fn the_log_says_who_was_told() {
    let lines = "05 09:00 write
        05 09:30 notice first_response.1 w50 to ana
        05 10:00 notice first_response.1 breach to ana for e1
        05 12:01 notice first_response.1 e3 to boss,lea for e2
        05 12:30 reply";
    let view = &ticket(None, lines).evaluate(&Calendars::new(), at("05 13:00"))[0];
    let log: Vec<_> = view.log.iter().map(|entry| format!("{}: {}", entry.event, entry.why)).collect();
    assert_eq!(
        log,
        [
            "activated: customer wrote; policy p: 1 h of calendar time, due 2026-01-05 10:00",
            "warned: 30 min of 1 h used (w50); told to ana",
            "breached: due 2026-01-05 10:00 and not done; told at 2026-01-05 10:00 to ana, also for e1",
            "escalated: step 3, 2 h 1 min after it was due; told to boss, lea, also for e2",
            "fulfilled: customer answered; 3 h 30 min used, 2 h 30 min after it was due",
        ]
    );
}

#[test]
fn what_is_wrong_with_a_chain_is_said_with_its_place() {
    let check = |escalation: serde_json::Value| -> Vec<String> {
        let policy: Policy = serde_json::from_value(json!({
            "name": "p", "targets": {"first_response": {"seconds": 60, "calendar": "office"}},
            "escalation": escalation
        }))
        .unwrap();
        policy.check(|name| name == "office").into_iter().map(|(place, _)| place).collect()
    };
    let steps = json!([{"after_seconds": 0, "to": ["lead"]}]);
    assert_eq!(check(json!({"steps": steps, "hours": "office", "targets": ["first_response"]})), [""; 0]);
    assert_eq!(
        check(json!({"steps": steps, "hours": "night", "targets": ["next_response"]})),
        ["/escalation/hours", "/escalation/targets/0"]
    );
    assert_eq!(check(json!({"steps": []})), ["/escalation/steps"]);
    let steps = json!([{"after_seconds": 60, "to": ["lead"]}, {"after_seconds": 60, "to": []}, {"after_seconds": 99_999_999, "to": ["lead"]}]);
    assert_eq!(
        check(json!({"steps": steps})),
        ["/escalation/steps/1/after_seconds", "/escalation/steps/1/to", "/escalation/steps/2/after_seconds"]
    );
    for text in ["boss", "team:", "person:", "", "lead:x", "queue:x"] {
        assert_eq!(Recipient::parse(text), None, "{text}");
        let step = json!({"steps": [{"after_seconds": 0, "to": [text]}]});
        assert!(serde_json::from_value::<Escalation>(step).is_err(), "{text}");
    }
}
