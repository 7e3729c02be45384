//! A month of a desk with two hundred tickets: shifts, a change of the clocks, holidays, a day on which no tick ran.
//! What became of every target, and why, is a text that people have read: `snapshots/month__month.snap`.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::Desk;
use relevo_calendar::Calendar;
use relevo_domain::conversation::{ConversationEvent, decide, excuse};
use relevo_domain::pack::Priority;
use relevo_domain::sla::{Duty, Owner, TargetState};
use serde_json::{Value, json};
use std::fmt::Write;

const TICKETS: u32 = 200;

/// Monday the 16th of March. The clocks go forward on Sunday the 29th.
const BEGIN: &str = "2026-03-16T07:00:00Z";

/// What is known when the month is looked at.
const END: &str = "2026-04-16T07:00:00Z";

/// No tick ran on Tuesday the 24th.
const OUTAGE: (&str, &str) = ("2026-03-24T00:00:00Z", "2026-03-25T00:00:00Z");

/// Seconds between ticks.
const TICK_S: i64 = 300;

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn pack() -> Value {
    let weekdays = |hours: Value| {
        let days = ["mon", "tue", "wed", "thu", "fri"];
        Value::Object(days.iter().map(|day| ((*day).to_owned(), hours.clone())).collect())
    };
    let every_day = |hours: Value| {
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        Value::Object(days.iter().map(|day| ((*day).to_owned(), hours.clone())).collect())
    };
    let madrid = "Europe/Madrid";
    json!({
        "format": "relevo-pack/1", "name": "Month", "locale": {"default": "es"},
        "teams": {"support": {"name": "Support"}, "dev": {"name": "Development"}},
        "people": {
            "ana": {"name": "Ana", "role": "agent", "teams": ["support"], "shifts": ["morning"], "substitutes": ["ben"]},
            "ben": {"name": "Ben", "role": "agent", "teams": ["support"], "shifts": ["evening"], "substitutes": ["eva"]},
            "eva": {"name": "Eva", "role": "agent", "teams": ["support"], "shifts": ["night"]},
            "lea": {"name": "Lea", "role": "lead", "teams": ["support"], "shifts": ["office"], "substitutes": ["max"]},
            "max": {"name": "Max", "role": "manager", "teams": ["support"]}
        },
        "calendars": {
            // Jueves and Viernes Santo are holidays; on the 30th of March they stay longer, on the 17th there is a break.
            "office": {"time_zone": madrid, "hours": weekdays(json!([["09:00", "14:00"], ["15:00", "18:00"]])),
                "holidays": ["2026-03-19", "2026-04-02", "2026-04-03"],
                "shifts": {"2026-03-30": [["09:00", "20:00"]], "2026-04-11": [["10:00", "12:00"]]},
                "breaks": {"2026-03-17": [["11:00", "11:30"]]}},
            "morning": {"time_zone": madrid, "hours": every_day(json!([["06:00", "14:00"]]))},
            "evening": {"time_zone": madrid, "hours": every_day(json!([["14:00", "22:00"]]))},
            "night": {"time_zone": madrid, "hours": every_day(json!([["22:00", "06:00"]]))},
            "on_call": {"time_zone": madrid, "hours": every_day(json!([["20:00", "04:00"], ["06:00", "14:00"]]))}
        },
        "queues": {"general": {"name": "General", "team": "support"}},
        "sla": [
            {"name": "urgent", "when": {"priority": ["urgent"]},
             "targets": {
                "first_response": {"seconds": 3600, "calendar": "on_call", "warn": [50, {"seconds_before": 600}]},
                "next_response": {"seconds": 7200, "calendar": "on_call", "warn": [50]},
                "full_resolution": {"seconds": 28_800, "calendar": "on_call", "warn": [75]}},
             "paused_in": ["waiting_for_customer"],
             "escalation": {"hours": "on_call", "targets": ["first_response", "full_resolution"], "steps": [
                {"after_seconds": 0, "to": ["assignee"]},
                {"after_seconds": 1800, "to": ["lead"]},
                {"after_seconds": 7200, "to": ["manager"]}]}},
            {"name": "incidents", "when": {"tags": ["incident"]},
             "targets": {
                "first_response": {"seconds": 14_400, "calendar": "office", "warn": [80]},
                "next_response": {"seconds": 14_400, "calendar": "office"},
                "periodic_update": {"seconds": 57_600, "calendar": "office", "warn": [80]},
                "with_dev": {"seconds": 28_800, "calendar": "office", "warn": [50], "start": "team.entered.dev", "stop": "team.left.dev"},
                "full_resolution": {"seconds": 144_000, "calendar": "office", "warn": [50, 80]}},
             "paused_in": ["waiting_for_customer"]},
            {"name": "general",
             "targets": {
                "first_response": {"seconds": 25_920, "calendar": "office", "warn": [50, 80]},
                "next_response": {"seconds": 25_920, "calendar": "office", "warn": [80]},
                "first_resolution": {"seconds": 144_000, "calendar": "office"},
                "full_resolution": {"seconds": 144_000, "calendar": "office", "warn": [50, 80]}},
             "paused_in": ["waiting_for_customer", "waiting_for_others"],
             "escalation": {"hours": "office", "targets": ["first_response"], "steps": [{"after_seconds": 3600, "to": ["lead"]}]}}
        ]
    })
}

