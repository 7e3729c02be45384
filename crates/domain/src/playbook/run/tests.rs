use super::*;
use crate::playbook::{Playbook, Statistics, statistics, story};
use chrono::{Duration, TimeZone};
use relevo_journal::{EventId, Hlt};
use serde_json::json;

fn book() -> Playbook {
    serde_json::from_value(json!({
        "name": "Pago", "start": "who",
        "nodes": {
            "who": {"identity_check": {
                "text": "Identidad", "checks": [{"id": "name", "label": "Nombre"}, {"id": "zip", "label": "CP"}, {"id": "birth", "label": "Nacimiento"}],
                "needed": 2, "passed": "what", "failed": "stop"}},
            "what": {"question": {"text": "¿Qué necesita?", "choices": [
                {"id": "pay", "label": "Pagar", "to": "data"}, {"id": "other", "label": "Otra cosa", "to": "say"}]}},
            "say": {"guidance": {"text": "Explique", "to": "what"}},
            "data": {"data_entry": {"text": "Datos del pago", "fields": [
                {"name": "last_four", "label": "Terminación", "type": "card_last_four"},
                {"name": "iban", "label": "Cuenta", "type": "iban", "optional": true},
                {"name": "day", "label": "Día", "type": "date", "earliest_days": 0, "latest_days": 30},
                {"name": "amount", "label": "Importe", "type": "money"},
                {"name": "how", "label": "Modo", "type": "choice", "choices": ["total", "mínimo"]},
                {"name": "note", "label": "Nota", "type": "text", "optional": true}], "to": "do"}},
            "do": {"action": {"text": "Regístrelo", "record": {"request": "payment", "fields": ["last_four", "amount"]},
                "done": "end", "not_done": "stop"}},
            "end": {"outcome": {"text": "Pagado", "end": {"answer": {"template": "paid"}}}},
            "stop": {"outcome": {"text": "Al área", "end": {"escalation": {"team": "fraud"}}}}
        }
    }))
    .expect("a playbook")
}

fn at(minute: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 10, 0, 0).unwrap() + Duration::minutes(minute)
}

/// A run that events are applied to, a minute each.
#[derive(Default)]
struct Told {
    run: Run,
    events: u32,
}

impl Told {
    fn begun() -> Self {
        let mut told = Self::default();
        told.apply(RunEvent::Begun(Begun {
            playbook: "pay".into(),
            version: 3,
            partition: None,
            ticket: None,
            start: "who".into(),
        }));
        told
    }

    fn apply(&mut self, data: RunEvent) {
        let n = i64::from(self.events);
        let hlt = Hlt::next(u64::try_from(at(n).timestamp_millis()).unwrap(), Hlt(0));
        let id = EventId::new(format!("api.{n}")).unwrap();
        self.run.apply(&Event { id, hlt, at: at(n), by: "person:ana".into(), tag: 0, data });
        self.events += 1;
    }

    fn answer(&mut self, answer: Answer) -> Move {
        let made = advance(&book(), &self.run, answer, at(0)).expect("taken");
        self.apply(made.event.clone());
        made
    }

    fn refuse(&self, answer: Answer) -> Refused {
        advance(&book(), &self.run, answer, at(0)).expect_err("refused")
    }
}

fn node(node: &str) -> Answer {
    Answer { node: node.into(), ..Answer::default() }
}

fn confirmed(ids: &[&str]) -> Answer {
    Answer { confirmed: Some(ids.iter().map(|id| (*id).to_owned()).collect()), ..node("who") }
}

fn chosen(choice: &str) -> Answer {
    Answer { choice: Some(choice.into()), ..node("what") }
}

fn written(data: Value) -> Answer {
    Answer { data: data.as_object().cloned(), ..node("data") }
}

fn good() -> Value {
    json!({
        "last_four": "1111", "day": "2026-03-02", "how": "total", "amount": {"minor": 125_000, "currency": "MXN"},
        "iban": "ES91 2100 0418 4502 0005 1332", "note": null
    })
}

