//! A pack is checked whole before anything changes, and is in force at once when it is published.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use relevo_e2e::{App, Desk, Store, pack, whatsapp};
use serde_json::{Value, json};

/// The places that a pack is refused for.
fn refused(desk: &Desk, pack: &Value) -> Vec<String> {
    let before = desk.lead.get("pack").is(200).json();
    let mut places = Vec::new();
    for path in ["pack?dry_run=true", "pack"] {
        let answer = desk.admin.put(path, pack);
        assert_eq!(answer.clone().problem(422), "invalid_document");
        let answer = answer.json();
        let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{answer}")).iter();
        places = errors
            .map(|e| format!("{} {}", e["pointer"].as_str().unwrap(), e["message"].as_str().unwrap()))
            .collect();
    }
    assert_eq!(desk.lead.get("pack").is(200).json(), before, "nothing has changed");
    places
}

#[test]
fn a_dry_run_shows_the_difference_and_changes_nothing() {
    let (_app, desk) = App::school(Store::Sqlite);
    let same = desk.admin.put("pack?dry_run=true", &desk.pack).is(200).json();
    assert_eq!(json!([same["changed"], same["changes"]]), json!([false, []]), "{same}");

    let mut changed = desk.pack.clone();
    changed["name"] = json!("Otro nombre");
    changed["queues"]["nueva"] = json!({"name": "Nueva"});
    changed["teams"]["nuevo"] = json!({"name": "x"});
    let dry = desk.admin.put("pack?dry_run=true", &changed).is(200).json();
    assert_eq!(
        dry["changes"],
        json!([
            {"pointer": "/name", "change": "changed"},
            {"pointer": "/queues/nueva", "change": "added"},
            {"pointer": "/teams/nuevo", "change": "added"},
        ])
    );
    let read = desk.lead.get("pack").is(200).json();
    assert_eq!(json!([read["version"], read["pack"]]), json!([1, desk.pack]));

    let published = desk.admin.put("pack", &changed).is(200).json();
    assert_eq!(json!([published["version"], published["changed"]]), json!([2, true]));
    let again = desk.admin.put("pack", &changed).is(200).json();
    assert_eq!(
        json!([again["version"], again["changed"]]),
        json!([2, false]),
        "the same again is no version"
    );
    assert_eq!(desk.lead.get("pack").is(200).json()["pack"], changed, "as it was uploaded");
}

#[test]
fn a_change_is_bound_to_the_version_that_it_was_made_from_and_earlier_ones_can_be_read() {
    let (_app, desk) = App::school(Store::Sqlite);
    let mut changed = desk.pack.clone();
    changed["name"] = json!("Otro nombre");
    let bound = |version: &str, pack: &Value, query: &str| {
        desk.admin.call("PUT", &format!("pack{query}"), &[("if-match", version)], Some(pack))
    };
    bound("\"1\"", &changed, "").is(200);
    for version in ["\"1\"", "1", "7", "nonsense"] {
        for query in ["", "?dry_run=true"] {
            assert_eq!(bound(version, &desk.pack, query).problem(409), "pack_moved_on", "{version}");
        }
    }
    assert_eq!(desk.lead.get("pack?version=1").is(200).json()["pack"], desk.pack);
    for version in ["0", "3", "x", ""] {
        assert_eq!(desk.lead.get(&format!("pack?version={version}")).problem(404), "unknown_version");
    }
    assert_eq!(bound("2", &desk.pack, "").is(200).json()["version"], 3, "back to what was");
    bound("*", &changed, "").is(200);
}

#[test]
fn what_is_taken_away_while_tickets_are_in_it_is_named() {
    let (app, desk) = App::school(Store::Sqlite);
    whatsapp::deliver(app.client(), &desk, &whatsapp::message("15550100001", "wamid.U1", "hola")).is(200);
    let id = desk.ticket_of("15550100001")["id"].as_str().unwrap().to_owned();
    desk.agent.post(&format!("tickets/{id}/assignment"), &json!({"agent": "andres-quiroga"})).is(200);
    let mut less = desk.pack.clone();
    less["people"].as_object_mut().unwrap().remove("andres-quiroga");
    less["people"]["diego-arrieta"]["substitutes"] = json!([]);
    less["queues"].as_object_mut().unwrap().remove("accesos");
    for person in less["people"].as_object_mut().unwrap().values_mut() {
        if let Some(named) = person.get_mut("substitutes").and_then(Value::as_array_mut) {
            named.retain(|one| one != "andres-quiroga");
        }
    }
    let dry = desk.admin.put("pack?dry_run=true", &less).is(200).json();
    assert_eq!(dry["in_use"], json!([{"pointer": "/people/andres-quiroga", "tickets": 1}]), "{dry}");
    assert_eq!(desk.admin.put("pack?dry_run=true", &desk.pack).is(200).json()["in_use"], json!([]));
}