/// The same numbers every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % u64::try_from(n).unwrap()).unwrap()
    }

    fn one_in(&mut self, n: i64) -> bool {
        self.below(n) == 0
    }
}

/// A ticket as it goes on, and its story as people read it.
struct Story {
    desk: Desk,
    told: String,
    /// Nothing of the story is later than this.
    at: DateTime<Utc>,
}

impl Story {
    /// Something happens so many minutes later; before it, the ticks in between.
    fn after(&mut self, minutes: i64, what: &str, act: impl FnOnce(&mut Desk, DateTime<Utc>)) {
        let at = self.at + TimeDelta::minutes(minutes);
        if at >= instant(END) {
            return;
        }
        self.ticks(at);
        self.at = at;
        act(&mut self.desk, at);
        let local = madrid(&self.desk).zone().local(at);
        writeln!(self.told, "  {} {what}", local.format("%a %m-%d %H:%M")).unwrap();
    }

    /// The ticks that find something, up to an instant.
    fn ticks(&mut self, until: DateTime<Utc>) {
        loop {
            let ticket = self.desk.state.ticket(1);
            let Some(next) = ticket.and_then(|ticket| ticket.timeline.next_due(&self.desk)) else { return };
            // An overdue notice is told by the first tick after it became known.
            let next = next.max(self.at);
            let seconds = next.timestamp();
            let mut tick =
                DateTime::from_timestamp(seconds + (TICK_S - seconds % TICK_S) % TICK_S, 0).unwrap();
            let (from, to) = (instant(OUTAGE.0), instant(OUTAGE.1));
            if from <= tick && tick < to {
                tick = to;
            }
            if tick >= until {
                return;
            }
            let notices = notices(&self.desk, tick);
            assert!(!notices.is_empty(), "a tick that is due tells something");
            self.desk.tell_at(tick, notices);
            assert_eq!(self::notices(&self.desk, tick), [], "once told, never again");
        }
    }
}

fn madrid(desk: &Desk) -> &Calendar {
    &desk.calendars["office"]
}

fn notices(desk: &Desk, now: DateTime<Utc>) -> Vec<ConversationEvent> {
    let ticket = desk.state.ticket(1).unwrap();
    let named = |name: &str| desk.calendars.get(name);
    let duty = Duty { people: &desk.pack.people, calendars: &named };
    let owner = Owner { agent: ticket.agent.as_deref(), team: ticket.team.as_deref() };
    let items = ticket.timeline.due_items(desk, now).into_iter();
    items
        .map(|item| ConversationEvent::NoticeSent {
            ticket: 1,
            threshold: item.threshold.to_string(),
            to: duty.told(&item.to, owner, now),
            folded: item.folded.iter().map(ToString::to_string).collect(),
            instance: item.instance,
        })
        .collect()
}

fn all(desk: &mut Desk, at: DateTime<Utc>, decided: Result<Vec<ConversationEvent>, impl std::fmt::Debug>) {
    desk.tell_at(at, decided.unwrap());
}

