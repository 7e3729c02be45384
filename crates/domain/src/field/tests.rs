#![allow(clippy::unwrap_used)]

use super::*;
use crate::pack::parse;
use serde_json::json;

fn document(fields: Value) -> Value {
    json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "queues": {"general": {"name": "General"}}, "fields": fields
    })
}

fn pack(fields: Value) -> Pack {
    parse(document(fields)).unwrap()
}

/// One field of a type, and what else is said of it.
fn one(kind: &str, more: Value) -> Pack {
    let mut field = json!({"name": {"es": "Campo"}, "type": kind});
    field.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    pack(json!({"x": field}))
}

#[track_caller]
fn takes(pack: &Pack, good: &[Value], bad: &[Value]) {
    let ask = |value: &Value| {
        let set = Map::from_iter([("x".to_owned(), value.clone())]);
        check(pack, &set, Role::Agent, "/fields")
    };
    for value in good {
        assert_eq!(ask(value), Ok(()), "{value}");
    }
    for value in bad {
        let refused = ask(value).expect_err(&value.to_string());
        assert_eq!((refused.code, refused.places[0].0.as_str()), ("bad_fields", "/fields/x"), "{value}");
        let said = value.as_str().filter(|text| text.len() > 8);
        assert!(
            said.is_none_or(|text| !refused.what.contains(text)),
            "a value is repeated: {}",
            refused.what
        );
    }
}

#[test]
fn each_type_takes_its_own_values_and_no_others() {
    let none = || json!({});
    takes(&one("text", none()), &[json!("hola"), json!("")], &[json!(1), json!("a\nb"), json!(["a"])]);
    takes(&one("long_text", none()), &[json!("a\nb")], &[json!("x".repeat(10_001)), json!({})]);
    takes(&one("number", json!({"min": 0, "max": 2.5})), &[json!(0), json!(2.5)], &[json!(-0.1), json!("1")]);
    takes(&one("integer", json!({"min": 1})), &[json!(1), json!(7)], &[json!(0), json!(1.5), json!("1")]);
    takes(
        &one("money", json!({"min": 0})),
        &[json!({"minor": 1250, "currency": "EUR"})],
        &[
            json!({"minor": -1, "currency": "EUR"}),
            json!({"minor": 1.5, "currency": "EUR"}),
            json!({"minor": 1, "currency": "euro"}),
            json!({"minor": 1}),
            json!({"minor": 1, "currency": "EUR", "x": 1}),
            json!(1250),
        ],
    );
    takes(
        &one("date", none()),
        &[json!("2026-02-28")],
        &[json!("2026-02-30"), json!("28/02/2026"), json!("2026-2-8")],
    );
    takes(
        &one("date_time", none()),
        &[json!("2026-02-28T09:00:00+01:00")],
        &[json!("2026-02-28 09:00"), json!(1)],
    );
    takes(&one("boolean", none()), &[json!(true), json!(false)], &[json!("true"), json!(1)]);
    let choices = json!({"choices": [{"id": "a"}, {"id": "b", "name": {"es": "Be"}}]});
    takes(&one("choice", choices.clone()), &[json!("a")], &[json!("c"), json!("Be"), json!(["a"])]);
    takes(
        &one("multi_choice", choices),
        &[json!([]), json!(["b", "a"])],
        &[json!("a"), json!(["a", "a"]), json!(["c"]), json!([1])],
    );
    takes(
        &one("email", none()),
        &[json!("ana@example.org")],
        &[json!("ana@"), json!("Ana <ana@example.org>")],
    );
    takes(&one("phone", none()), &[json!("+34 600 111 222")], &[json!("600 111"), json!("abcdefgh")]);
    takes(
        &one("url", none()),
        &[json!("https://example.org/a?b")],
        &[json!("example.org"), json!("javascript:alert(1)"), json!("https://")],
    );
    takes(
        &one("iban", none()),
        &[json!("ES91 2100 0418 4502 0005 1332")],
        &[json!("ES9121000418450200051333")],
    );
    let pattern = json!({"pattern": "CAMP-[0-9]{1,5}"});
    takes(
        &one("text", pattern),
        &[json!("CAMP-12")],
        &[json!("x CAMP-12"), json!("CAMP-12\n"), json!("CAMP-")],
    );
}

