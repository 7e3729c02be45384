//! What the fields of new tickets are filled with, by what, and what follows from that.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::Desk;
use relevo_domain::conversation::ConversationEvent;
use relevo_domain::conversation::decide;
use relevo_domain::conversation::enrich::{Known, Source, enrich};
use relevo_domain::message::InboundMessage;
use serde_json::{Value, json};

fn desk() -> Desk {
    Desk::new(json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "queues": {"general": {"name": "General"}},
        "channels": {"whatsapp": {"main": {"fields": {"product": "core"}}}},
        "fields": {
            "school": {"name": {"es": "Centro"}, "type": "text"},
            "csm": {"name": {"es": "CSM"}, "type": "text", "changed_by": "lead"},
            "pupils": {"name": {"es": "Alumnos"}, "type": "integer", "min": 1, "by_customers": true},
            "product": {"name": {"es": "Producto"}, "type": "text"},
            "plan": {"name": {"es": "Plan"}, "type": "choice", "choices": [{"id": "pro"}, {"id": "free"}], "default": "free"},
            "module": {"name": {"es": "Módulo"}, "type": "choice", "by_customers": true,
                       "choices": [{"id": "notas", "name": {"es": "Notas"}}, {"id": "accesos"}]}
        },
        "enrichment": {
            "directory": {"school": "account.name", "csm": "account.csm", "plan": "account.plan", "module": "person.module"},
            "rules": [
                {"id": "notas", "words": ["notas", "boletín de calificaciones"], "set": {"module": "notas"}},
                {"id": "acceso", "pattern": "contrase(ñ|n)a", "set": {"module": "accesos", "school": "?"}}
            ]
        },
        "sla": [
            {"name": "pro", "when": {"fields.plan": ["pro"]}, "targets": {"first_response": {"seconds": 60, "calendar": "calendar_time"}}},
            {"name": "all", "targets": {"first_response": {"seconds": 600, "calendar": "calendar_time"}}}
        ]
    }))
}

fn source(named: &str, values: Value) -> Option<Source> {
    Some(Source { named: named.to_owned(), values: values.as_object().cloned().unwrap() })
}

fn receive(desk: &Desk, text: &str, form: Value, known: &Known) -> ConversationEvent {
    let message: InboundMessage = serde_json::from_value(json!({
        "external_id": "1", "from": {"kind": "phone", "value": "34600000001"}, "kind": "text", "text": text,
        "data": form
    }))
    .unwrap();
    let mut event = decide::receive(
        &desk.state,
        desk.published(),
        "msg_1".into(),
        desk.party(),
        message,
        Some(7),
        desk.at,
    );
    enrich(&mut event, desk.published(), known, false, desk.at);
    event
}

/// The fields of the ticket, and what each was filled by.
fn opened(desk: &mut Desk, event: ConversationEvent) -> (Value, Value, Value) {
    let (_, data) = event.named();
    desk.tell("05 09:00", vec![event]);
    let by: serde_json::Map<String, Value> = data["opening"]["filled"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, filled)| (name.clone(), filled["by"].clone()))
        .collect();
    let ticket = desk.state.tickets.last().unwrap();
    (Value::Object(ticket.fields.0.clone()), Value::Object(by), json!(ticket.unvalidated))
}

#[test]
fn what_is_known_fills_the_fields_and_the_history_says_by_what() {
    let mut desk = desk();
    let known = Known {
        person: source("person@2", json!({"module": "accesos"})),
        account: source("account/sur@5", json!({"name": "Colegio Sur", "csm": "Eva", "plan": "pro"})),
    };
    let event = receive(&desk, "No veo las NOTAS", Value::Null, &known);
    let (fields, by, unvalidated) = opened(&mut desk, event);
    let expected =
        json!({"school": "Colegio Sur", "csm": "Eva", "plan": "pro", "module": "accesos", "product": "core"});
    assert_eq!(fields, expected);
    let expected = json!({
        "school": "directory:account/sur@5", "csm": "directory:account/sur@5", "plan": "directory:account/sur@5",
        "module": "directory:person@2", "product": "channel:whatsapp/main",
    });
    assert_eq!((by, unvalidated), (expected, json!({})));
    assert_eq!(
        desk.state.tickets[0].timeline.policy().unwrap().policy,
        "pro",
        "found with what was filled in"
    );
}

