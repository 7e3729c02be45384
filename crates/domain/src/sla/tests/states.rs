//! When targets start, run, pause and end.

use super::*;

fn standard(lines: &str) -> Timeline {
    story(true, Some(&policy("standard")), lines)
}

fn agent_opened(lines: &str) -> Timeline {
    story(false, Some(&policy("standard")), lines)
}

/// Of one target only.
fn of(timeline: &Timeline, now: &str, name: &str) -> Vec<String> {
    states(timeline, now).into_iter().filter(|line| line.starts_with(name)).collect()
}

#[test]
fn first_response_runs_from_the_first_message_to_the_first_reply() {
    let waiting = standard("05 10:00 write");
    assert_eq!(
        states(&waiting, "05 11:00"),
        ["full_resolution.1 running, due 07 10:00", "first_response.1 running, due 05 12:00"]
    );
    // A second message changes nothing, a reply meets it.
    let answered = standard("05 10:00 write\n 05 10:30 write\n 05 11:00 reply");
    assert_eq!(of(&answered, "05 11:00", "first"), ["first_response.1 met, due 05 12:00, met 05 11:00"]);
    assert_eq!(of(&answered, "05 11:00", "next"), [""; 0]);
}

#[test]
fn a_target_runs_out_of_hours() {
    let night = standard("05 20:00 write");
    assert_eq!(of(&night, "05 21:00", "first"), ["first_response.1 running, due 06 11:00"]);
    // Friday evening: Monday.
    let weekend = standard("09 16:00 write");
    assert_eq!(of(&weekend, "10 12:00", "first"), ["first_response.1 running, due 12 10:00"]);
}

#[test]
fn a_ticket_of_an_agent_has_no_first_response() {
    let outbound = agent_opened("05 10:00 open\n 05 10:00 reply\n 05 11:00 write\n 05 12:00 reply");
    assert_eq!(outbound.first_response_at(), None);
    assert_eq!(
        states(&outbound, "05 12:00"),
        ["full_resolution.1 running, due 07 10:00", "next_response.1 met, due 05 15:00, met 05 12:00"]
    );
}

#[test]
fn next_response_has_an_instance_per_reply() {
    let talk = standard(
        "05 09:00 write
         05 09:10 reply
         05 10:00 write
         05 10:30 write
         05 11:00 reply
         05 11:30 reply
         05 16:00 write",
    );
    assert_eq!(
        of(&talk, "05 16:30", "next"),
        ["next_response.1 met, due 05 14:00, met 05 11:00", "next_response.2 running, due 06 12:00"]
    );
}

#[test]
fn without_a_first_response_target_the_first_message_has_a_next_response() {
    let policy = one("next_response", json!({"seconds": 3600, "calendar": "calendar_time"}), &[]);
    assert_eq!(
        states(&story(true, Some(&policy), "05 10:00 write"), "05 10:30"),
        ["next_response.1 running, due 05 11:00"]
    );
}

#[test]
fn a_reply_at_the_due_instant_is_in_time_and_one_after_it_is_not() {
    for (reply, expected) in [
        ("05 12:00", "first_response.1 met, due 05 12:00, met 05 12:00"),
        ("05 12:00:01", "first_response.1 breached, due 05 12:00, met 05 12:00:01, breached 05 12:00"),
    ] {
        let answered = standard(&format!("05 10:00 write\n {reply} reply"));
        assert_eq!(of(&answered, "05 13:00", "first"), [expected]);
    }
    // Without a reply it is missed at the instant itself, whenever one looks.
    let waiting = standard("05 10:00 write");
    assert_eq!(of(&waiting, "05 11:59:59", "first"), ["first_response.1 running, due 05 12:00"]);
    for now in ["05 12:00", "09 12:00"] {
        assert_eq!(
            of(&waiting, now, "first"),
            ["first_response.1 breached, due 05 12:00, breached 05 12:00"]
        );
    }
}

#[test]
fn used_up_at_closing_is_due_at_closing() {
    let evening = standard("05 15:00 write");
    assert_eq!(of(&evening, "05 16:00", "first"), ["first_response.1 running, due 05 17:00"]);
    assert_eq!(
        of(&standard("05 15:00 write\n 05 20:00 reply"), "06 10:00", "first"),
        ["first_response.1 breached, due 05 17:00, met 05 20:00, breached 05 17:00"]
    );
}

