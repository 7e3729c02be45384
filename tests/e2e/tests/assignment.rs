//! Tickets find their agents: by turn within capacity, from a queue that drains as people come free, past those who are
//! away or absent, with every reason in the history. Whoever takes over has the rights too, as long as it lasts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use relevo_e2e::{App, Caller, Desk, Store, pack, seconds_since_1970};
use serde_json::{Value, json};

/// A desk at which two agents are given the tickets of a queue.
fn desk(change: impl FnOnce(&mut Value)) -> (App, Desk) {
    let app = App::bare(Store::Sqlite);
    let mut pack = pack("school");
    pack["people"] = json!({
        "ana": {"name": "Ana", "role": "agent", "teams": ["plataforma"], "languages": ["es"],
                "capacity": {"whatsapp": 2}},
        "ben": {"name": "Ben", "role": "agent", "teams": ["plataforma"], "languages": ["es"],
                "capacity": {"total": 1}},
        "eva": {"name": "Eva", "role": "agent", "teams": ["tecnico"], "languages": ["es"]},
        "lea": {"name": "Lea", "role": "lead", "teams": ["tecnico"], "languages": ["es"]},
        "max": {"name": "Max", "role": "manager", "languages": ["es"]},
        "root": {"name": "Root", "role": "admin", "languages": ["es"]}
    });
    pack["queues"]["plataforma"]["assignment"] = json!({"method": "round_robin", "after_shift": true});
    pack["survey"]["recovery"].as_object_mut().map(|recovery| recovery.remove("agent"));
    change(&mut pack);
    let desk = app.publish_pack("school", &pack);
    (app, desk)
}

fn open(desk: &Desk, n: u32, priority: &str) -> String {
    let body = json!({
        "channel": "whatsapp", "contact": {"address": format!("1555098{n:04}")}, "priority": priority
    });
    desk.agent.post("tickets", &body).is(201).json()["id"].as_str().unwrap().to_owned()
}

fn owner(desk: &Desk, id: &str) -> Value {
    desk.ticket(id)["assignee"].clone()
}

/// Why the last assignment of a ticket was made.
fn because(desk: &Desk, id: &str) -> Value {
    let history = desk.agent.get(&format!("tickets/{id}/history")).is(200).json();
    let items = history["items"].as_array().unwrap();
    let last = items.iter().rfind(|item| item["type"] == "assignment.changed").expect("an assignment");
    assert!(last["by"] != "system:assignment" || last["data"]["because"]["why"].is_string(), "{last}");
    last["data"]["because"].clone()
}

#[test]
fn a_queue_drains_to_whose_turn_it_is_as_people_come_free() {
    let (app, desk) = desk(|_| ());
    let low = open(&desk, 1, "low");
    let tickets: Vec<String> = (2..6).map(|n| open(&desk, n, "normal")).collect();
    let urgent = open(&desk, 9, "urgent");
    for _ in 0..2 {
        app.tick("sla").is(200);
    }
    // Ana takes two chats, Ben one of anything: the most urgent of the six, then the oldest.
    assert_eq!((owner(&desk, &urgent), owner(&desk, &tickets[0])), (json!("ana"), json!("ben")));
    assert_eq!(owner(&desk, &tickets[1]), "ana");
    for waiting in [&tickets[2], &tickets[3], &low] {
        assert_eq!(owner(&desk, waiting), Value::Null, "everybody has as much as they may");
    }
    assert_eq!(because(&desk, &urgent)["method"], "round_robin");

    desk.agent.post(&format!("tickets/{}/status", tickets[0]), &json!({"status": "solved"})).is(200);
    app.tick("sla").is(200);
    assert_eq!(owner(&desk, &tickets[2]), "ben", "who has come free");
    assert_eq!(owner(&desk, &tickets[3]), Value::Null);

    // Whoever says to be away is given nothing, and what is somebody's stays theirs.
    desk.agent.post("people/ana/presence", &json!({"presence": "away"})).is(200);
    desk.agent.post(&format!("tickets/{urgent}/status"), &json!({"status": "solved"})).is(200);
    app.tick("sla").is(200);
    assert_eq!((owner(&desk, &tickets[3]), owner(&desk, &tickets[1])), (Value::Null, json!("ana")));
    desk.agent.post("people/ana/presence", &json!({"presence": "available"})).is(200);
    app.tick("sla").is(200);
    assert_eq!(owner(&desk, &tickets[3]), "ana");
    app.tick("sla").is(200);
    let history = desk.agent.get(&format!("tickets/{}/history", tickets[3])).is(200).json();
    let assigned = history["items"].as_array().unwrap().iter().filter(|i| i["type"] == "assignment.changed");
    assert_eq!(assigned.count(), 1, "a tick more gives it to nobody else");

    let handed = open(&desk, 11, "urgent");
    desk.agent.post(&format!("tickets/{handed}/escalation"), &json!({"team": "tecnico"})).is(200);
    desk.agent.post(&format!("tickets/{}/status", tickets[3]), &json!({"status": "solved"})).is(200);
    for _ in 0..2 {
        app.tick("sla").is(200);
    }
    assert_eq!(owner(&desk, &handed), Value::Null, "handed over to others it is theirs to take");
}

