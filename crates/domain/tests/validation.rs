//! Handing over, coming back to be validated, and what happens by itself.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::Desk;
use relevo_domain::category::Category;
use relevo_domain::conversation::{ConversationEvent, Issue, IssueReport, decide, validation};
use relevo_domain::pack::Role;
use relevo_domain::refusal::{Refusal, RefusalKind};
use serde_json::json;

fn desk() -> Desk {
    let mut desk = Desk::new(json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "teams": {"support": {"name": "Support"}, "dev": {"name": "Development"}, "accounts": {"name": "Accounts"}},
        "people": {"ana": {"name": "Ana", "role": "agent", "teams": ["support"]}},
        "queues": {"general": {"name": "General", "team": "support"}},
        "statuses": {
            "nuevo": {"name": "Nuevo", "category": "new"}, "abierto": {"name": "Abierto", "category": "open"},
            "en_dev": {"name": "En desarrollo", "category": "waiting_for_others"},
            "esperando": {"name": "Esperando", "category": "waiting_for_customer"},
            "por_validar": {"name": "Por validar", "category": "to_be_validated"},
            "entregado": {"name": "Entregado", "category": "closed"}
        },
        "transitions": [{"from": ["entregado"], "role": "lead"}, {"to": ["en_dev"], "fields": ["module"]}, {}],
        "lifecycle": {"after_reply": {"abierto": "esperando"}, "after_handover": {"accounts": "entregado"}}
    }));
    desk.receive("05 09:00", "a");
    desk.tell(
        "05 09:01",
        decide::assign(&desk.state, desk.published(), 1, Some("ana".into()), None).unwrap(),
    );
    desk.tell("05 09:02", moved(&desk, "abierto", Role::Agent).unwrap());
    desk
}

fn moved(desk: &Desk, status: &str, role: Role) -> Result<Vec<ConversationEvent>, Refusal> {
    validation::move_to(&desk.state, &desk.pack, 1, status, None, role)
}

/// Handed over to development, which works on an issue.
fn handed_over() -> Desk {
    let mut desk = desk();
    let fields = json!({"module": "notas"}).as_object().cloned().unwrap();
    desk.tell("05 09:10", decide::set_fields(&desk.state, desk.published(), 1, fields).unwrap());
    let escalated = decide::escalate(&desk.state, desk.published(), 1, "dev".into(), None).unwrap();
    desk.tell("05 09:11", escalated);
    desk.tell("05 09:12", moved(&desk, "en_dev", Role::Agent).unwrap());
    desk
}

fn who(desk: &Desk) -> (Option<&str>, Option<&str>, &str) {
    let ticket = desk.state.ticket(1).unwrap();
    (ticket.agent.as_deref(), ticket.team.as_deref(), &ticket.status)
}

fn issue(key: &str) -> Issue {
    Issue { system: "jira".into(), key: key.into() }
}

fn report(desk: &mut Desk, time: &str, key: &str, done: bool) -> usize {
    report_of(desk, time, key, done, None)
}

/// What is reported at some time, of another time.
fn report_of(desk: &mut Desk, time: &str, key: &str, done: bool, of: Option<&str>) -> usize {
    let report = IssueReport { issue: issue(key), status: "x".into(), done, at: of.map(common::at) };
    let events = validation::reported(&desk.state, &desk.pack, 1, &report);
    let count = events.len();
    desk.tell(time, events);
    count
}

#[test]
fn people_move_a_ticket_as_the_pack_allows_and_what_happens_by_itself_is_free() {
    let mut desk = desk();
    let missing = moved(&desk, "en_dev", Role::Admin).unwrap_err();
    assert_eq!((missing.kind, missing.code), (RefusalKind::Invalid, "fields_missing"));
    let escalated = decide::escalate(&desk.state, desk.published(), 1, "accounts".into(), None).unwrap();
    desk.tell("05 10:00", escalated);
    assert_eq!(who(&desk).2, "entregado", "handed to the account manager, it closes by itself");
    let refused = moved(&desk, "abierto", Role::Agent).unwrap_err();
    assert_eq!((refused.kind, refused.code), (RefusalKind::Forbidden, "transition_forbidden"));
    assert!(moved(&desk, "abierto", Role::Lead).is_ok());
}

#[test]
fn a_reply_leads_where_the_pack_says() {
    let mut desk = desk();
    desk.reply_at(common::at("05 09:30"), "m1");
    assert_eq!(who(&desk).2, "esperando");
    desk.receive("05 10:00", "b");
    assert_eq!(desk.state.ticket(1).unwrap().category, Category::Open);
}

#[test]
fn what_the_team_is_done_with_returns_to_its_agent() {
    let mut desk = handed_over();
    assert_eq!(who(&desk), (None, Some("dev"), "en_dev"));
    desk.tell("05 12:00", moved(&desk, "por_validar", Role::Agent).unwrap());
    assert_eq!(who(&desk), (Some("ana"), Some("support"), "por_validar"));
    let accepted = validation::validate(&desk.state, &desk.pack, 1, true, None).unwrap();
    desk.tell("05 12:10", accepted);
    assert_eq!(who(&desk), (Some("ana"), Some("support"), "abierto"));
    let again = validation::validate(&desk.state, &desk.pack, 1, true, None).unwrap_err();
    assert_eq!(again.code, "nothing_to_validate");
}