#[test]
fn resolution_pauses_where_the_policy_says_so_and_responses_do_not() {
    let pausing = "05 09:00 write
         05 10:00 waiting_for_customer";
    assert_eq!(
        states(&standard(pausing), "05 11:00"),
        ["full_resolution.1 paused", "first_response.1 breached, due 05 11:00, breached 05 11:00"]
    );
    // Two hours of pause, then an hour out of hours: due moves by what was open.
    let resumed = format!("{pausing}\n 05 12:00 open");
    assert_eq!(of(&standard(&resumed), "05 13:00", "full"), ["full_resolution.1 running, due 07 11:00"]);
    let overnight = format!("{pausing}\n 06 08:00 open");
    assert_eq!(of(&standard(&overnight), "06 13:00", "full"), ["full_resolution.1 running, due 07 16:00"]);
    // From one pause to another category that does not pause, and back.
    let twice =
        format!("{pausing}\n 05 11:00 waiting_for_others\n 05 12:00 waiting_for_customer\n 05 13:00 open");
    assert_eq!(of(&standard(&twice), "05 13:00", "full"), ["full_resolution.1 running, due 07 11:00"]);
}

#[test]
fn a_target_may_say_itself_where_it_pauses() {
    let target = json!({"seconds": 3600, "calendar": "calendar_time", "paused_in": ["waiting_for_others"]});
    let waiting = story(
        true,
        Some(&one("first_response", target, &["open"])),
        "05 09:00 write\n 05 09:30 waiting_for_others\n 05 11:00 open",
    );
    assert_eq!(states(&waiting, "05 11:10"), ["first_response.1 running, due 05 11:30"]);
    // An empty list: nowhere.
    let target = json!({"seconds": 3600, "calendar": "calendar_time", "paused_in": []});
    let never =
        story(true, Some(&one("full_resolution", target, &["open"])), "05 09:00 write\n 05 09:30 open");
    assert_eq!(states(&never, "05 09:40"), ["full_resolution.1 running, due 05 10:00"]);
}

#[test]
fn a_pause_at_the_due_instant_comes_first() {
    let target = json!({"seconds": 3600, "calendar": "calendar_time"});
    let policy = one("full_resolution", target, &["waiting_for_customer"]);
    let paused = story(true, Some(&policy), "05 09:00 write\n 05 10:00 waiting_for_customer");
    assert_eq!(states(&paused, "05 12:00"), ["full_resolution.1 paused"]);
    let resumed =
        story(true, Some(&policy), "05 09:00 write\n 05 10:00 waiting_for_customer\n 05 13:00 open");
    assert_eq!(states(&resumed, "05 13:00"), ["full_resolution.1 breached, due 05 13:00, breached 05 13:00"]);
    let missed =
        story(true, Some(&policy), "05 09:00 write\n 05 10:00:01 waiting_for_customer\n 05 13:00 open");
    assert_eq!(states(&missed, "05 13:00"), ["full_resolution.1 breached, due 05 10:00, breached 05 10:00"]);
}

#[test]
fn a_ticket_may_begin_paused_and_end_paused() {
    let target = json!({"seconds": 3600, "calendar": "calendar_time"});
    let policy = one("full_resolution", target, &["waiting_for_customer"]);
    let begun = story(false, Some(&policy), "05 09:00 open\n 05 09:00 waiting_for_customer");
    assert_eq!(states(&begun, "06 09:00"), ["full_resolution.1 paused"]);
    let resumed =
        story(false, Some(&policy), "05 09:00 open\n 05 09:00 waiting_for_customer\n 06 09:00 open");
    assert_eq!(states(&resumed, "06 09:00"), ["full_resolution.1 running, due 06 10:00"]);
    // Solved while it was paused: due as if it had gone on then.
    let solved = story(
        false,
        Some(&policy),
        "05 09:00 open\n 05 09:30 waiting_for_customer\n 06 09:00 solved\n 06 10:00 closed",
    );
    assert_eq!(states(&solved, "07 09:00"), ["full_resolution.1 met, due 06 09:30, met 06 09:00"]);
}

#[test]
fn what_happens_after_the_end_changes_nothing() {
    let answered = "05 09:00 write\n 05 10:00 reply\n 05 10:00 waiting_for_customer";
    assert_eq!(
        of(&standard(answered), "05 12:00", "first"),
        ["first_response.1 met, due 05 11:00, met 05 10:00"]
    );
}

