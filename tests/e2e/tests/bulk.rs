//! The same done to many tickets: a result for each, a few at once and the rest by the tick, once however often it is asked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use relevo_e2e::{App, Desk, Store, pack};
use serde_json::{Value, json};

fn open(desk: &Desk, n: u32) -> String {
    let body = json!({"channel": "whatsapp", "contact": {"address": format!("1555099{n:04}")}});
    desk.agent.post("tickets", &body).is(201).json()["id"].as_str().unwrap().to_owned()
}

fn types(desk: &Desk, id: &str) -> Vec<String> {
    let history = desk.agent.get(&format!("tickets/{id}/history")).is(200).json();
    let items = history["items"].as_array().unwrap();
    items.iter().map(|item| item["type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_ticket_has_its_result_and_all_that_is_done_to_it_or_none() {
    let (_app, desk) = App::school(Store::Sqlite);
    let all = json!({"filter": {}, "actions": [{"tags": {"add": ["x"]}}]});
    let refused = desk.agent.post("tickets/bulk", &all);
    assert_eq!(refused.problem(422), "invalid_document", "it would be every ticket of the desk");
    let (one, two, merged) = (open(&desk, 1), open(&desk, 2), open(&desk, 3));
    desk.agent
        .post(&format!("tickets/{merged}/merge"), &json!({"into": two, "different_customers": true}))
        .is(200);
    let unknown = format!("{}9", one);
    let actions = json!([
        {"tags": {"add": ["traslado"]}},
        {"assignment": {"agent": desk.agent.person}},
        {"priority": {"priority": "high"}},
        {"note": {"text": "Pasado a mano."}},
        {"status": {"status": "solved", "reason": "traslado"}}
    ]);
    let order = json!({"tickets": [one, merged, unknown, two, one], "actions": actions});
    let done = desk.agent.post_once("tickets/bulk", "b", &order).is(202).json();
    assert_eq!(
        (&done["total"], &done["done"], &done["refused"]),
        (&json!(4), &json!(2), &json!(2)),
        "{done}"
    );
    assert_eq!(done["finished"], true);
    let state: Vec<_> = done["items"].as_array().unwrap().iter().map(|i| (&i["state"], &i["code"])).collect();
    assert_eq!(
        json!(state),
        json!([
            ["done", null],
            ["refused", "ticket_is_merged"],
            ["refused", "unknown_ticket"],
            ["done", null]
        ])
    );
    for id in [&one, &two] {
        let ticket = desk.ticket(id);
        assert_eq!(
            (&ticket["category"], &ticket["assignee"], &ticket["priority"]),
            (&json!("solved"), &json!(desk.agent.person), &json!("high"))
        );
    }
    let again = desk.agent.post_once("tickets/bulk", "b", &order).is(202).json();
    assert_eq!(again, done, "a repeat");
    assert_eq!(types(&desk, &one).iter().filter(|name| *name == "note.written").count(), 1);
    let id = done["id"].as_str().unwrap();
    assert_eq!(desk.agent.get(&format!("bulk/{id}")).is(200).json(), done);
    assert_eq!(desk.agent.get("bulk/blk_x").problem(404), "not_found");
    assert_eq!(desk.agent.get(&format!("bulk/blk_{}", "a".repeat(26))).problem(404), "unknown_bulk");

    for (wrong, pointer) in [
        (json!({"actions": [{"priority": {"priority": "low"}}]}), "/tickets"),
        (json!({"tickets": [one], "filter": {}, "actions": [{"priority": {"priority": "low"}}]}), "/tickets"),
        (json!({"tickets": ["tkt_x"], "actions": [{"priority": {"priority": "low"}}]}), "/tickets/0"),
        (json!({"tickets": [one], "actions": []}), "/actions"),
        (json!({"tickets": [one], "actions": [{"status": {"status": "gone"}}]}), "/actions/0/status/status"),
        (
            json!({"tickets": [one], "actions": [{"assignment": {"agent": "x"}}]}),
            "/actions/0/assignment/agent",
        ),
        (json!({"tickets": [one], "actions": [{"assignment": {}}]}), "/actions/0/assignment"),
        (json!({"tickets": [one], "actions": [{"assignment": {"team": null}}]}), "/actions/0/assignment"),
        (json!({"filter": {"queue": "x"}, "actions": [{"priority": {"priority": "low"}}]}), "/filter/queue"),
        (json!({"view": "vew_x", "actions": [{"priority": {"priority": "low"}}]}), "/view"),
    ] {
        let answer = desk.agent.post("tickets/bulk", &wrong);
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{wrong}: {}", answer.body);
        answer.problem(422);
    }
    assert_eq!(desk.ticket(&one)["priority"], "high", "what is refused does nothing");
    assert_eq!(desk.ticket(&one)["assignee"], json!(desk.agent.person));
    let to_nobody = json!({"tickets": [one], "actions": [{"assignment": {"agent": null}}]});
    assert_eq!(desk.agent.post("tickets/bulk", &to_nobody).is(202).json()["done"], 1);
    assert_eq!(desk.ticket(&one)["assignee"], Value::Null);
}

#[test]
fn many_are_worked_through_by_the_tick_and_progress_can_be_asked_for() {
    let (app, desk) = App::school(Store::Sqlite);
    let all: Vec<String> = (0..130).map(|n| open(&desk, n)).collect();
    let done = open(&desk, 999);
    desk.agent.post(&format!("tickets/{done}/status"), &json!({"status": "closed"})).is(200);
    let order = json!({"filter": {"assignee": "none"}, "actions": [{"tags": {"add": ["masivo"]}}]});
    let started = desk.lead.post("tickets/bulk", &order).is(202).json();
    let (id, total) = (started["id"].as_str().unwrap().to_owned(), started["total"].as_u64().unwrap());
    assert_eq!(
        (total, &started["finished"]),
        (130, &json!(false)),
        "live tickets that fit, some of them at once"
    );
    assert!(started["done"].as_u64().unwrap() > 0, "{started}");
    let progress = || desk.agent.get(&format!("bulk/{id}")).is(200).json();
    assert_eq!(progress()["done"], started["done"]);
    // Ticks that overlap do it once.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| app.tick("sla").is(200));
        }
    });
    app.tick("sla").is(200);
    let after = progress();
    assert_eq!(
        (&after["finished"], &after["done"], &after["refused"]),
        (&json!(true), &json!(130), &json!(0))
    );
    for id in [&all[0], &all[64], &all[129]] {
        assert_eq!(
            desk.ticket(id)["tags"].as_array().unwrap().iter().filter(|tag| **tag == "masivo").count(),
            1
        );
        assert_eq!(types(&desk, id).iter().filter(|name| *name == "tags.changed").count(), 1, "once");
    }
    assert_ne!(desk.ticket(&done)["tags"], Value::Null);
    assert!(
        !desk.ticket(&done)["tags"].as_array().unwrap().contains(&json!("masivo")),
        "what is done is left alone"
    );
}