#[test]
fn what_is_rejected_goes_back_and_returns_again() {
    let mut desk = handed_over();
    desk.tell("05 12:00", moved(&desk, "por_validar", Role::Agent).unwrap());
    let reject = |desk: &Desk, reason: Option<&str>| {
        validation::validate(&desk.state, &desk.pack, 1, false, reason.map(str::to_owned))
    };
    assert_eq!(reject(&desk, None).unwrap_err().code, "reason_missing");
    assert_eq!(reject(&desk, Some(" ")).unwrap_err().code, "reason_missing");
    let rejected = reject(&desk, Some("sigue vacío")).unwrap();
    desk.tell("05 12:10", rejected);
    assert_eq!(who(&desk), (None, Some("dev"), "en_dev"));
    desk.tell("05 13:00", moved(&desk, "por_validar", Role::Agent).unwrap());
    assert_eq!(who(&desk), (Some("ana"), Some("support"), "por_validar"));
}

#[test]
fn a_ticket_returns_when_the_last_issue_that_it_waits_for_is_finished() {
    let mut desk = handed_over();
    for key in ["CAMP-1", "CAMP-2"] {
        let linked = validation::link(&desk.state, 1, issue(key), true).unwrap();
        desk.tell("05 09:20", linked);
        assert!(validation::link(&desk.state, 1, issue(key), true).unwrap().is_empty(), "it is linked");
    }
    assert_eq!(validation::link(&desk.state, 1, issue("a b"), true).unwrap_err().code, "bad_key");
    assert_eq!(report(&mut desk, "05 10:00", "CAMP-9", true), 0, "nobody waits for it");
    assert_eq!(report(&mut desk, "05 10:01", "CAMP-1", false), 1);
    assert_eq!(report(&mut desk, "05 10:02", "CAMP-1", true), 1, "one is left");
    assert_eq!(who(&desk).2, "en_dev");
    assert_eq!(report(&mut desk, "05 10:03", "CAMP-2", true), 3);
    assert_eq!(who(&desk), (Some("ana"), Some("support"), "por_validar"));
    // Rejected, opened there again and finished again.
    let rejected = validation::validate(&desk.state, &desk.pack, 1, false, Some("no".into())).unwrap();
    desk.tell("05 11:00", rejected);
    assert_eq!(report(&mut desk, "05 11:10", "CAMP-2", false), 1);
    assert_eq!(report(&mut desk, "05 12:00", "CAMP-2", true), 3);
    assert_eq!(who(&desk), (Some("ana"), Some("support"), "por_validar"));
    // Over, it stays over.
    desk.tell("05 12:10", decide::change_status(&desk.state, &desk.pack, 1, "solved", None).unwrap());
    assert_eq!(report(&mut desk, "05 12:20", "CAMP-2", true), 1);
    assert_eq!(who(&desk).2, "solved");
}

#[test]
fn a_report_that_a_newer_one_has_overtaken_says_nothing() {
    let mut desk = handed_over();
    desk.tell("05 09:20", validation::link(&desk.state, 1, issue("CAMP-1"), true).unwrap());
    assert_eq!(report_of(&mut desk, "05 10:00", "CAMP-1", true, Some("05 09:50")), 3);
    let rejected = validation::validate(&desk.state, &desk.pack, 1, false, Some("no".into())).unwrap();
    desk.tell("05 11:00", rejected);
    assert_eq!(report_of(&mut desk, "05 11:10", "CAMP-1", true, Some("05 09:40")), 0, "an older one, late");
    assert_eq!(who(&desk), (None, Some("dev"), "en_dev"));
    assert_eq!(report_of(&mut desk, "05 11:20", "CAMP-1", true, Some("05 11:15")), 3);
    assert_eq!(report_of(&mut desk, "05 11:30", "CAMP-1", false, Some("05 11:05")), 0);
    assert!(desk.state.ticket(1).unwrap().issues_done.contains(&issue("CAMP-1")), "it stays finished");
    // Taken at once, neither knew of the other.
    let late = |done, of| {
        validation::reported(
            &desk.state,
            &desk.pack,
            1,
            &IssueReport { issue: issue("CAMP-1"), status: "x".into(), done, at: Some(common::at(of)) },
        )
    };
    let (newer, older) = (late(false, "05 11:50"), late(true, "05 11:40"));
    desk.tell("05 12:00", newer);
    desk.tell("05 12:01", older);
    assert!(!desk.state.ticket(1).unwrap().issues_done.contains(&issue("CAMP-1")));
}

#[test]
fn whoever_takes_it_back_by_hand_has_it() {
    let mut desk = handed_over();
    let taken =
        decide::assign(&desk.state, desk.published(), 1, Some("ana".into()), Some("support".into())).unwrap();
    desk.tell("05 10:00", taken);
    assert!(desk.state.ticket(1).unwrap().handed_by.is_none());
}
