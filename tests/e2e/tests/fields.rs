//! Custom fields as a desk declares them: what they hold on every way in, who sees them, what fills them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use relevo_e2e::{App, Caller, Desk, Store, whatsapp};
use serde_json::{Value, json};

fn fields() -> Value {
    json!({
        "school": {"name": {"es": "Centro"}, "type": "text", "required": true, "by_customers": true},
        "module": {"name": {"es": "Módulo"}, "type": "choice", "by_customers": true, "personal": false,
                   "choices": [{"id": "notas", "name": {"es": "Notas"}}, {"id": "accesos"}]},
        "pupils": {"name": {"es": "Alumnos"}, "type": "integer", "min": 1, "by_customers": true},
        "csm": {"name": {"es": "CSM"}, "type": "text", "changed_by": "lead"},
        "margin": {"name": {"es": "Margen"}, "type": "integer", "seen_by": "manager", "default": 424_242}
    })
}

fn desk() -> (App, Desk) {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish_with("school", |pack| {
        pack["fields"] = fields();
        pack["enrichment"] =
            json!({"rules": [{"id": "notas", "words": ["boletín"], "set": {"module": "notas"}}]});
        pack["channels"]["whatsapp"]["main"]["fields"] = json!({"school": "Por confirmar"});
    });
    (app, desk)
}

fn open(caller: &Caller, n: u32, fields: Value) -> relevo_e2e::Answer {
    let body = json!({
        "channel": "phone", "contact": {"address": format!("+3460000{n:04}")}, "subject": "Hola", "fields": fields,
    });
    caller.post("tickets", &body)
}

fn pointers(answer: &relevo_e2e::Answer) -> Value {
    let places = answer.json()["errors"].as_array().cloned().unwrap_or_default();
    let mut places: Vec<&str> = places.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    places.sort_unstable();
    json!(places)
}

#[test]
fn what_is_no_value_of_a_field_is_refused_on_every_way_in() {
    let (_app, desk) = desk();
    let wrong =
        json!({"school": 7, "module": "Notas", "pupils": 0, "colour": "red", "csm": "eva", "margin": 1});
    let places = json!(["colour", "csm", "margin", "module", "pupils", "school"]);
    let at = |prefix: &str| -> Value {
        places
            .as_array()
            .unwrap()
            .iter()
            .map(|name| json!(format!("{prefix}/{}", name.as_str().unwrap())))
            .collect()
    };
    let refused = open(&desk.agent, 1, wrong.clone());
    assert_eq!(pointers(&refused), at("/fields"));
    assert_eq!(refused.problem(422), "bad_fields");
    assert_eq!(pointers(&open(&desk.agent, 1, json!({}))), json!(["/fields/school"]), "it has to be said");

    let ticket = open(&desk.agent, 1, json!({"school": "Sur", "pupils": 3})).is(201).json();
    let id = ticket["id"].as_str().unwrap();
    let refused = desk.agent.post(&format!("tickets/{id}/fields"), &wrong);
    assert_eq!(pointers(&refused), at(""));
    assert_eq!(refused.problem(422), "bad_fields");
    let bulk = |caller: &Caller, set: &Value| {
        caller.post("tickets/bulk", &json!({"tickets": [id], "actions": [{"fields": {"set": set}}]}))
    };
    let refused = bulk(&desk.agent, &wrong);
    assert_eq!(pointers(&refused), at("/actions/0/fields/set"));
    refused.problem(422);
    assert_eq!(desk.ticket(id)["fields"], json!({"school": "Sur", "pupils": 3}), "nothing was taken");

    let set = json!({"module": "notas", "pupils": null, "csm": "eva"});
    let done = bulk(&desk.lead, &set).is(202).json();
    assert_eq!((&done["done"], &done["refused"]), (&json!(1), &json!(0)));
    assert_eq!(desk.ticket(id)["fields"], json!({"school": "Sur", "module": "notas", "csm": "eva"}));
    // What has a field declared since is checked when it is set, not before.
    desk.agent.post(&format!("tickets/{id}/fields"), &json!({"pupils": 12})).is(200);
}

