//! Merging tickets of two conversations: messages, lists, histories, targets, surveys, and the undoing of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use relevo_e2e::{App, Desk, Store, pack, whatsapp};
use serde_json::{Value, json};

/// A desk with a ticket each of two numbers of one customer.
fn two() -> (App, Desk, [String; 2]) {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish("school");
    let mut pack = pack("school");
    pack["sla"] = json!([{"name": "all", "targets": {
        "first_response": {"seconds": 7200, "calendar": "calendar_time"},
        "next_response": {"seconds": 7200, "calendar": "calendar_time"}
    }}]);
    desk.admin.put("pack", &pack).is(200);
    let ids = ["15550950001", "15550950002"].map(|from| {
        whatsapp::deliver(app.client(), &desk, &whatsapp::message(from, &format!("wamid.{from}"), "hola"))
            .is(200);
        desk.ticket_of(from)["id"].as_str().unwrap().to_owned()
    });
    (app, desk, ids)
}

fn read(desk: &Desk, id: &str) -> Value {
    desk.agent.get(&format!("tickets/{id}")).is(200).json()
}

fn texts(ticket: &Value) -> Vec<&str> {
    ticket["messages"].as_array().unwrap().iter().filter_map(|m| m["text"].as_str()).collect()
}

fn types(desk: &Desk, id: &str) -> Vec<String> {
    let history = desk.agent.get(&format!("tickets/{id}/history")).is(200).json();
    let items = history["items"].as_array().unwrap();
    items.iter().map(|item| item["type"].as_str().unwrap().to_owned()).collect()
}

fn states(desk: &Desk, id: &str) -> Vec<String> {
    let targets = desk.agent.get(&format!("tickets/{id}/sla")).is(200).json();
    let targets = targets["targets"].as_array().unwrap().clone();
    targets.iter().map(|t| format!("{} {}", t["instance"], t["state"]).replace('"', "")).collect()
}