#[test]
fn packs_that_are_published_at_once_are_a_version_each() {
    let (_app, desk) = App::school(Store::Sqlite);
    let packs: Vec<Value> = (0..4)
        .map(|n| {
            let mut pack = desk.pack.clone();
            pack["name"] = json!(format!("Escuela {n}"));
            pack
        })
        .collect();
    let published: Vec<Value> = std::thread::scope(|scope| {
        let put = |pack| desk.admin.put("pack", pack).is(200).json();
        let threads: Vec<_> = packs.iter().map(|pack| scope.spawn(move || put(pack))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut numbers: Vec<_> = published.iter().map(|p| p["version"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 3, 4, 5]);
    let read = desk.lead.get("pack").is(200).json();
    assert_eq!(read["version"], 5, "each is one");
    let at = packs.iter().position(|pack| *pack == read["pack"]).expect("one of them");
    assert_eq!(published[at]["version"], 5, "{published:?}");
}

#[test]
fn a_misspelt_dry_run_is_refused_and_publishes_nothing() {
    let (_app, desk) = App::school(Store::Sqlite);
    let mut changed = desk.pack.clone();
    changed["name"] = json!("Otro nombre");
    for value in ["", "yes", "True", "TRUE", "2", "true%20", "on"] {
        let answer = desk.admin.put(&format!("pack?dry_run={value}"), &changed);
        assert_eq!(answer.problem(400), "bad_dry_run", "{value:?}");
    }
    assert_eq!(desk.lead.get("pack").is(200).json()["version"], 1);
    assert_eq!(desk.admin.put("pack?dry_run=1", &changed).is(200).json()["dry_run"], true);
    for value in ["false", "0"] {
        assert_eq!(desk.admin.put(&format!("pack?dry_run={value}"), &changed).is(200).json()["version"], 2);
    }
}

#[test]
fn every_fault_is_named_with_its_place() {
    let (_app, desk) = App::school(Store::Sqlite);
    let secrets = json!({"secret": "abc\n", "public_url": "support.example.com"});
    let answer = desk.admin.put("channels/whatsapp/main/secrets", &secrets);
    assert_eq!(answer.clone().problem(422), "invalid_document");
    let answer = answer.json();
    let places: Vec<_> = answer["errors"].as_array().unwrap().iter().map(|e| e["pointer"].clone()).collect();
    assert_eq!(places, ["/secret", "/public_url"]);
    assert!(!answer.to_string().contains("abc"), "{answer}");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut pack = desk.pack.clone();
        change(&mut pack);
        refused(&desk, &pack)
    };
    assert_eq!(
        with(&|p| p["channels"]["whatsapp"]["main"]["settings"]["phone_id"] = json!("1")),
        ["/channels/whatsapp/main/settings/phone_id whatsapp has no such setting; it has phone_number_id, \
          display_phone_number, api_version, preview_url, base_url, reply_through"]
    );
    let starts = |places: &[String], expected: &[&str]| {
        assert_eq!(places.len(), expected.len(), "{places:?}");
        for (place, start) in places.iter().zip(expected) {
            assert!(place.starts_with(start), "{place} is not at {start}");
        }
    };
    starts(
        &with(&|p| p["channels"]["whatsapp"]["main"]["settings"]["a/b~c"] = json!("1")),
        &["/channels/whatsapp/main/settings/a~1b~0c "],
    );
    starts(&with(&|p| p["format"] = json!("relevo-pack/9")), &["/format "]);
    starts(&with(&|p| p["queues"]["plataforma"]["team"] = json!("nadie")), &["/queues/plataforma/team "]);
    starts(&with(&|p| p["colour"] = json!(1)), &["/colour "]);
    starts(
        &with(&|p| {
            p["routing"][0]["queue"] = json!("ninguna");
            p["survey"]["template"] = json!("ninguna");
            p["sla"][0]["targets"]["first_response"]["calendar"] = json!("ninguno");
        }),
        &["/sla/0/targets/first_response/calendar ", "/routing/0/queue ", "/survey/template "],
    );
    starts(&with(&|p| p["channels"]["pigeon"] = json!({"main": {}})), &["/channels/pigeon "]);
    starts(
        &with(&|p| p["calendars"]["soporte"]["time_zone"] = json!("Europe/Nowhere")),
        &["/calendars/soporte/time_zone "],
    );
    starts(
        &with(&|p| {
            p["queues"]["sin equipo"] = json!({"name": "x"});
            p["channels"]["whatsapp"]["main"]["locale"] = json!("Español");
            p["sla"][0]["when"] = json!({"priority": ["hot"]});
            p["routing"][0]["when"] = json!({"channel": ["pigeon"]});
        }),
        &[
            "/sla/0/when/priority ",
            "/queues/sin equipo ",
            "/channels/whatsapp/main/locale ",
            "/routing/0/when/channel ",
        ],
    );
    let shut = json!({"time_zone": "Europe/Madrid", "hours": {}});
    starts(&with(&|p| p["calendars"]["soporte"] = shut.clone()), &["/calendars/soporte"]);
}

#[test]
fn a_template_that_could_fail_a_customer_is_refused_with_line_and_column() {
    let (_app, desk) = App::school(Store::Sqlite);
    let text = "/templates/respuesta/locales/es/text";
    for (source, line) in [
        ("Hola\n{{ nadie }}", 2),
        ("Hola {{ answer", 1),
        ("{% if answer %}sin fin", 1),
        ("{{ answer | inventado }}", 1),
        ("a\nb\n  {% include \"nada\" %}", 3),
    ] {
        let mut pack = desk.pack.clone();
        pack["templates"]["respuesta"]["locales"]["es"]["text"] = json!(source);
        let places = refused(&desk, &pack);
        let found = places
            .iter()
            .any(|place| place.starts_with(text) && place.contains(&format!("line {line}, column ")));
        assert!(found, "{source:?}: {places:?}");
    }
}

#[test]
fn only_a_desk_with_a_pack_exists() {
    let app = App::bare(Store::Sqlite);
    let publish = |name: &str, pack: &Value| {
        let authorization = format!("Bearer {}", relevo_e2e::ADMIN_TOKEN);
        let headers = [("authorization", &*authorization)];
        app.client().send("PUT", &format!("/api/{name}/pack"), &headers, Some(pack.to_string().as_bytes()))
    };
    for name in ["No_Desk", "a.b", "%2e%2e", &"x".repeat(65)] {
        let status = publish(name, &pack("school")).status;
        assert!((400..500).contains(&status), "{name}: {status}");
    }
    publish("school", &pack("school")).is(200);
}

#[test]
fn what_is_published_is_in_force_at_once_and_earlier_tickets_keep_their_promise() {
    let (app, desk) = App::school(Store::Sqlite);
    let write = |phone: &str| {
        whatsapp::deliver(app.client(), &desk, &whatsapp::message(phone, &format!("wamid.{phone}"), "hola"))
            .is(200);
        desk.ticket_of(phone)["id"].as_str().unwrap().to_owned()
    };
    let before = write("15551000001");
    let mut changed = desk.pack.clone();
    changed["sla"] = json!([{
        "name": "Otra", "targets": {"first_response": {"seconds": 60, "calendar": "calendar_time"}},
    }]);
    changed["routing"] = json!([{"queue": "accesos"}]);
    desk.admin.put("pack", &changed).is(200);
    let after = write("15551000002");
    let policy = |id: &str| desk.target(id, "first_response")["policy"].clone();
    assert_eq!((policy(&before), policy(&after)), (json!("General"), json!("Otra")));
    assert_eq!(
        (&desk.ticket(&before)["queue"], &desk.ticket(&after)["queue"]),
        (&json!("plataforma"), &json!("accesos"))
    );
}