#[test]
fn what_a_role_does_not_see_is_nowhere_for_it() {
    let (_app, desk) = desk();
    let manager = desk.token("marta-olmedo", "manager");
    let ticket = open(&desk.agent, 1, json!({"school": "Sur"})).is(201);
    assert!(!ticket.body.contains("margin") && !ticket.body.contains("424242"), "{}", ticket.body);
    let ticket = ticket.json();
    let (id, contact) = (ticket["id"].as_str().unwrap(), ticket["contact"]["id"].as_str().unwrap());
    manager.post(&format!("tickets/{id}/fields"), &json!({"margin": 777_111})).is(200);

    let mut asked = vec![
        format!("tickets/{id}"),
        format!("tickets/{id}?as_of={}", "2030-01-01T00:00:00Z"),
        format!("tickets/{id}/history"),
        "tickets".to_owned(),
        "tickets?order=oldest".to_owned(),
        format!("tickets?contact={contact}"),
        format!("tickets?number={}", ticket["number"]),
        format!("contacts/{contact}"),
    ];
    for path in &asked {
        for caller in [&desk.agent, &desk.lead] {
            let seen = caller.get(path).is(200).body;
            for hidden in ["margin", "424242", "777111"] {
                assert!(!seen.contains(hidden), "{path} shows {hidden} to {}: {seen}", caller.person);
            }
        }
    }
    asked.truncate(4);
    for path in &asked {
        assert!(manager.get(path).is(200).body.contains("777111"), "{path}");
    }
    assert!(manager.get(&format!("tickets/{id}/history")).is(200).body.contains("424242"));
    for (path, body) in [
        ("notes", json!({"text": "vista"})),
        ("tags", json!({"add": ["a"]})),
        ("fields", json!({"module": "accesos"})),
        ("priority", json!({"priority": "high"})),
        ("status", json!({"status": "open"})),
        ("assignment", json!({"agent": desk.agent.person})),
    ] {
        let answer = desk.agent.post(&format!("tickets/{id}/{path}"), &body);
        assert!([200, 201].contains(&answer.status), "{}", answer.body);
        assert!(!answer.body.contains("777111"), "{path}: {}", answer.body);
    }
    // Asking for tickets by it is as asking by what there is not.
    for caller in [&desk.agent, &desk.lead] {
        let refused = caller.get("tickets?field=margin:777111");
        let unknown = caller.get("tickets?field=colour:red");
        assert_eq!(refused.body, unknown.body);
        assert_eq!(refused.problem(400), "unknown_field");
    }
    let found = |caller: &Caller, field: &str| {
        caller.get(&format!("tickets?field={field}")).is(200).json()["items"].as_array().unwrap().len()
    };
    assert_eq!((found(&manager, "margin:777111"), found(&manager, "margin:1")), (1, 0));
    assert_eq!((found(&desk.agent, "module:accesos"), found(&desk.agent, "module:notas")), (1, 0));
}

#[test]
fn what_is_hidden_is_not_found_by_trying_on_the_past_or_by_doing_the_same_to_many() {
    let (_app, desk) = desk();
    let manager = desk.token("marta-olmedo", "manager");
    let ticket = open(&desk.agent, 1, json!({"school": "Sur"})).is(201).json();
    let id = ticket["id"].as_str().unwrap();
    manager.post(&format!("tickets/{id}/fields"), &json!({"margin": 4321})).is(200);
    let automation = |when: Value, then: Value| json!({"automations": [{"id": "a", "name": "A", "on": ["ticket.fields_changed"], "when": when, "then": [then]}]});
    let note = json!({"note": {"text": "x"}});
    let policy = |fact: &str| {
        json!({"days": 7, "sla": [{"name": "a", "when": {fact: ["4321"]},
            "targets": {"first_response": {"seconds": 60, "calendar": "calendar_time"}}}]})
    };
    // As if there were no such field, on every way.
    let same = |margin: (&str, Value), colour: Value, pointer: &str| {
        let refused = desk.lead.post(margin.0, &margin.1);
        assert_eq!(pointers(&refused), json!([pointer]), "{}", margin.0);
        let unknown = desk.lead.post(margin.0, &colour);
        assert_eq!(refused.body, unknown.body.replace("colour", "margin"), "{}", margin.0);
        assert_eq!(refused.problem(422), "invalid_document");
    };
    same(
        ("automations/simulate", automation(json!({"fields.margin": {"at_least": 4000}}), note.clone())),
        automation(json!({"fields.colour": {"at_least": 4000}}), note.clone()),
        "/automations/0/when/fields.margin",
    );
    same(
        ("automations/simulate", automation(json!({}), json!({"fields": {"set": {"margin": "x"}}}))),
        automation(json!({}), json!({"fields": {"set": {"colour": "x"}}})),
        "/automations/0/then/0/fields/set/margin",
    );
    same(("sla/simulate", policy("fields.margin")), policy("fields.colour"), "/sla/0/when/fields.margin");
    let many = |name: &str| json!({"tickets": [id], "actions": [{"fields": {"set": {name: {"a": 1}}}}]});
    same(("tickets/bulk", many("margin")), many("colour"), "/actions/0/fields/set/margin");

    let fired = |caller: &Caller, when: Value| {
        let tried = caller.post("automations/simulate", &automation(when, note.clone())).is(200).json();
        tried["automations"]["a"]["fired"].clone()
    };
    assert_eq!(fired(&desk.lead, json!({})), 1, "that something changed is in the history");
    for asks in [json!(["margin"]), json!({"matches": ["mar*"]})] {
        assert_eq!(fired(&desk.lead, json!({"changed": asks})), 0);
        assert_eq!(fired(&manager, json!({"changed": asks})), 1);
    }
    assert_eq!(fired(&manager, json!({"fields.margin": {"at_least": 4000, "at_most": 5000}})), 1);
    assert!(manager.post("sla/simulate", &policy("fields.margin")).is(200).json()["tickets"].is_u64());
}