#[track_caller]
fn code(refused: Refused) -> &'static str {
    match refused {
        Refused::Rule(refusal) => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_goes_its_way_and_keeps_what_was_answered_when_and_by_whom() {
    let mut told = Told::begun();
    assert_eq!(told.run.here, "who");
    told.answer(confirmed(&["zip", "name"]));
    told.answer(chosen("other"));
    told.answer(node("say"));
    told.answer(chosen("pay"));
    told.answer(written(good()));
    let done = told.answer(Answer { done: Some(true), ..node("do") });
    let (record, values) = done.record.expect("a record");
    assert_eq!(record.request, RequestKind::Payment);
    assert_eq!(
        Value::Object(values),
        json!({"amount": {"minor": 125_000, "currency": "MXN"}, "last_four": "1111"})
    );
    assert_eq!((told.run.here.as_str(), done.to.as_str()), ("end", "end"));
    let path: Vec<_> = told.run.path().map(|visit| visit.node.as_str()).collect();
    assert_eq!(path, ["who", "what", "say", "what", "data", "do"]);
    let first = &told.run.visits[0];
    assert_eq!((first.since, first.at, first.by.as_str()), (at(0), at(1), "person:ana"));
    assert_eq!(
        (first.given.passed, first.given.confirmed.clone()),
        (Some(true), vec!["name".into(), "zip".into()])
    );
    assert_eq!(gathered(&told.run).len(), 5, "what was left out is not there");
    told.apply(RunEvent::Ended {
        after: told.run.moves,
        node: "end".into(),
        ending: Ending::Answer(Draft {
            template: "paid".into(),
            locale: "es".into(),
            subject: None,
            text: "Listo".into(),
        }),
    });
    assert_eq!(told.run.ended.as_ref().map(|ended| ended.node.as_str()), Some("end"));
    assert_eq!(code(told.refuse(node("end"))), "run_is_over");
    assert_eq!(back(&told.run).unwrap_err().code, "run_is_over");
}

#[test]
fn too_few_checks_lead_elsewhere() {
    let mut told = Told::begun();
    assert_eq!(told.answer(confirmed(&["name", "name"])).to, "stop");
    assert_eq!(told.run.visits[0].given.passed, Some(false));
}

#[test]
fn answers_to_other_nodes_and_unknown_ones_are_refused() {
    let mut told = Told::begun();
    assert_eq!(code(told.refuse(chosen("pay"))), "run_moved_on");
    assert_eq!(code(told.refuse(node("who"))), "run_unknown_check");
    assert_eq!(code(told.refuse(confirmed(&["pin"]))), "run_unknown_check");
    let both = Answer { choice: Some("pay".into()), ..confirmed(&["name", "zip"]) };
    assert_eq!(code(told.refuse(both)), "run_wrong_answer");
    told.answer(confirmed(&["name", "zip"]));
    assert_eq!(code(told.refuse(node("what"))), "run_unknown_choice");
    assert_eq!(code(told.refuse(chosen("x"))), "run_unknown_choice");
    told.answer(chosen("pay"));
    told.answer(written(good()));
    assert_eq!(code(told.refuse(node("do"))), "run_wrong_answer");
}

#[test]
fn what_is_written_down_is_checked_field_by_field_and_not_repeated() {
    let mut told = Told::begun();
    told.answer(confirmed(&["name", "zip"]));
    told.answer(chosen("pay"));
    for (field, wrong) in [
        ("last_four", json!("111")),
        ("last_four", json!("11112")),
        ("last_four", json!(1111)),
        ("last_four", json!(null)),
        ("last_four", json!("  ")),
        ("iban", json!("ES91 2100 0418 4502 0005 1333")),
        ("day", json!("2026-02-30")),
        ("day", json!("2/3/2026")),
        ("day", json!("2026-03-01")),
        ("day", json!("2026-04-02")),
        ("amount", json!({"minor": 0, "currency": "MXN"})),
        ("amount", json!({"minor": 12.5, "currency": "MXN"})),
        ("amount", json!({"minor": 1, "currency": "pesos"})),
        ("amount", json!({"minor": 1, "currency": "MXN", "more": 1})),
        ("how", json!("medio")),
        ("note", json!("x".repeat(2_001))),
    ] {
        let mut data = good();
        data[field] = wrong.clone();
        match told.refuse(written(data)) {
            Refused::Values(found) => {
                assert_eq!(found.len(), 1, "{field} {wrong}: {found:?}");
                assert_eq!(found[0].0, format!("/data/{field}"), "{wrong}");
                assert!(!found[0].1.contains("1333") && !found[0].1.contains("11112"), "{found:?}");
            }
            other => panic!("{field} {wrong}: {other:?}"),
        }
    }
    let mut more = good();
    more["pin"] = json!("1");
    assert!(matches!(told.refuse(written(more)), Refused::Values(found) if found[0].0 == "/data"));
    let mut none = good();
    none.as_object_mut().unwrap().retain(|name, _| name == "how");
    assert!(matches!(told.refuse(written(none)), Refused::Values(found) if found.len() == 3));
}

#[test]
fn a_full_card_number_is_refused_wherever_it_stands() {
    let mut told = Told::begun();
    told.answer(confirmed(&["name", "zip"]));
    told.answer(chosen("pay"));
    for field in ["last_four", "note", "how"] {
        let mut data = good();
        data[field] = json!("es la 4111 1111 1111 1111");
        assert_eq!(told.refuse(written(data)), Refused::CardNumber(format!("/data/{field}")));
    }
    let mut named = good();
    named["4111111111111111"] = json!(1);
    assert_eq!(told.refuse(written(named)), Refused::CardNumber("/data".into()));
}

#[test]
fn one_goes_back_a_step_at_a_time_but_not_over_what_was_done() {
    let mut told = Told::begun();
    assert_eq!(back(&told.run).unwrap_err().code, "run_at_start");
    told.answer(confirmed(&["name", "zip"]));
    told.answer(chosen("pay"));
    told.answer(written(good()));
    told.apply(back(&told.run).unwrap());
    assert_eq!(told.run.here, "data");
    assert!(gathered(&told.run).is_empty(), "what was gone back on does not count");
    told.apply(back(&told.run).unwrap());
    assert_eq!(told.run.here, "what");
    assert_eq!(told.run.visits.len(), 3, "it is still on record");
    told.answer(chosen("pay"));
    told.answer(written(good()));
    told.answer(Answer { done: Some(true), ..node("do") });
    assert_eq!(back(&told.run).unwrap_err().code, "run_action_done");
}

#[test]
fn of_two_moves_at_once_one_counts() {
    let mut told = Told::begun();
    told.answer(confirmed(&["name", "zip"]));
    let one = advance(&book(), &told.run, chosen("pay"), at(0)).unwrap();
    let other = advance(&book(), &told.run, chosen("other"), at(0)).unwrap();
    let return_ = back(&told.run).unwrap();
    told.apply(one.event);
    told.apply(other.event);
    told.apply(return_);
    assert_eq!((told.run.here.as_str(), told.run.moves), ("data", 2));
    assert!(told.run.has_move("api.2"));
    assert!(!told.run.has_move("api.3") && !told.run.has_move("api.4"));
}

#[test]
fn a_run_says_what_its_ticket_is_about_as_far_as_it_asked_and_the_fields_hold_it() {
    let mut book = book();
    let set = json!({"card": {"from": "last_four"}, "account": {"from": "iban"}, "what": "payment", "short": {"from": "how"}});
    book.ticket_fields = set.as_object().cloned().unwrap();
    let pack = |fields: Value| -> Pack {
        let document = json!({"format": "relevo-pack/1", "name": "x", "locale": {"default": "es"}, "queues": {}, "fields": fields});
        serde_json::from_value(document).unwrap()
    };
    let text = |pattern: &str| json!({"name": {"es": "x"}, "type": "text", "pattern": pattern});
    let declared = pack(
        json!({"card": text("[0-9]{4}"), "account": text(".*"), "what": text(".*"), "short": text(".")}),
    );
    let mut told = Told::begun();
    told.answer(confirmed(&["name", "zip"]));
    told.answer(chosen("pay"));
    assert_eq!(Value::Object(ticket_fields(&book, &told.run, &declared)), json!({"what": "payment"}));
    told.answer(written(json!({"last_four": "1111", "day": "2026-03-02", "how": "total",
        "amount": {"minor": 1, "currency": "MXN"}})));
    assert_eq!(
        Value::Object(ticket_fields(&book, &told.run, &declared)),
        json!({"card": "1111", "what": "payment"})
    );
    let free = ticket_fields(&book, &told.run, &pack(json!({})));
    assert_eq!(Value::Object(free), json!({"card": "1111", "what": "payment", "short": "total"}));
}

#[test]
fn a_colleague_reads_what_was_gathered() {
    let mut told = Told::begun();
    told.answer(confirmed(&["name", "zip"]));
    told.answer(chosen("pay"));
    told.answer(written(good()));
    told.answer(Answer { done: Some(false), ..node("do") });
    assert_eq!(
        story(&book(), &told.run),
        "Pago\n\nIdentidad\n✓ Nombre\n✓ CP\n✗ Nacimiento\n\n¿Qué necesita?\n– Pagar\n\nDatos del pago\n\
         – Terminación: 1111\n– Cuenta: ES91 2100 0418 4502 0005 1332\n– Día: 2026-03-02\n\
         – Importe: 125000 MXN (minor units)\n– Modo: total\n\nRegístrelo\n✗\n\n→ Al área"
    );
}

#[test]
fn nodes_have_figures_of_who_came_who_left_and_how_long_it_took() {
    let none: [&Run; 0] = [];
    assert_eq!(statistics(&book(), none, at(0)).nodes.len(), 7);
    let mut ended = Told::begun();
    ended.answer(confirmed(&["name", "zip"]));
    ended.answer(chosen("other"));
    ended.answer(node("say"));
    ended.answer(chosen("pay"));
    ended.answer(written(good()));
    ended.answer(Answer { done: Some(false), ..node("do") });
    let ending = Ending::Escalation { team: "fraud".into() };
    ended.apply(RunEvent::Ended { after: ended.run.moves, node: "stop".into(), ending });
    let mut left = Told::begun();
    left.answer(confirmed(&["name", "zip"]));
    let begun = Told::begun();
    let of = |now| -> Statistics { statistics(&book(), [&ended.run, &left.run, &begun.run], now) };
    let soon = of(at(60));
    assert_eq!((soon.runs, soon.ended, soon.left, soon.going_on), (3, 1, 0, 2));
    let later = of(at(1 + 24 * 60));
    assert_eq!((later.runs, later.ended, later.left, later.going_on), (3, 1, 2, 0));
    assert_eq!(later.endings, [("escalation", 1)].into());
    let what = &later.nodes["what"];
    assert_eq!((what.reached, what.left, what.median_seconds, what.ended), (2, 1, Some(60), 0));
    assert_eq!(what.answers, [("other".to_owned(), 1), ("pay".to_owned(), 1)].into());
    assert_eq!(later.nodes["who"].left, 1);
    assert_eq!(later.nodes["who"].answers, [("passed".to_owned(), 2)].into());
    assert_eq!(later.nodes["do"].answers, [("not_done".to_owned(), 1)].into());
    assert_eq!((later.nodes["stop"].reached, later.nodes["stop"].ended), (1, 1));
    assert_eq!((later.nodes["end"].reached, later.nodes["end"].median_seconds), (0, None));
    // What was gone back on was an answer by mistake; that somebody was there was none.
    left.answer(chosen("other"));
    left.apply(RunEvent::WentBack { after: left.run.moves });
    let back = statistics(&book(), [&left.run], at(60));
    assert_eq!((back.nodes["what"].reached, &back.nodes["what"].answers), (1, &[].into()));
    left.answer(chosen("pay"));
    assert_eq!(
        statistics(&book(), [&left.run], at(60)).nodes["what"].answers,
        [("pay".to_owned(), 1)].into()
    );
}
