use super::*;
use serde_json::json;

fn pack(book: Value) -> Value {
    json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "queues": {"general": {"name": "General"}},
        "teams": {"fraud": {"name": "Fraud"}, "other": {"name": "Other"}},
        "partitions": {"a": {"name": "A", "teams": ["fraud"]}},
        "templates": {
            "done": {"data": {
                "client": {"type": "string"}, "last": {"type": "string"}, "contact_name": {"type": "string"},
                "note": {"type": "string", "optional": true}
            }},
            "plain": {}
        },
        "playbooks": {"book": book}
    })
}

/// One of each kind.
fn book() -> Value {
    json!({
        "name": "Activation", "partition": "a", "start": "who",
        "nodes": {
            "who": {"identity_check": {
                "text": "Ask", "checks": [{"id": "name", "label": "Name"}, {"id": "birth", "label": "Birth"}],
                "needed": 2, "passed": "card", "failed": "stop"}},
            "card": {"data_entry": {
                "text": "Which card?", "fields": [{"name": "last_four", "label": "Last four", "type": "card_last_four"}],
                "to": "have"}},
            "have": {"question": {"text": "At hand?", "choices": [
                {"id": "yes", "label": "Yes", "to": "switch_on"}, {"id": "no", "label": "No", "to": "wait"}]}},
            "wait": {"guidance": {"text": "Wait", "to": "have"}},
            "switch_on": {"action": {
                "text": "Switch it on", "record": {"request": "activation", "fields": ["last_four"]},
                "done": "end", "not_done": "stop"}},
            "end": {"outcome": {"text": "Active", "end": {"answer": {
                "template": "done", "data": {"client": "A", "last": {"from": "last_four"}}}}}},
            "stop": {"outcome": {"text": "To fraud", "end": {"escalation": {"team": "fraud"}}}}
        }
    })
}

#[test]
fn fields_of_the_ticket_are_there_and_hold_what_they_get() {
    let places = |set: Value| -> Vec<String> {
        let mut book = book();
        book["ticket_fields"] = set;
        let mut pack = pack(book);
        pack["fields"] = json!({
            "card": {"name": {"es": "Tarjeta"}, "type": "text"},
            "request": {"name": {"es": "Qué"}, "type": "choice", "choices": [{"id": "activation"}]}
        });
        let problems = crate::pack::parse(pack).err().unwrap_or_default();
        problems
            .into_iter()
            .map(|problem| problem.pointer.replace("/playbooks/book/ticket_fields", ""))
            .collect()
    };
    assert!(places(json!({"card": {"from": "last_four"}, "request": "activation"})).is_empty());
    assert_eq!(
        places(json!({"card": {"from": "nothing"}, "request": "dance", "x": 1})),
        ["/card", "/request", "/x"]
    );
}

#[track_caller]
fn wrong(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut book = book();
    change(&mut book);
    let problems = crate::pack::parse(pack(book)).expect_err("refused");
    problems.into_iter().map(|problem| problem.pointer.replace("/playbooks/book", "")).collect()
}

#[test]
fn a_whole_tree_is_taken_and_a_circle_with_an_exit_too() {
    let pack = crate::pack::parse(pack(book())).expect("taken");
    let book = parse(&pack, "book", &pack.playbooks["book"]).expect("taken");
    assert_eq!(book.nodes.len(), 7);
    assert_eq!(serde_json::to_value(&book).expect("JSON"), super::tests::book());
}

#[test]
fn targets_that_there_are_not_are_named_where_they_stand() {
    assert_eq!(wrong(|b| b["start"] = json!("nowhere")), ["/start"]);
    assert_eq!(
        wrong(|b| b["nodes"]["have"]["question"]["choices"][0]["to"] = json!("x")),
        ["/nodes/end", "/nodes/have/question/choices/0/to", "/nodes/switch_on"]
    );
    assert_eq!(wrong(|b| b["nodes"]["wait"]["guidance"]["to"] = json!("x")), ["/nodes/wait/guidance/to"]);
    assert_eq!(
        wrong(|b| b["nodes"]["who"]["identity_check"]["failed"] = json!("x")),
        ["/nodes/who/identity_check/failed"]
    );
    assert_eq!(
        wrong(|b| b["nodes"]["switch_on"]["action"]["not_done"] = json!("x")),
        ["/nodes/switch_on/action/not_done"]
    );
}