#[test]
fn text_counts_where_the_directory_says_nothing_and_words_stand_alone() {
    for (text, module, school) in [
        ("No veo las NOTAS de mayo", json!("notas"), Value::Null),
        ("el Boletín de Calificaciones, por favor", json!("notas"), Value::Null),
        ("mis notas y mi contraseña", json!("notas"), json!("?")),
        ("olvidé la CONTRASEÑA", json!("accesos"), json!("?")),
        ("anotaste mal", Value::Null, Value::Null),
    ] {
        let mut desk = desk();
        let event = receive(&desk, text, Value::Null, &Known::default());
        let (fields, by, _) = opened(&mut desk, event);
        assert_eq!((&fields["module"], &fields["school"]), (&module, &school), "{text}");
        assert_eq!((&fields["plan"], &by["plan"]), (&json!("free"), &json!("default")));
        assert_eq!(desk.state.tickets[0].timeline.policy().unwrap().policy, "all");
    }
}

#[test]
fn a_form_fills_what_customers_may_and_what_it_is_no_value_of_is_named() {
    let mut desk = desk();
    let form = json!({"module": "Notas", "pupils": "many", "csm": "me", "colour": "red"});
    let event = receive(&desk, "hola", form, &Known::default());
    let (fields, by, unvalidated) = opened(&mut desk, event);
    assert_eq!(fields, json!({"module": "notas", "plan": "free", "product": "core"}));
    assert_eq!(by["module"], "form:whatsapp/main");
    let why = unvalidated["pupils"].as_str().unwrap();
    assert!(why.starts_with("form:whatsapp/main: a whole number") && !why.contains("many"), "{why}");
    assert_eq!(unvalidated.as_object().unwrap().len(), 1);
    // Once a person has said it, it is no longer open.
    let set = json!({"pupils": 30}).as_object().cloned().unwrap();
    let events = decide::set_fields(&desk.state, desk.published(), 1, set).unwrap();
    desk.tell("05 10:00", events);
    assert!(desk.state.tickets[0].unvalidated.is_empty());
}

#[test]
fn what_the_directory_says_wrongly_is_named_and_something_else_may_still_fill_the_field() {
    let mut desk = desk();
    let known = Known { account: source("account/sur@5", json!({"plan": "gold"})), person: None };
    let event = receive(&desk, "hola", Value::Null, &known);
    let (fields, _, unvalidated) = opened(&mut desk, event);
    assert_eq!(fields["plan"], "free");
    assert!(unvalidated["plan"].as_str().unwrap().starts_with("directory:account/sur@5: one of pro, free"));
}

#[test]
fn what_a_person_said_is_never_overwritten() {
    let mut desk = desk();
    let fields = json!({"plan": "free", "module": "accesos"}).as_object().cloned().unwrap();
    let new = decide::NewTicket { fields, subject: Some("notas".into()), ..Default::default() };
    let mut event = decide::create(desk.published(), desk.party(), 1, new).unwrap();
    let known =
        Known { account: source("account/sur@5", json!({"plan": "pro", "csm": "Eva"})), person: None };
    enrich(&mut event, desk.published(), &known, false, desk.at);
    let (fields, by, _) = opened(&mut desk, event);
    assert_eq!(
        (&fields["plan"], &fields["module"], &fields["csm"]),
        (&json!("free"), &json!("accesos"), &json!("Eva"))
    );
    assert_eq!((by.get("plan"), by.get("module")), (None, None));
    assert_eq!(desk.state.tickets[0].timeline.policy().unwrap().policy, "all");
}

#[test]
fn a_trial_of_other_terms_knows_what_was_filled_in() {
    let mut desk = desk();
    let known = Known { account: source("account/sur@5", json!({"plan": "pro"})), person: None };
    let event = receive(&desk, "hola", Value::Null, &known);
    opened(&mut desk, event);
    let again = relevo_domain::conversation::trial::replay(&desk.events, desk.published());
    assert_eq!(again.tickets[0].timeline.policy().unwrap().policy, "pro");
    assert_eq!(again.tickets[0].fields, desk.state.tickets[0].fields);
}