/// The story of one ticket.
fn play(number: u32, dice: &mut Dice) -> Story {
    let opened = instant(BEGIN) + TimeDelta::minutes(dice.below(26 * 24 * 60));
    let mut story = Story { desk: Desk::new(pack()), told: String::new(), at: opened };
    let party = story.desk.party();
    story.after(0, "customer writes", |desk, at| desk.receive_at(at, &format!("in-{number}"), party));
    if dice.one_in(4) {
        story.after(1, "priority urgent", |desk, at| {
            let urgent = decide::change_priority(&desk.state, desk.published(), 1, Priority::Urgent);
            all(desk, at, urgent);
        });
    } else if dice.one_in(3) {
        story.after(3, "tagged incident", |desk, at| {
            let tags = decide::set_tags(&desk.state, desk.published(), 1, vec!["incident".into()], vec![]);
            all(desk, at, tags);
        });
    }
    if !dice.one_in(3) {
        let agent = ["ana", "ben", "eva"][usize::try_from(dice.below(3)).unwrap()];
        story.after(dice.below(60), &format!("assigned to {agent}"), |desk, at| {
            let assigned = decide::assign(&desk.state, desk.published(), 1, Some(agent.into()), None);
            all(desk, at, assigned);
        });
    }
    if dice.one_in(20) {
        story.after(dice.below(600), "spam", |desk, at| desk.status_at(at, "spam"));
        return story;
    }
    for turn in 0..=dice.below(3) {
        let reply_after = if dice.one_in(3) { 60 + dice.below(2_500) } else { dice.below(300) };
        story.after(reply_after, "reply", |desk, at| desk.reply_at(at, &format!("out-{number}-{turn}")));
        match dice.below(4) {
            0 => story.after(5, "waits for the customer", |desk, at| {
                desk.status_at(at, "waiting_for_customer");
            }),
            1 => {
                story.after(10, "handed to dev, waits for others", |desk, at| {
                    let handed = decide::assign(&desk.state, desk.published(), 1, None, Some("dev".into()));
                    all(desk, at, handed);
                    desk.status_at(at, "waiting_for_others");
                });
                story.after(30 + dice.below(2_000), "back from dev", |desk, at| {
                    let back = decide::assign(&desk.state, desk.published(), 1, None, Some("support".into()));
                    all(desk, at, back);
                    desk.status_at(at, "open");
                });
            }
            _ => {}
        }
        if dice.one_in(2) {
            let party = story.desk.party();
            story.after(20 + dice.below(1_500), "customer writes", |desk, at| {
                desk.receive_at(at, &format!("in-{number}-{turn}"), party);
            });
        }
    }
    if !dice.one_in(5) {
        story.after(dice.below(3_000), "solved", |desk, at| desk.status_at(at, "solved"));
        if dice.one_in(6) {
            let party = story.desk.party();
            story.after(600 + dice.below(2_000), "customer writes: reopened", |desk, at| {
                desk.receive_at(at, &format!("again-{number}"), party);
            });
            story.after(dice.below(900), "reply", |desk, at| desk.reply_at(at, &format!("again-{number}")));
            story.after(dice.below(900), "solved again", |desk, at| desk.status_at(at, "solved"));
        }
    }
    if dice.one_in(8) {
        story.after(90, "", |_, _| ());
        let desk = &story.desk;
        let views = desk.state.ticket(1).unwrap().timeline.results(desk, story.at);
        if let Some(missed) = views.iter().find(|view| view.state == TargetState::Breached) {
            let instance = missed.instance.clone();
            let what = format!("lea excuses {instance}");
            story.after(1, &what, |desk, at| {
                let excused = excuse(&desk.state, desk, 1, &instance, "provider down".into(), at).unwrap();
                "person:lea".clone_into(&mut desk.by);
                desk.tell_at(at, vec![excused]);
                "person:ana".clone_into(&mut desk.by);
            });
        }
    }
    story
}

#[test]
fn a_month_of_two_hundred_tickets() {
    let mut dice = Dice(20_260_316);
    let end = instant(END);
    let mut text = String::new();
    for number in 1..=TICKETS {
        let mut story = play(number, &mut dice);
        story.ticks(end);
        let desk = &story.desk;
        let ticket = desk.state.ticket(1).unwrap();
        writeln!(text, "ticket {number}").unwrap();
        text += &story.told.lines().filter(|l| l.len() > 20).map(|l| format!("{l}\n")).collect::<String>();
        let zone = madrid(desk).zone();
        for view in ticket.timeline.evaluate(desk, end) {
            let state = serde_json::to_value(view.state).unwrap();
            let due = view.due.map(|at| format!(", due {}", zone.local(at))).unwrap_or_default();
            let excused = if view.excused { ", excused" } else { "" };
            writeln!(text, "  {} {}{due}{excused}", view.instance, state.as_str().unwrap()).unwrap();
            assert_eq!(view.problem, None);
            for entry in view.log {
                writeln!(
                    text,
                    "    {} {}: {}",
                    zone.local(entry.at).format("%m-%d %H:%M"),
                    entry.event,
                    entry.why
                )
                .unwrap();
            }
        }
    }
    insta::assert_snapshot!("month", text);
}