#[test]
fn who_takes_over_has_the_work_and_the_rights_as_long_as_it_lasts() {
    let (app, desk) = desk(|pack| {
        pack["queues"]["plataforma"].as_object_mut().unwrap().remove("assignment");
    });
    let caller = |person: &str, role: &str| -> Caller { desk.token(person, role) };
    let (ana, eva, max) = (caller("ana", "agent"), caller("eva", "agent"), caller("max", "manager"));
    let held = open(&desk, 1, "normal");
    desk.agent.post(&format!("tickets/{held}/assignment"), &json!({"agent": "ana"})).is(200);

    for (who, person, body, status, code) in [
        (&eva, "ana", json!({}), 403, "forbidden"),
        (&desk.lead, "max", json!({}), 403, "forbidden"),
        (&max, "nobody", json!({}), 404, "unknown_person"),
        (&ana, "ana", json!({"substitute": "ana"}), 422, "invalid_document"),
        (&ana, "ana", json!({"substitute": "nobody"}), 422, "invalid_document"),
        (&ana, "ana", json!({"until": "2020-01-01T00:00:00Z"}), 422, "invalid_document"),
        (&ana, "ana", json!({"from": "2200-01-01T00:00:00Z"}), 422, "invalid_document"),
        (&ana, "ana", json!({"because": "ill"}), 422, "invalid_document"),
    ] {
        assert_eq!(who.post(&format!("people/{person}/absences"), &body).problem(status), code, "{body}");
    }
    assert_eq!(
        ana.post("people/ana/presence", &json!({"presence": "asleep"})).problem(422),
        "invalid_document"
    );

    let absence = ana.post_once("people/ana/absences", "k", &json!({"substitute": "eva"})).is(201).json();
    let again = ana.post_once("people/ana/absences", "k", &json!({"substitute": "eva"})).is(201).json();
    assert_eq!(again, absence, "a repeat");
    let people = desk.agent.get("people").is(200).json();
    let of =
        |id: &str| people["items"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone();
    assert_eq!((&of("ana")["presence"], &of("ana")["substitute"]), (&json!("absent"), &json!("eva")));
    assert_eq!(of("ana")["absences"][0]["id"], absence["id"]);
    assert!(of("ana")["last_call_at"].is_string(), "{}", of("ana"));
    let on_duty = |more: &str| {
        let shifts = desk.agent.get(&format!("shifts{more}")).is(200).json();
        let one = shifts["items"].as_array().unwrap().iter().find(|one| one["person"] == "ana").unwrap();
        json!([one["absent"], one["substitute"]])
    };
    assert_eq!(on_duty(""), json!([true, "eva"]));
    assert_eq!(on_duty("?at=2020-01-01T00:00:00Z"), json!([false, null]), "she was there");

    let fresh = open(&desk, 2, "normal");
    desk.agent.post(&format!("tickets/{fresh}/assignment"), &json!({"agent": "ana"})).is(200);
    assert_eq!(owner(&desk, &fresh), "eva");
    assert_eq!(
        (&because(&desk, &fresh)["method"], &because(&desk, &fresh)["instead_of"]),
        (&json!("substitute"), &json!("ana"))
    );
    app.tick("sla").is(200);
    assert_eq!((owner(&desk, &held), &because(&desk, &held)["instead_of"]), (json!("eva"), &json!("ana")));

    // Rights: a lead's, while Eva stands in for one by name; a manager's own absence lends no admin's.
    assert_eq!(eva.get("problems").problem(403), "forbidden");
    let lead = desk.lead.post("people/lea/absences", &json!({"substitute": "eva"})).is(201).json();
    eva.get("problems").is(200);
    assert_eq!(eva.get("tokens").problem(403), "forbidden");
    desk.lead.delete(&format!("people/lea/absences/{}", lead["id"].as_str().unwrap())).is(204);
    assert_eq!(eva.get("problems").problem(403), "forbidden", "Lea is back");

    ben_is_absent_and_nobody_stands_in(&desk);
    let id = absence["id"].as_str().unwrap();
    assert_eq!(eva.delete(&format!("people/ana/absences/{id}")).problem(403), "forbidden");
    assert_eq!(ana.delete("people/ana/absences/abs_x").problem(404), "unknown_absence");
    ana.delete(&format!("people/ana/absences/{id}")).is(204);
    desk.agent.post(&format!("tickets/{fresh}/assignment"), &json!({"agent": "ana"})).is(200);
    assert_eq!(owner(&desk, &fresh), "ana", "back at work");
}

fn ben_is_absent_and_nobody_stands_in(desk: &Desk) {
    desk.lead.post("people/ben/absences", &json!({})).is(201);
    let id = open(desk, 3, "normal");
    let path = format!("tickets/{id}/assignment");
    assert_eq!(desk.agent.post(&path, &json!({"agent": "ben"})).problem(409), "person_is_absent");
}

#[test]
fn who_has_not_called_for_a_while_is_away_and_what_is_open_after_a_shift_goes_on() {
    let (app, desk) = desk(|pack| {
        pack["presence"] = json!({"away_after_minutes": 15});
        // Ben's only shift is three days away.
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let today = usize::try_from((seconds_since_1970() / 86_400 + 3) % 7).unwrap();
        let hours = json!({days[(today + 3) % 7]: [["09:00", "17:00"]]});
        pack["calendars"]["guardia-b"] = json!({"time_zone": "UTC", "hours": hours});
        pack["people"]["ben"]["shifts"] = json!(["guardia-b"]);
    });
    let id = open(&desk, 1, "normal");
    desk.lead.post(&format!("tickets/{id}/assignment"), &json!({"agent": "ben"})).is(200);
    app.tick("sla").is(200);
    // Ana, who opened it with her token, has called just now.
    assert_eq!(desk.agent.person, "ana");
    assert_eq!((owner(&desk, &id), &because(&desk, &id)["instead_of"]), (json!("ana"), &json!("ben")));

    let (quiet, other) = desk_of_strangers();
    let waiting =
        other.lead.post("tickets", &json!({"channel": "whatsapp", "contact": {"address": "15550980001"}}));
    let waiting = waiting.is(201).json()["id"].as_str().unwrap().to_owned();
    quiet.tick("sla").is(200);
    assert_eq!(owner(&other, &waiting), Value::Null, "nobody of the team was heard of");
}

/// A desk whose agents never call; all calls are the lead's, of another team.
fn desk_of_strangers() -> (App, Desk) {
    let (app, mut desk) = desk(|pack| pack["presence"] = json!({"away_after_minutes": 15}));
    desk.agent = desk.lead.clone();
    (app, desk)
}