#[test]
fn client_companies_of_a_desk_are_kept_apart() {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish("cards");
    let (adriana, daniela) = (desk.token("adriana-campos", "agent"), desk.token("daniela-rivas", "agent"));
    let fernanda = desk.token("fernanda-luna", "lead");
    let new =
        |queue: &str| json!({"channel": "whatsapp", "contact": {"address": "15550990001"}, "queue": queue});
    let ticket = desk.admin.post("tickets", &new("nogal")).is(201).json()["id"].clone();
    let actions = json!([{"tags": {"add": ["x"]}}]);
    let named = json!({"tickets": [ticket], "actions": actions});
    assert_eq!(daniela.post("tickets/bulk", &named).problem(404), "unknown_ticket");
    let all = json!({"filter": {"channel": "whatsapp"}, "actions": actions});
    assert_eq!(daniela.post("tickets/bulk", &all).is(202).json()["total"], 0);
    let done = adriana.post("tickets/bulk", &all).is(202).json();
    assert_eq!((&done["total"], &done["done"]), (&json!(1), &json!(1)));
    let path = format!("bulk/{}", done["id"].as_str().unwrap());
    assert_eq!(daniela.get(&path).problem(404), "unknown_bulk");

    // Nor does a lead send people of another company away, or a substitute from there get its tickets.
    assert_eq!(fernanda.post("people/daniela-rivas/absences", &json!({})).problem(403), "forbidden");
    let away = json!({"substitute": "daniela-rivas"});
    let refused = adriana.post("people/adriana-campos/absences", &away).is(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "/substitute");
}