#[test]
fn a_merged_ticket_is_answered_where_it_went_until_the_merge_is_undone() {
    let (app, desk, [from, into]) = two();
    desk.agent.post(&format!("tickets/{into}/replies"), &json!({"text": "Ya está."})).is(201);
    desk.agent.post(&format!("tickets/{into}/status"), &json!({"status": "waiting_for_customer"})).is(200);

    let merge = |id: &str, into: &str| {
        let body = json!({"into": into, "different_customers": true});
        desk.agent.post(&format!("tickets/{id}/merge"), &body)
    };
    assert_eq!(merge(&from, &from).problem(422), "same_ticket");
    assert_eq!(merge(&from, "tkt_x").problem(422), "unknown_ticket");
    assert_eq!(merge(&from, &format!("tkt_{}_1", "a".repeat(26))).problem(422), "unknown_ticket");
    assert_eq!(desk.agent.delete(&format!("tickets/{from}/merge")).problem(409), "ticket_is_not_merged");
    let path = format!("tickets/{from}/merge");
    let unaware = desk.agent.post(&path, &json!({"into": into}));
    assert_eq!(unaware.json()["errors"][0]["pointer"], "/different_customers", "{}", unaware.body);
    assert_eq!(unaware.problem(422), "different_customers");
    assert_eq!(read(&desk, &from)["merged_into"], Value::Null, "what is refused does nothing");
    let body = json!({"into": into, "different_customers": true});
    let merged = desk.agent.post_once(&path, "one", &body).is(200).json();
    assert_eq!((&merged["merged_into"]["id"], &merged["category"]), (&json!(into), &json!("closed")));
    assert_eq!(desk.agent.post_once(&path, "one", &body).is(200).json()["merged_into"]["id"], json!(into));
    assert_eq!(merge(&into, &from).problem(409), "target_is_merged");
    let reply = desk.agent.post(&format!("tickets/{from}/replies"), &json!({"text": "x"}));
    assert_eq!(reply.problem(409), "ticket_is_merged");

    // The other one shows both and waits for us now.
    let shown = read(&desk, &into);
    assert_eq!((shown["category"].as_str(), shown["merged"][0]["id"].as_str()), (Some("open"), Some(&*from)));
    assert_eq!(texts(&shown).len(), 3);
    assert!(shown["messages"].as_array().unwrap().iter().any(|m| m["ticket"]["id"] == json!(from)));
    assert_eq!(states(&desk, &from), ["first_response.1 cancelled"]);
    assert_eq!(states(&desk, &into), ["first_response.1 met", "next_response.1 running"]);
    assert!(types(&desk, &from).contains(&"ticket.merged".to_owned()));
    let history = desk.agent.get(&format!("tickets/{from}/history")).is(200).json();
    let told = history["items"].as_array().unwrap().iter().find(|item| item["type"] == "ticket.merged");
    assert_eq!(told.unwrap()["data"]["different_customers"], true, "{history}");
    assert!(types(&desk, &into).contains(&"ticket.absorbed".to_owned()));

    // A message on the merged one re-opens where it went, once, and opens no other ticket. Nobody is asked about it.
    desk.agent.post(&format!("tickets/{into}/replies"), &json!({"text": "Resuelto."})).is(201);
    desk.agent.post(&format!("tickets/{into}/status"), &json!({"status": "solved"})).is(200);
    let again = whatsapp::message("15550950001", "wamid.again", "sigue igual");
    for _ in 0..2 {
        whatsapp::deliver(app.client(), &desk, &again).is(200);
    }
    let shown = read(&desk, &into);
    assert_eq!((&shown["category"], &shown["reopenings"]), (&json!("open"), &json!(1)));
    assert_eq!(texts(&shown).iter().filter(|text| **text == "sigue igual").count(), 1);
    assert_eq!(types(&desk, &into).iter().filter(|name| *name == "merged.heard").count(), 1);
    let list = desk.agent.get("tickets").is(200).json();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{items:?}");
    assert!(items.iter().any(|item| item["id"] == json!(from) && item["merged_into"]["id"] == json!(into)));
    app.host.tick_all("surveys");
    assert!(!types(&desk, &from).contains(&"survey.decided".to_owned()));
    let rate = desk.lead.get("reports/resolution").is(200).json();
    let rate =
        rate["kpis"].as_array().unwrap().iter().find(|k| k["name"] == "resolution_rate").unwrap().clone();
    assert_eq!((&rate["denominator"], &rate["excluded"]["merged"]), (&json!(1), &json!(1)));

    // Undone, it goes on by itself.
    let out = desk.agent.delete(&format!("tickets/{from}/merge")).is(200).json();
    assert_eq!((&out["merged_into"], &out["category"]), (&Value::Null, &json!("new")));
    assert_eq!(states(&desk, &from), ["first_response.1 running"]);
    let shown = read(&desk, &into);
    assert_eq!((&shown["merged"], texts(&shown).contains(&"sigue igual")), (&json!([]), false));
    assert_eq!(texts(&read(&desk, &from)), ["hola", "sigue igual"]);
}

#[test]
fn merges_into_each_other_at_once_leave_one_ticket_that_answers() {
    let (app, desk, [one, two]) = two();
    std::thread::scope(|scope| {
        for (from, into) in [(&one, &two), (&two, &one)] {
            let agent = &desk.agent;
            let body = json!({"into": into, "different_customers": true});
            scope.spawn(move || agent.post(&format!("tickets/{from}/merge"), &body));
        }
    });
    let merged = [&one, &two].map(|id| !read(&desk, id)["merged_into"].is_null());
    assert_eq!(merged.iter().filter(|merged| **merged).count(), 1, "one of them goes on: {merged:?}");
    app.host.tick_all("projections");
}

#[test]
fn two_numbers_of_one_person_are_one_customer_once_their_contacts_are_merged() {
    let (_app, desk, [from, into]) = two();
    let contact = |id: &str| read(&desk, id)["contact"]["id"].clone();
    let body = json!({"into": contact(&into), "from": contact(&from)});
    let path = format!("tickets/{from}/merge");
    assert_eq!(desk.agent.post(&path, &json!({"into": into})).problem(422), "different_customers");
    desk.lead.post("contacts/merge", &body).is(200);
    desk.agent.post(&path, &json!({"into": into})).is(200);
    let history = desk.agent.get(&format!("tickets/{from}/history")).is(200).json();
    let told = history["items"].as_array().unwrap().iter().find(|item| item["type"] == "ticket.merged");
    assert_eq!(told.unwrap()["data"]["different_customers"], Value::Null, "{history}");
}
