//! Work lists as people use them: filters that refuse what they do not know, orders of work with stable pages, counts,
//! saved views.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use relevo_e2e::{App, Desk, Store};
use serde_json::{Value, json};

/// Opens a ticket; returns its id.
fn open(desk: &Desk, n: u32, more: Value) -> String {
    let mut body = json!({
        "channel": "whatsapp", "contact": {"address": format!("1555097{n:04}")}, "subject": format!("Acta {n}")
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    desk.agent.post("tickets", &body).is(201).json()["id"].as_str().unwrap().to_owned()
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_a_list_does_not_know_is_refused_with_what_it_knows() {
    let (_app, desk) = App::school(Store::Sqlite);
    for (wrong, code, known) in [
        ("tickets?foo=1", "unknown_parameter", "assignee"),
        ("tickets?status=nonsense", "unknown_value", "por_validar"),
        ("tickets?queue=nowhere", "unknown_value", "plataforma"),
        ("tickets?team=nobody", "unknown_value", "tecnico"),
        ("tickets?assignee=nobody", "unknown_value", "none"),
        ("tickets?channel=fax", "unknown_value", "whatsapp"),
        ("tickets?priority=5", "bad_priority", "urgent"),
        ("tickets?order=best", "bad_order", "due"),
        ("tickets?order=due&cursor=n5", "bad_cursor", "next"),
        ("tickets?breached=perhaps", "bad_breached", "true"),
        ("tickets?due_within_minutes=-1", "bad_due_within_minutes", "minutes"),
        ("tickets?number=one", "bad_number", "number"),
        ("tickets?number=0", "bad_number", "from 1"),
        ("tickets?view=", "unknown_view", "view"),
        ("tickets?field=plan", "bad_field", "plan:pro"),
        ("tickets?view=vew_x", "unknown_view", "view"),
        ("tickets/counts?limit=5", "unknown_parameter", "queue"),
        ("people?role=agent", "unknown_parameter", "no parameters"),
        ("outbox?state=sent", "unknown_parameter", "status"),
        ("contacts?name=ana", "unknown_parameter", "address"),
        ("reports/overview?since=2026-01-01", "unknown_parameter", "group_by"),
        ("shifts?now=1", "unknown_parameter", "at"),
    ] {
        let answer = desk.lead.get(wrong);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert_eq!(answer.problem(400), code, "{wrong}");
        assert!(detail.contains(known), "{wrong}: {detail}");
    }
}

#[test]
fn filters_orders_pages_and_search() {
    let (_app, desk) = App::school(Store::Sqlite);
    let priorities = ["normal", "urgent", "low", "high", "normal", "urgent"];
    let all: Vec<String> = (0..6)
        .map(|n| {
            let tag = if n % 2 == 0 { "par" } else { "impar" };
            let more = json!({"priority": priorities[n], "tags": [tag], "fields": {"user": format!("p{n}")}});
            open(&desk, u32::try_from(n).unwrap(), more)
        })
        .collect();
    let list = |query: &str| desk.agent.get(&format!("tickets?{query}")).is(200).json();
    let is = |query: &str, wanted: &[usize]| {
        let wanted: Vec<_> = wanted.iter().map(|n| all[*n].clone()).collect();
        assert_eq!(ids(&list(query)), wanted, "{query}");
    };
    is("", &[5, 4, 3, 2, 1, 0]);
    is("order=oldest", &[0, 1, 2, 3, 4, 5]);
    is("tag=par&order=oldest", &[0, 2, 4]);
    is("channel=whatsapp&priority=urgent", &[5, 1]);
    is("subject=acta%203", &[3]);
    is("field=user:p4", &[4]);
    is("number=2", &[1]);
    is("contact=15550970002", &[2]);
    let by_priority = list("order=priority");
    let first: Vec<_> =
        by_priority["items"].as_array().unwrap().iter().map(|i| i["priority"].clone()).collect();
    assert_eq!(json!(first), json!(["urgent", "urgent", "high", "normal", "normal", "low"]));
    assert_eq!(by_priority["items"][0]["why"]["priority"], "urgent");
    assert!(
        by_priority["order"]["explained"].as_str().unwrap().contains("highest priority"),
        "{by_priority}"
    );
    let due = list("order=due");
    let times: Vec<_> = due["items"].as_array().unwrap().iter().map(|i| i["why"]["due_at"].clone()).collect();
    assert!(times.iter().all(Value::is_string), "{times:?}");
    assert!(times.windows(2).all(|two| two[0].as_str() <= two[1].as_str()), "{times:?}");

    // Pages stay where they are while what was on them changes and others come.
    let page = list("order=priority&limit=2");
    let mut seen = ids(&page);
    let next = page["next"].as_str().unwrap().to_owned();
    desk.agent.post(&format!("tickets/{}/priority", seen[0]), &json!({"priority": "low"})).is(200);
    open(&desk, 99, json!({"priority": "urgent"}));
    let rest = list(&format!("order=priority&cursor={next}"));
    seen.extend(ids(&rest));
    for id in &all {
        assert!(seen.contains(id), "{id} was passed over");
    }
    assert_eq!(desk.agent.get(&format!("tickets?order=due&cursor={next}")).problem(400), "bad_cursor");

    // What is done is no work, and what is out of sight is not in the list.
    desk.agent.post(&format!("tickets/{}/status", all[3]), &json!({"status": "solved"})).is(200);
    assert!(!ids(&list("order=priority")).contains(&all[3]));
    assert!(ids(&list("")).contains(&all[3]));
    let opened = desk.ticket(&all[1])["opened_at"].clone();
    let question = json!({
        "calendar": {"time_zone": "UTC", "around_the_clock": true}, "start": opened, "seconds": 36_000
    });
    let later = desk.agent.post("sla/preview", &question).is(200).json()["due"].clone();
    desk.agent.post(&format!("tickets/{}/snooze", all[1]), &json!({"until": later})).is(200);
    assert!(!ids(&list("")).contains(&all[1]));
    is("snoozed=true", &[1]);
}

#[test]
fn counts_and_saved_views() {
    let (_app, desk) = App::school(Store::Sqlite);
    let mine = open(&desk, 1, json!({"agent": desk.agent.person, "priority": "high"}));
    open(&desk, 2, json!({}));
    let done = open(&desk, 3, json!({"priority": "high"}));
    desk.agent.post(&format!("tickets/{done}/status"), &json!({"status": "closed"})).is(200);
    let counts = |query: &str| desk.agent.get(&format!("tickets/counts{query}")).is(200).json();
    let all = counts("");
    assert_eq!((&all["total"], &all["complete"]), (&json!(2), &json!(true)));
    assert_eq!(all["assignee"], json!({desk.agent.person.clone(): 1, "none": 1}));
    assert_eq!(all["priority"], json!({"high": 1, "normal": 1}));
    assert_eq!(counts("?assignee=me")["total"], 1);

    let own = json!({"name": "Lo mío", "filter": {"assignee": "me"}, "order": "priority"});
    let shared = json!({"name": "De nadie", "shared": true, "filter": {"assignee": "none"}});
    let view = desk.agent.post_once("views", "v", &own).is(201).json();
    assert_eq!(desk.agent.post_once("views", "v", &own).is(201).json()["id"], view["id"], "a repeat");
    assert_eq!(desk.agent.post("views", &shared).problem(403), "forbidden");
    let common = desk.lead.post("views", &shared).is(201).json();
    for wrong in [
        json!({"name": " "}),
        json!({"name": "x", "filter": {"queue": "nowhere"}}),
        json!({"name": "x", "filter": {"contact": "15550970001"}}),
        json!({"name": "x", "order": "best"}),
        json!({"name": "x", "filter": {"due_within_minutes": 600_000}}),
    ] {
        desk.agent.post("views", &wrong).problem(422);
    }
    let id = |view: &Value| view["id"].as_str().unwrap().to_owned();
    let seen = |caller: &relevo_e2e::Caller| -> Vec<(Value, Value)> {
        let items = caller.get("views?counts=true").is(200).json()["items"].clone();
        items.as_array().unwrap().iter().map(|view| (view["id"].clone(), view["count"].clone())).collect()
    };
    let mut of_agent = vec![(view["id"].clone(), json!(1)), (common["id"].clone(), json!(1))];
    of_agent.sort_by_key(|(id, _)| id.to_string());
    assert_eq!(seen(&desk.agent), of_agent);
    assert_eq!(seen(&desk.lead), [(common["id"].clone(), json!(1))], "another's own view is not seen");
    assert_eq!(desk.lead.get(&format!("tickets?view={}", id(&view))).problem(400), "unknown_view");
    let page = desk.agent.get(&format!("tickets?view={}", id(&view))).is(200).json();
    assert_eq!((ids(&page), &page["order"]["by"]), (vec![mine], &json!("priority")));
    let narrowed = desk.agent.get(&format!("tickets?view={}&priority=low", id(&view))).is(200).json();
    assert_eq!(narrowed["items"], json!([]));

    assert_eq!(desk.agent.put(&format!("views/{}", id(&common)), &own).problem(403), "forbidden");
    assert_eq!(desk.agent.delete(&format!("views/{}", id(&common))).problem(403), "forbidden");
    assert_eq!(desk.lead.delete(&format!("views/{}", id(&view))).problem(404), "unknown_view");
    desk.agent.put(&format!("views/{}", id(&view)), &json!({"name": "Urgente", "order": "due"})).is(200);
    let all: Vec<_> = seen(&desk.agent).into_iter().filter(|(id, _)| *id == view["id"]).collect();
    assert_eq!(all, [(view["id"].clone(), json!(2))], "it asks for nothing any more");
    desk.agent.delete(&format!("views/{}", id(&view))).is(204);
    assert_eq!(seen(&desk.agent), [(common["id"].clone(), json!(1))]);
}

#[test]
fn counts_views_and_bulk_actions_ask_for_fields() {
    let (_app, desk) = App::school(Store::Sqlite);
    let notas = open(&desk, 1, json!({"fields": {"module": "notas", "user": "Luz"}}));
    open(&desk, 2, json!({"fields": {"module": "actas", "user": "Luz"}}));
    open(&desk, 3, json!({}));
    let total = |query: &str| desk.agent.get(&format!("tickets/counts?{query}")).is(200).json();
    assert_eq!(total("field=module:notas")["total"], 1);
    assert_eq!(total("field=user:Luz")["total"], 2);
    assert_eq!(total("field=user:Luz&priority=low")["total"], 0);
    assert_eq!(total("field=user:Luz")["complete"], true);
    assert_eq!(desk.agent.get("tickets/counts?field=nothing:1").problem(400), "unknown_field");
    assert_eq!(desk.agent.get("tickets/counts?field=fee:1").problem(400), "unknown_field", "a manager's");

    let view = json!({"name": "Notas", "shared": true, "filter": {"fields": {"module": "notas"}}});
    for wrong in ["user", "nothing", "fee"] {
        let body = json!({"name": "x", "filter": {"fields": {wrong: "Luz"}}});
        let refused = desk.lead.post("views", &body);
        let pointer = refused.json()["errors"][0]["pointer"].as_str().unwrap().to_owned();
        assert!(pointer.starts_with("/filter/fields"), "{wrong}: {pointer}");
        refused.problem(422);
    }
    let kept = desk.lead.post("views", &view).is(201).json();
    let id = kept["id"].as_str().unwrap();
    assert_eq!((&kept["filter"], &kept["revision"]), (&view["filter"], &json!(1)));
    let listed = desk.agent.get("views?counts=true").is(200).json();
    assert_eq!((&listed["items"][0]["count"], &listed["items"][0]["complete"]), (&json!(1), &json!(true)));
    assert_eq!(
        ids(&desk.agent.get(&format!("tickets?view={id}")).is(200).json()),
        std::slice::from_ref(&notas)
    );
    assert_eq!(total(&format!("view={id}"))["total"], 1);
    let tag = json!({"view": id, "actions": [{"tags": {"add": ["notas"]}}]});
    assert_eq!(desk.agent.post("tickets/bulk", &tag).is(202).json()["items"][0]["ticket"], json!(notas));
    let others = json!({"filter": {"fields": {"user": "Luz"}}, "actions": [{"tags": {"add": ["luz"]}}]});
    assert_eq!(desk.agent.post("tickets/bulk", &others).is(202).json()["total"], 2);
}

#[test]
fn a_view_is_read_by_itself_and_of_changes_at_once_one_counts() {
    let (_app, desk) = App::school(Store::Sqlite);
    let save = || {
        let view = json!({"name": "Mío", "filter": {"assignee": "me"}});
        let id = desk.agent.post("views", &view).is(201).json()["id"].as_str().unwrap().to_owned();
        format!("views/{id}")
    };
    let other = json!({"name": "Otro"});
    let path = save();
    assert_eq!(desk.agent.get(&path).is(200).json()["name"], "Mío");
    assert_eq!(desk.lead.get(&path).problem(404), "unknown_view", "another's own");
    assert_eq!(desk.agent.get("views/vew_x").problem(404), "unknown_view");
    let at = |revision: &str, method: &str, body: Option<&Value>| {
        desk.agent.call(method, &path, &[("if-match", revision)], body)
    };
    assert_eq!(at("2", "PUT", Some(&other)).problem(409), "view_moved_on");
    let put = at("1", "PUT", Some(&other)).is(200).json();
    assert_eq!((&put["revision"], &put["filter"]), (&json!(2), &json!({})), "another in its place");
    assert_eq!(at("1", "DELETE", None).problem(409), "view_moved_on");
    assert_eq!(desk.agent.get(&path).is(200).json()["revision"], 2);
    at("\"2\"", "DELETE", None).is(204);
    assert_eq!(desk.agent.get(&path).problem(404), "unknown_view");
    assert_eq!(desk.agent.put(&path, &other).problem(404), "unknown_view");

    for _ in 0..6 {
        let path = save();
        let (one, two, gone) = std::thread::scope(|scope| {
            let put = |name: &'static str| {
                let (agent, path) = (&desk.agent, &path);
                scope.spawn(move || agent.put(path, &json!({"name": name})))
            };
            let (one, two) = (put("a"), put("b"));
            let gone = scope.spawn(|| desk.agent.delete(&path));
            (one.join().unwrap(), two.join().unwrap(), gone.join().unwrap())
        });
        let now = desk.agent.get(&path);
        assert_eq!(now.status, if gone.status == 204 { 404 } else { 200 }, "{}: {}", gone.status, now.body);
        for put in [&one, &two] {
            match put.status {
                200 => {}
                404 => assert_eq!(put.clone().problem(404), "unknown_view"),
                _ => assert_eq!(put.clone().problem(409), "view_moved_on"),
            }
        }
        if gone.status != 204 {
            assert_eq!(gone.problem(409), "view_moved_on");
            assert!(one.status == 200 || two.status == 200, "what stays is what somebody was told");
        }
    }
}