#[test]
fn forms_and_tables_write_values_as_text() {
    let read = |pack: &Pack, text: &str| pack.fields["x"].read(text);
    let choices = json!({"choices": [{"id": "a", "name": {"es": "Notas"}}, {"id": "b"}]});
    let (choice, several) = (one("choice", choices.clone()), one("multi_choice", choices));
    assert_eq!(read(&choice, " notas "), Some(json!("a")));
    assert_eq!(read(&choice, "c"), None);
    assert_eq!(read(&several, "Notas; b"), Some(json!(["a", "b"])));
    assert_eq!(read(&several, "b, b"), None);
    assert_eq!(read(&one("integer", json!({"max": 9})), "7"), Some(json!(7)));
    assert_eq!(read(&one("integer", json!({"max": 9})), "10"), None);
    assert_eq!(read(&one("number", json!({})), "NaN"), None);
    assert_eq!(read(&one("boolean", json!({})), "on"), Some(json!(true)));
    assert_eq!(read(&one("boolean", json!({})), "maybe"), None);
    assert_eq!(
        read(&one("money", json!({})), r#"{"minor": 5, "currency": "EUR"}"#),
        Some(json!({"minor": 5, "currency": "EUR"}))
    );
    assert_eq!(read(&one("date", json!({})), "2026-03-01"), Some(json!("2026-03-01")));
}

#[test]
fn what_a_role_does_not_see_is_not_there_for_it_and_what_it_may_not_change_is_refused() {
    let pack = pack(json!({
        "plan": {"name": {"es": "Plan"}, "type": "text"},
        "csm": {"name": {"es": "CSM"}, "type": "text", "changed_by": "lead"},
        "margin": {"name": {"es": "Margen"}, "type": "integer", "seen_by": "manager"}
    }));
    let why = |name: &str, value: Value, role| {
        wrong(&pack, &Map::from_iter([(name.to_owned(), value)]), role).remove(name)
    };
    for role in [Role::Service, Role::Agent, Role::Lead] {
        let unknown = why("nothing", json!(1), role).unwrap();
        assert_eq!(why("margin", json!(1), role), Some(unknown.clone()), "as if it were not there");
        assert!(!unknown.contains("margin"), "{unknown}");
    }
    assert_eq!(why("margin", json!(1), Role::Manager), None);
    assert_eq!(why("margin", Value::Null, Role::Agent), why("nothing", Value::Null, Role::Agent));
    for value in [json!("eva"), Value::Null] {
        assert!(why("csm", value.clone(), Role::Agent).unwrap().contains("lead"));
        assert_eq!(why("csm", value, Role::Lead), None);
    }
    assert_eq!(why("plan", json!("pro"), Role::Service), None);
    assert_eq!(pack.hidden_fields(Role::Lead), ["margin".to_owned()].into());
    assert_eq!(pack.hidden_fields(Role::Admin), Default::default());
}

#[test]
fn several_mistakes_are_told_at_once_each_with_its_place() {
    let pack = pack(
        json!({"a-b": {"name": {"es": "A"}, "type": "integer"}, "c": {"name": {"es": "C"}, "type": "date"}}),
    );
    let set = json!({"a-b": "x", "c": 1, "d": null}).as_object().cloned().unwrap();
    let refused = check(&pack, &set, Role::Agent, "/fields").unwrap_err();
    let places: Vec<_> = refused.places.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(places, ["/fields/a-b", "/fields/c", "/fields/d"]);
}

#[test]
fn a_desk_that_declares_no_fields_leaves_them_free() {
    let free = pack(json!({}));
    let set = json!({"anything": {"goes": [1, null]}}).as_object().cloned().unwrap();
    assert_eq!(check(&free, &set, Role::Service, ""), Ok(()));
    assert_eq!(check_required(&free, &Map::new(), ""), Ok(()));
}

#[test]
fn what_has_to_be_said_is_missed() {
    let pack = pack(json!({"school": {"name": {"es": "Centro"}, "type": "text", "required": true}}));
    let known = |value: Value| json!({"school": value}).as_object().cloned().unwrap();
    assert_eq!(check_required(&pack, &known(json!("Sur")), "/fields"), Ok(()));
    for nothing in [Map::new(), known(Value::Null)] {
        let refused = check_required(&pack, &nothing, "/fields").unwrap_err();
        assert_eq!(refused.places[0].0, "/fields/school");
    }
}

#[test]
fn every_mistake_in_a_declaration_is_named_with_its_place() {
    #[track_caller]
    fn places(change: impl FnOnce(&mut Value), expected: &[&str]) {
        let mut document = document(json!({"x": {"name": {"es": "X"}, "type": "text"}}));
        change(&mut document);
        let problems = parse(document).expect_err("refused");
        let places: Vec<_> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(places, expected, "{problems:?}");
    }
    places(|p| p["fields"]["x"]["name"] = json!({"en": "X"}), &["/fields/x/name"]);
    places(|p| p["fields"]["x"]["type"] = json!("colour"), &["/fields/x/type"]);
    places(|p| p["fields"]["x"]["type"] = json!("choice"), &["/fields/x/choices"]);
    places(|p| p["fields"]["x"]["choices"] = json!([{"id": "a"}]), &["/fields/x/choices"]);
    places(|p| p["fields"]["x"]["min"] = json!(1), &["/fields/x/min"]);
    places(|p| p["fields"]["x"]["pattern"] = json!("("), &["/fields/x/pattern"]);
    places(|p| p["fields"]["x"]["default"] = json!(7), &["/fields/x/default"]);
    places(|p| p["fields"]["x"]["colour"] = json!(7), &["/fields/x/colour"]);
    places(
        |p| {
            p["fields"]["x"] =
                json!({"name": {"es": "X"}, "type": "text", "required": true, "changed_by": "lead"})
        },
        &["/fields/x/required"],
    );
    places(
        |p| p["fields"]["x"] = json!({"name": {"es": "X"}, "type": "integer", "min": 2, "max": 1}),
        &["/fields/x/max"],
    );
    places(
        |p| {
            p["fields"]["x"] =
                json!({"name": {"es": "X"}, "type": "choice", "choices": [{"id": "a"}, {"id": "a"}]})
        },
        &["/fields/x/choices/1/id"],
    );
    places(|p| p["fields"]["a:b"] = p["fields"]["x"].clone(), &["/fields/a:b"]);
    places(|p| p["transitions"] = json!([{"fields": ["x", "y"]}]), &["/transitions/0/fields/1"]);
    places(
        |p| p["sla"] = json!([{"name": "a", "when": {"fields.y": ["1"]}, "targets": {"first_response": {"seconds": 1, "calendar": "calendar_time"}}}]),
        &["/sla/0/when/fields.y"],
    );
    places(
        |p| {
            p["teams"] = json!({"a": {"name": "A"}});
            p["queues"]["general"]["team"] = json!("a");
            p["queues"]["general"]["assignment"] = json!({"method": "round_robin", "skill_field": "y"});
        },
        &["/queues/general/assignment/skill_field"],
    );
    places(
        |p| {
            p["enrichment"] = json!({
                "directory": {"y": "account.csm", "x": "csm"},
                "rules": [{"id": "r", "set": {"x": 1}}, {"id": "r", "words": ["a"], "set": {}}]
            });
        },
        &[
            "/enrichment/directory/x",
            "/enrichment/directory/y",
            "/enrichment/rules/0",
            "/enrichment/rules/0/set/x",
            "/enrichment/rules/1/id",
        ],
    );
    places(
        |p| p["channels"] = json!({"form": {"main": {"fields": {"x": 1}}}}),
        &["/channels/form/main/fields/x"],
    );
}