#[test]
fn a_view_that_asks_for_what_is_hidden_is_not_there() {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish_with("school", |pack| {
        pack["fields"] = fields();
        pack["fields"]["margin"]["personal"] = json!(false);
        pack["enrichment"] = json!({});
    });
    let manager = desk.token("marta-olmedo", "manager");
    let shared = |field: &str, value: &str| json!({"name": field, "shared": true, "filter": {"fields": {field: value}}});
    let refused = desk.lead.post("views", &shared("margin", "424242"));
    assert_eq!(
        refused.body,
        desk.lead.post("views", &shared("colour", "424242")).body.replace("colour", "margin")
    );
    assert_eq!(pointers(&refused), json!(["/filter/fields/margin"]));
    let many = |one: &str| json!({"filter": {"fields": {one: "1", "shade": "2"}}, "actions": [{"tags": {"add": ["x"]}}]});
    let refused = desk.lead.post("tickets/bulk", &many("margin"));
    assert_eq!(refused.body, desk.lead.post("tickets/bulk", &many("colour")).body);
    assert_eq!(refused.problem(422), "invalid_document");
    let hidden = manager.post("views", &shared("margin", "424242")).is(201).json()["id"].clone();
    let open = manager.post("views", &shared("module", "notas")).is(201).json()["id"].clone();
    let ids = |caller: &Caller| -> Vec<Value> {
        let items = caller.get("views?counts=true").is(200).json()["items"].clone();
        items
            .as_array()
            .unwrap()
            .iter()
            .map(|view| view["id"].clone())
            .filter(|id| [&hidden, &open].contains(&id))
            .collect()
    };
    let hidden_id = hidden.as_str().unwrap();
    assert_eq!(ids(&manager).len(), 2);
    for caller in [&desk.agent, &desk.lead] {
        assert_eq!(ids(caller), std::slice::from_ref(&open));
        assert_eq!(caller.get(&format!("views/{hidden_id}")).problem(404), "unknown_view");
        let none = format!("vew_{}", "a".repeat(26));
        let by = |id: &str| caller.get(&format!("tickets?view={id}"));
        assert_eq!(by(hidden_id).body.replace(hidden_id, &none), by(&none).body);
        assert!(by(hidden_id).status >= 400);
        let all = |id: &str| {
            caller.post("tickets/bulk", &json!({"view": id, "actions": [{"tags": {"add": ["x"]}}]}))
        };
        assert_eq!(all(hidden_id).body.replace(hidden_id, &none), all(&none).body);
        assert!(all(hidden_id).status >= 400);
    }
    assert_eq!(desk.lead.delete(&format!("views/{hidden_id}")).problem(404), "unknown_view");
    let change = desk.lead.put(&format!("views/{hidden_id}"), &shared("module", "notas"));
    assert_eq!(change.problem(404), "unknown_view");
}