#[test]
fn a_ticket_of_one_client_company_is_brought_before_no_other() {
    let app = App::bare(Store::Sqlite);
    let mut pack = pack("cards");
    pack["macros"]["a-albatros"] = json!({"name": "Albatros", "then": [{"queue": {"queue": "albatros"}}]});
    let desk = app.publish_pack("cards", &pack);
    let (adriana, daniela) = (desk.token("adriana-campos", "agent"), desk.token("daniela-rivas", "agent"));
    let new = json!({"channel": "whatsapp", "contact": {"address": "15550990002"}, "queue": "nogal"});
    let ticket = adriana.post("tickets", &new).is(201).json()["id"].as_str().unwrap().to_owned();
    let pointer = |answer: relevo_e2e::Answer| answer.is(422).json()["errors"][0]["pointer"].clone();
    for (action, place) in [
        (json!({"queue": {"queue": "albatros"}}), "/actions/0/queue/queue"),
        (json!({"assignment": {"agent": "daniela-rivas"}}), "/actions/0/assignment/agent"),
        (json!({"assignment": {"team": "albatros-n1"}}), "/actions/0/assignment/team"),
        (json!({"escalation": {"team": "albatros-n1"}}), "/actions/0/escalation/team"),
        (json!({"macro": {"id": "a-albatros"}}), "/actions/0/macro/id"),
    ] {
        let order = json!({"tickets": [ticket], "actions": [action]});
        assert_eq!(pointer(adriana.post("tickets/bulk", &order)), place, "{action}");
    }
    for (call, body, place) in [
        ("assignment", json!({"agent": "daniela-rivas"}), "/agent"),
        ("assignment", json!({"team": "albatros-n1"}), "/team"),
        ("escalation", json!({"team": "albatros-n1", "reason": "x"}), "/team"),
        ("macro", json!({"macro": "a-albatros"}), "/macro"),
    ] {
        assert_eq!(pointer(adriana.post(&format!("tickets/{ticket}/{call}"), &body)), place, "{body}");
    }
    // Who works for all is told for each ticket, and may move one.
    let manager = desk.token("karla-mendez", "manager");
    let order = |action: Value| json!({"tickets": [ticket], "actions": [action]});
    let stranger = order(json!({"assignment": {"agent": "daniela-rivas"}}));
    let answer = manager.post("tickets/bulk", &stranger).is(202).json();
    assert_eq!(answer["items"][0]["code"], "other_partition");

    let note =
        adriana.post(&format!("tickets/{ticket}/notes"), &json!({"text": "@daniela-rivas @fernanda-luna"}));
    let told = json!({"people": ["fernanda-luna"], "teams": [], "unknown": ["daniela-rivas"]});
    assert_eq!(note.is(201).json()["mentions"], told);
    assert_eq!(desk.ticket(&ticket)["queue"], "nogal");
    assert_eq!(daniela.get(&format!("tickets/{ticket}")).problem(404), "unknown_ticket");
    manager.post("tickets/bulk", &order(json!({"queue": {"queue": "albatros"}}))).is(202);
    daniela.get(&format!("tickets/{ticket}")).is(200);
    app.verify();
}