#[test]
fn solving_meets_resolutions_and_cancels_what_was_not_answered() {
    let solved = standard("05 10:00 write\n 05 11:00 solved");
    assert_eq!(
        states(&solved, "05 12:00"),
        ["full_resolution.1 met, due 07 10:00, met 05 11:00", "first_response.1 cancelled, due 05 12:00"]
    );
    // What was missed before stays missed.
    let late = standard("05 10:00 write\n 05 13:00 solved");
    assert_eq!(
        of(&late, "05 14:00", "first"),
        ["first_response.1 breached, due 05 12:00, breached 05 12:00"]
    );
}

#[test]
fn closing_spam_and_merging_cancel() {
    for end in ["closed", "spam", "merge"] {
        let ended = standard(&format!("05 10:00 write\n 05 11:00 {end}"));
        assert_eq!(
            states(&ended, "05 14:00"),
            ["full_resolution.1 cancelled, due 07 10:00", "first_response.1 cancelled, due 05 12:00"],
            "{end}"
        );
    }
    // After solving, closing says nothing new.
    let closed = standard("05 10:00 write\n 05 11:00 reply\n 05 11:00 solved\n 06 11:00 closed");
    assert_eq!(of(&closed, "07 14:00", "full"), ["full_resolution.1 met, due 07 10:00, met 05 11:00"]);
}

#[test]
fn reopening_starts_the_full_resolution_again_and_only_that() {
    let policy = serde_json::from_value::<ResolvedPolicy>(json!({
        "policy": "p", "pack": 1, "targets": {
            "first_resolution": {"seconds": 3600, "calendar": "calendar_time"},
            "full_resolution": {"seconds": 7200, "calendar": "calendar_time"},
            "next_response": {"seconds": 1800, "calendar": "calendar_time"}
        }
    }))
    .unwrap();
    let reopened = story(
        true,
        Some(&policy),
        "05 09:00 write
         05 09:10 reply
         05 09:30 solved
         06 09:00 open
         06 09:00 write
         06 09:20 reply
         06 10:00 solved
         07 10:00 open",
    );
    assert_eq!(
        states(&reopened, "07 10:30"),
        [
            "first_resolution.1 met, due 05 10:00, met 05 09:30",
            "full_resolution.1 met, due 05 11:00, met 05 09:30",
            "next_response.1 met, due 05 09:30, met 05 09:10",
            "full_resolution.2 met, due 06 11:00, met 06 10:00",
            "next_response.2 met, due 06 09:30, met 06 09:20",
            "full_resolution.3 running, due 07 12:00",
        ]
    );
}

#[test]
fn an_unanswered_message_counts_again_when_the_ticket_is_reopened() {
    let back = standard("05 10:00 write\n 05 10:30 spam\n 06 10:00 open");
    assert_eq!(
        of(&back, "06 10:30", "first"),
        ["first_response.1 cancelled, due 05 12:00", "first_response.2 running, due 06 12:00"]
    );
    // A message to a ticket that stays spam starts nothing.
    let spam = standard("05 10:00 write\n 05 10:30 spam\n 05 11:00 write");
    assert_eq!(of(&spam, "05 11:30", "next"), [""; 0]);
}

#[test]
fn periodic_updates_start_again_with_each_reply_until_it_is_solved() {
    let policy =
        one("periodic_update", json!({"seconds": 7200, "calendar": "office"}), &["waiting_for_customer"]);
    let ticket = story(
        true,
        Some(&policy),
        "05 09:00 write
         05 10:00 reply
         05 12:30 reply
         05 12:45 waiting_for_customer
         05 14:00 open
         05 15:00 solved
         05 16:00 reply",
    );
    assert_eq!(
        states(&ticket, "06 12:00"),
        [
            "periodic_update.1 met, due 05 11:00, met 05 10:00",
            "periodic_update.2 breached, due 05 12:00, met 05 12:30, breached 05 12:00",
            "periodic_update.3 cancelled, due 05 15:45",
        ]
    );
}

#[test]
fn other_targets_start_and_stop_by_named_events() {
    let target =
        json!({"seconds": 3600, "calendar": "calendar_time", "start": "handed_over", "stop": "returned"});
    let policy = one("neighbours", target, &[]);
    let lines = "05 09:00 write\n 05 10:00 event handed_over\n 05 10:10 event handed_over\n 05 10:30 event returned\n 05 10:40 event other\n 05 12:00 event handed_over";
    assert_eq!(
        states(&story(true, Some(&policy), lines), "05 12:30"),
        ["neighbours.1 met, due 05 11:00, met 05 10:30", "neighbours.2 running, due 05 13:00"]
    );
}