#[test]
fn nodes_that_nothing_leads_to_are_found() {
    assert_eq!(
        wrong(|b| b["nodes"]["lost"] = json!({"guidance": {"text": "Lost", "to": "end"}})),
        ["/nodes/lost"]
    );
    // A circle of its own too, which has no exit besides.
    let found = wrong(|b| {
        b["nodes"]["x"] = json!({"guidance": {"text": "X", "to": "y"}});
        b["nodes"]["y"] = json!({"guidance": {"text": "Y", "to": "x"}});
    });
    assert_eq!(found, ["/nodes/x", "/nodes/y", "/nodes/x", "/nodes/y"]);
}

#[test]
fn dead_ends_and_circles_without_an_exit_are_found() {
    assert_eq!(
        wrong(|b| b["nodes"]["have"]["question"]["choices"] = json!([])),
        ["/nodes/end", "/nodes/switch_on", "/nodes/wait", "/nodes/have"]
    );
    let found = wrong(|b| b["nodes"]["have"]["question"]["choices"][0]["to"] = json!("wait"));
    assert_eq!(found, ["/nodes/end", "/nodes/switch_on", "/nodes/have", "/nodes/wait"]);
}

#[test]
fn templates_teams_and_partitions_have_to_be_there() {
    let answer = |b: &mut Value, end: Value| b["nodes"]["end"]["outcome"]["end"] = json!({"answer": end});
    let at = |place: &str| [format!("/nodes/end/outcome/end/answer/{place}")];
    assert_eq!(wrong(|b| answer(b, json!({"template": "no"}))), at("template"));
    assert_eq!(
        wrong(|b| answer(b, json!({"template": "plain", "data": {"client": "A"}}))),
        at("data/client")
    );
    assert_eq!(wrong(|b| answer(b, json!({"template": "done", "data": {"client": "A"}}))), at("data"));
    let escalation = |b: &mut Value, team: &str| {
        b["nodes"]["stop"]["outcome"]["end"] = json!({"escalation": {"team": team}});
    };
    for team in ["nobody", "other"] {
        assert_eq!(wrong(|b| escalation(b, team)), ["/nodes/stop/outcome/end/escalation/team"], "{team}");
    }
    assert_eq!(wrong(|b| b["partition"] = json!("z")), ["/partition"]);
}

#[test]
fn what_is_taken_must_have_been_asked_for_on_every_way() {
    // One way leads past the card.
    let found = wrong(|b| b["nodes"]["who"]["identity_check"]["failed"] = json!("have"));
    assert_eq!(
        found,
        [
            "/nodes/stop/outcome",
            "/nodes/end/outcome/end/answer/data/last",
            "/nodes/switch_on/action/record/fields/0"
        ]
        .into_iter()
        .filter(|p| *p != "/nodes/stop/outcome")
        .collect::<Vec<_>>()
    );
    let found =
        wrong(|b| b["nodes"]["switch_on"]["action"]["record"]["fields"] = json!(["last_four", "iban"]));
    assert_eq!(found, ["/nodes/switch_on/action/record/fields/1"]);
}

#[test]
fn fields_checks_and_choices_make_sense() {
    let field = |change: Value| {
        wrong(|b| {
            let field = &mut b["nodes"]["card"]["data_entry"]["fields"][0];
            change.as_object().into_iter().flatten().for_each(|(k, v)| field[k] = v.clone());
        })
    };
    let at = "/nodes/card/data_entry/fields/0";
    assert_eq!(field(json!({"type": "choice"})), [format!("{at}/choices")]);
    assert_eq!(field(json!({"choices": ["a"]})), [format!("{at}/choices")]);
    assert_eq!(field(json!({"earliest_days": 0})), [at]);
    assert_eq!(
        field(json!({"type": "date", "earliest_days": 1, "latest_days": 0})),
        [format!("{at}/latest_days")]
    );
    assert_eq!(field(json!({"type": "pan"})), [format!("{at}/type")]);
    assert_eq!(
        wrong(|b| b["nodes"]["who"]["identity_check"]["needed"] = json!(3)),
        ["/nodes/who/identity_check/needed"]
    );
    assert_eq!(
        wrong(|b| b["nodes"]["who"]["identity_check"]["checks"][1]["id"] = json!("name")),
        ["/nodes/who/identity_check/checks/1"]
    );
    assert_eq!(wrong(|b| b["nodes"]["wait"]["guidance"]["text"] = json!(" ")), ["/nodes/wait/guidance/text"]);
    assert_eq!(
        wrong(|b| b["nodes"]["wait"]["guidance"]["colour"] = json!(1)),
        ["/nodes/wait/guidance/colour"]
    );
}

#[test]
fn ids_may_stand_in_a_path() {
    let mut document = pack(book());
    document["playbooks"] = json!({"A b": book()});
    let problems = crate::pack::parse(document).expect_err("refused");
    assert_eq!(problems[0].pointer, "/playbooks/A b");
}