#[test]
fn people_set_what_their_role_may_and_values_that_fit() {
    let mut desk = desk();
    let event = receive(&desk, "hola", Value::Null, &Known::default());
    opened(&mut desk, event);
    let set = |fields: Value, role| {
        let fields = fields.as_object().cloned().unwrap();
        decide::change_fields(&desk.state, desk.published(), 1, fields, role)
    };
    use relevo_domain::pack::Role;
    assert_eq!(set(json!({"csm": "me"}), Role::Agent).unwrap_err().places[0].0, "/csm");
    assert!(set(json!({"csm": "me"}), Role::Lead).is_ok());
    assert_eq!(set(json!({"plan": "gold"}), Role::Admin).unwrap_err().places[0].0, "/plan");
    assert_eq!(set(json!({"colour": null}), Role::Admin).unwrap_err().places[0].0, "/colour");
    let refused = decide::set_fields(
        &desk.state,
        desk.published(),
        1,
        [("plan".to_owned(), json!(1))].into_iter().collect(),
    );
    assert_eq!(refused.unwrap_err().code, "bad_fields", "the desk's own rules too");
}

#[test]
fn a_critical_period_raises_new_tickets_and_may_have_its_own_terms() {
    let mut document = json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "queues": {"general": {"name": "General"}},
        "channels": {"whatsapp": {"main": {"fields": {"module": "actas"}}}},
        "periods": {"start": {"name": "Inicio de curso", "from": "2026-01-05", "to": "2026-01-09",
                              "raise": [{"when": {"fields.module": ["accesos"]}, "to": "urgent"},
                                        {"when": {"fields.module": ["actas"]}, "to": "high"}]}},
        "sla": [
            {"name": "start", "when": {"period": ["start"], "priority": ["high"]},
             "targets": {"first_response": {"seconds": 60, "calendar": "calendar_time"}}},
            {"name": "all", "targets": {"first_response": {"seconds": 600, "calendar": "calendar_time"}}}
        ]
    });
    use relevo_domain::pack::Priority;
    let opened = |document: &Value, time: &str| {
        let mut desk = Desk::new(document.clone());
        desk.pass(time);
        let event = receive(&desk, "hola", Value::Null, &Known::default());
        desk.tell(time, vec![event]);
        desk
    };
    let of = |desk: &Desk| {
        let ticket = &desk.state.tickets[0];
        (ticket.period.clone(), ticket.priority, ticket.timeline.policy().unwrap().policy.clone())
    };
    let usual = (None, Priority::Normal, "all".to_owned());
    let raised = (Some("start".to_owned()), Priority::High, "start".to_owned());
    let mut during = opened(&document, "05 00:00");
    assert_eq!(of(&during), raised);
    assert_eq!(of(&opened(&document, "09 23:59")), raised);
    assert_eq!(of(&opened(&document, "04 23:59")), usual);
    assert_eq!(of(&opened(&document, "10 00:00")), usual);
    // It stays the period in which it was opened, whenever something else changes.
    during.pass("15 09:00");
    let changed = decide::set_tags(&during.state, during.published(), 1, vec!["x".into()], vec![]).unwrap();
    assert_eq!(changed.len(), 1, "the policy is the same");
    // A trial of a pack with other periods has them.
    document["periods"] = json!({});
    document["sla"].as_array_mut().unwrap().remove(0);
    let without = Desk::new(document);
    let again = relevo_domain::conversation::trial::replay(&during.events, without.published());
    assert_eq!(
        (again.tickets[0].period.clone(), again.tickets[0].timeline.policy().unwrap().policy.as_str()),
        (None, "all")
    );
}

#[test]
fn a_priority_that_a_person_chose_stays_in_a_critical_period() {
    let desk = Desk::new(json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "queues": {"general": {"name": "General"}},
        "periods": {"start": {"name": "Inicio", "from": "2026-01-05", "to": "2026-01-09", "raise": [{"to": "high"}]}}
    }));
    let priority = |is_chosen| {
        let priority = Some(relevo_domain::pack::Priority::Low);
        let new = decide::NewTicket { priority, ..Default::default() };
        let mut event = decide::create(desk.published(), desk.party(), 1, new).unwrap();
        enrich(&mut event, desk.published(), &Known::default(), is_chosen, common::at("05 09:00"));
        event.named().1["opening"]["priority"].clone()
    };
    assert_eq!((priority(true), priority(false)), (json!("low"), json!("high")));
}