#[test]
fn another_policy_applies_as_if_from_the_start() {
    // Urgent: an hour on the wall instead of two in the office; four office hours to solve instead of sixteen.
    let stricter = standard("05 10:00 write\n 05 10:15 policy urgent");
    assert_eq!(
        states(&stricter, "05 10:30"),
        ["full_resolution.1 running, due 05 14:00", "first_response.1 running, due 05 11:00"]
    );
    // What would have been due before is missed when the new terms begin.
    let overdue = standard("05 10:00 write\n 05 11:30 policy urgent\n 05 11:45 reply");
    assert_eq!(
        of(&overdue, "05 12:00", "first"),
        ["first_response.1 breached, due 05 11:00, met 05 11:45, breached 05 11:30"]
    );
    // A breach is not undone by milder terms.
    let milder =
        story(true, Some(&policy("urgent")), "05 10:00 write\n 05 11:15 policy standard\n 05 11:30 reply");
    assert_eq!(
        of(&milder, "05 12:00", "first"),
        ["first_response.1 breached, due 05 12:00, met 05 11:30, breached 05 11:00"]
    );
    let in_time =
        story(true, Some(&policy("urgent")), "05 10:00 write\n 05 10:45 policy standard\n 05 11:30 reply");
    assert_eq!(of(&in_time, "05 12:00", "first"), ["first_response.1 met, due 05 12:00, met 05 11:30"]);
    // Pauses count as the new policy has them: urgent does not pause.
    let paused =
        standard("05 09:00 write\n 05 09:00 reply\n 05 10:00 waiting_for_customer\n 05 11:00 policy urgent");
    assert_eq!(of(&paused, "05 12:00", "full"), ["full_resolution.1 running, due 05 13:00"]);
}

#[test]
fn a_policy_adds_and_takes_away_targets() {
    let none = story(true, None, "05 10:00 write");
    assert_eq!(states(&none, "05 11:00"), [""; 0]);
    // Added: from where they would have started.
    let added = story(true, None, "05 10:00 write\n 05 11:00 policy standard");
    assert_eq!(
        states(&added, "05 11:30"),
        ["full_resolution.1 running, due 07 10:00", "first_response.1 running, due 05 12:00"]
    );
    let overdue = story(true, None, "05 10:00 write\n 05 13:00 policy standard");
    assert_eq!(
        of(&overdue, "05 13:30", "first"),
        ["first_response.1 breached, due 05 12:00, breached 05 13:00"]
    );
    // After the answer there is no first response to add.
    let answered = story(true, None, "05 10:00 write\n 05 10:30 reply\n 05 11:00 policy standard");
    assert_eq!(states(&answered, "05 11:30"), ["full_resolution.1 running, due 07 10:00"]);
    let taken = standard("05 10:00 write\n 05 11:00 policy none");
    assert_eq!(
        states(&taken, "05 13:00"),
        ["full_resolution.1 cancelled, due 07 10:00", "first_response.1 cancelled, due 05 12:00"]
    );
}

#[test]
fn a_target_keeps_the_calendar_it_began_with() {
    let old = standard("05 10:00 write");
    let new = resolve(&policies(), &BTreeMap::<&str, String>::new(), 2).unwrap();
    let new = story(true, Some(&new), "05 10:00 write");
    assert_eq!(of(&old, "05 10:30", "first"), ["first_response.1 running, due 05 12:00"]);
    assert_eq!(of(&new, "05 10:30", "first"), ["first_response.1 running, due 05 14:00"]);
}

#[test]
fn what_cannot_be_computed_says_why() {
    let mut gone = policy("standard");
    gone.pack = 9;
    let lost = story(true, Some(&gone), "05 10:00 write\n 05 11:00 reply");
    assert_eq!(
        of(&lost, "05 13:00", "first"),
        ["first_response.1 met, met 05 11:00, version 9 of the pack has no calendar \"office\""]
    );
    assert_eq!(lost.next_due(&Calendars::new()), None);
    assert_eq!(lost.due_items(&Calendars::new(), at("09 12:00")), []);
    let long = one("full_resolution", json!({"seconds": 300_000_000, "calendar": "office"}), &[]);
    let beyond = states(&story(true, Some(&long), "05 10:00 write"), "05 11:00");
    assert!(beyond[0].contains("15 years"), "{beyond:?}");
}