#[test]
fn what_the_published_ones_do_with_what_is_hidden_is_shown_to_who_sees_it() {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish_with("school", |pack| {
        pack["fields"] = fields();
        pack["enrichment"] = json!({});
        pack["automations"] = json!([{"id": "dear", "name": "Dear", "on": ["ticket.fields_changed"],
            "when": {"fields.margin": {"at_least": 4000}},
            "then": [{"fields": {"set": {"margin": 888_222}}}, {"tags": {"add": ["dear"]}}]}]);
        pack["macros"] = json!({"dear": {"name": "Dear", "then": [
            {"fields": {"set": {"margin": 888_222, "module": "notas"}}}]}});
    });
    let manager = desk.token("marta-olmedo", "manager");
    let ticket = open(&desk.agent, 1, json!({"school": "Sur"})).is(201).json();
    let id = ticket["id"].as_str().unwrap();
    manager.post(&format!("tickets/{id}/fields"), &json!({"margin": 4321})).is(200);
    let tried = |caller: &Caller| caller.post("automations/simulate", &json!({})).is(200);
    let (seen, whole) = (tried(&desk.lead), tried(&manager));
    assert_eq!(seen.json()["automations"]["dear"]["fired"], 1, "{}", seen.body);
    for hidden in ["margin", "4000", "888222"] {
        assert!(!seen.body.contains(hidden), "{hidden}: {}", seen.body);
        assert!(whole.body.contains(hidden), "{hidden}: {}", whole.body);
    }
    // Beside another one, as it is published; not as somebody would rather have it.
    let published = json!({"id": "dear", "name": "Dear", "on": ["ticket.fields_changed"],
        "when": {"fields.margin": {"at_least": 4000}},
        "then": [{"fields": {"set": {"margin": 888_222}}}, {"tags": {"add": ["dear"]}}]});
    let other = json!({"id": "other", "name": "Other", "on": ["ticket.opened"], "then": [{"tags": {"add": ["new"]}}]});
    let both = json!({"automations": [other, published]});
    let tried = desk.lead.post("automations/simulate", &both).is(200);
    assert_eq!(tried.json()["automations"]["other"]["fired"], 1, "{}", tried.body);
    assert!(!tried.body.contains("margin") && !tried.body.contains("888222"), "{}", tried.body);
    let mut probing = both;
    probing["automations"][1]["when"]["fields.margin"]["at_least"] = json!(4300);
    let refused = desk.lead.post("automations/simulate", &probing);
    assert_eq!(
        pointers(&refused),
        json!(["/automations/1/then/0/fields/set/margin", "/automations/1/when/fields.margin"])
    );
    let macros = |caller: &Caller| caller.get("macros").is(200);
    assert_eq!(
        macros(&desk.agent).json()["items"][0]["then"],
        json!([{"fields": {"set": {"module": "notas"}}}])
    );
    assert!(macros(&manager).body.contains("888222"));
}

#[test]
fn what_a_customer_writes_fills_fields_and_is_never_refused_for_them() {
    let (app, desk) = desk();
    let secret = desk.secret("form", "main");
    let post = |body: Value| {
        let bearer = format!("Bearer {secret}");
        let headers = [("content-type", "application/json"), ("authorization", &*bearer)];
        let body = body.to_string();
        app.client().send("POST", &desk.hook("form", "main"), &headers, Some(body.as_bytes())).is(200);
    };
    post(json!({
        "email": "ana@sur.example.org", "message": "No puedo entrar", "submission_id": "f1",
        "school": "Colegio Sur", "module": "NOTAS", "pupils": "muchísimos", "csm": "yo", "margin": "9", "colour": "red",
    }));
    let ticket = desk.ticket(desk.tickets()[0]["id"].as_str().unwrap());
    assert_eq!(ticket["fields"], json!({"school": "Colegio Sur", "module": "notas"}));
    let unvalidated = ticket["unvalidated_fields"].as_object().unwrap();
    assert_eq!(unvalidated.keys().collect::<Vec<_>>(), ["pupils"]);
    assert!(!unvalidated["pupils"].as_str().unwrap().contains("muchísimos"));
    assert_eq!(ticket["messages"][0]["data"]["pupils"], "muchísimos", "kept as it came");

    whatsapp::deliver(app.client(), &desk, &whatsapp::message("15550107001", "wamid.f", "¿Y mi boletín?"))
        .is(200);
    let ticket = desk.ticket_of("15550107001");
    assert_eq!(ticket["fields"], json!({"school": "Por confirmar", "module": "notas"}));
    let history =
        desk.agent.get(&format!("tickets/{}/history", ticket["id"].as_str().unwrap())).is(200).json();
    let filled = &history["items"][0]["data"]["opening"]["filled"];
    assert_eq!(
        *filled,
        json!({
            "module": {"value": "notas", "by": "rule:notas"},
            "school": {"value": "Por confirmar", "by": "channel:whatsapp/main"},
        })
    );
    app.tick_everything();
    app.verify();
}

#[test]
fn a_pack_whose_fields_make_no_sense_is_refused_with_places() {
    let (_app, desk) = desk();
    let mut pack = desk.pack.clone();
    pack["fields"]["module"]["choices"] = json!([]);
    pack["fields"]["school"]["colour"] = json!("red");
    let refused = desk.admin.put("pack", &pack);
    assert_eq!(pointers(&refused), json!(["/fields/school/colour"]));
    pack["fields"]["school"].as_object_mut().unwrap().remove("colour");
    pack["survey"]["topic_field"] = json!("margin");
    let refused = desk.admin.put("pack?dry_run=true", &pack);
    assert_eq!(
        pointers(&refused),
        json!(["/enrichment/rules/0/set/module", "/fields/module/choices", "/survey/topic_field"])
    );
}
