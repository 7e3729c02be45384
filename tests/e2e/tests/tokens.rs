//! Tokens: limited, rotated, revoked at once, and not to be guessed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use relevo_e2e::{ADMIN_TOKEN, App, Client, Store, TICK_TOKEN};
use serde_json::{Value, json};

fn me(client: &Client, token: &str) -> u16 {
    let authorization = format!("Bearer {token}");
    client.send("GET", "/api/school/me", &[("authorization", &authorization)], None).status
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

#[test]
fn a_token_that_is_rotated_ends_when_it_was_said_and_the_new_one_is_its_equal() {
    let (app, desk) = App::school(Store::Sqlite);
    let body = json!({"person": "portal", "role": "service", "operations": ["me", "tickets.list"], "expires_days": 30});
    let old = desk.admin.post("tokens", &body).is(201).json();
    let rotate = |id: &str, minutes: i64| {
        desk.admin.post(&format!("tokens/{id}/rotation"), &json!({"overlap_minutes": minutes}))
    };
    let new = rotate(&text(&old, "id"), 60).is(201).json();
    for field in ["person", "role", "operations", "expires_at"] {
        assert_eq!(new[field], old[field], "{field}");
    }
    let (before, after) = (text(&old, "token"), text(&new, "token"));
    assert_ne!(before, after);
    assert_eq!((me(app.client(), &before), me(app.client(), &after)), (200, 200), "both, for an hour");
    let listed = desk.admin.get("tokens").is(200).json();
    let ends = listed["items"].as_array().unwrap().iter().find(|t| t["id"] == old["id"]).unwrap();
    assert!(ends["expires_at"].as_str().unwrap() < new["expires_at"].as_str().unwrap(), "{ends}");

    let newest = rotate(&text(&new, "id"), 0).is(201).json();
    assert_eq!((me(app.client(), &after), me(app.client(), &text(&newest, "token"))), (401, 200));
    assert_eq!(rotate(&text(&new, "id"), 0).problem(404), "unknown_token", "it is over");
    assert_eq!(rotate("tok_x", 0).problem(404), "unknown_token");
    assert_eq!(rotate(&text(&newest, "id"), 43_201).problem(422), "invalid_document");
    assert_eq!(rotate(&text(&newest, "id"), -1).problem(422), "invalid_document");
    // The old one cannot be made to last longer, and has no second heir.
    assert_eq!(rotate(&text(&old, "id"), 43_200).problem(409), "token_replaced");
    let listed = desk.admin.get("tokens").is(200).json();
    let again = listed["items"].as_array().unwrap().iter().find(|t| t["id"] == old["id"]).unwrap();
    assert_eq!(again["expires_at"], ends["expires_at"]);
}

#[test]
fn of_rotations_at_once_one_alone_gives_a_token_and_a_revoked_one_stays_revoked() {
    let (app, desk) = App::school(Store::Sqlite);
    let body = json!({"person": "portal", "role": "service"});
    for _ in 0..5 {
        let old = desk.admin.post("tokens", &body).is(201).json();
        let (path, revoked) =
            (format!("tokens/{}/rotation", text(&old, "id")), format!("tokens/{}", text(&old, "id")));
        let answers: Vec<_> = std::thread::scope(|scope| {
            let rotate = || desk.admin.post(&path, &json!({"overlap_minutes": 60}));
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(rotate)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let given: Vec<Value> = answers.iter().filter(|a| a.status == 201).map(|a| a.json()).collect();
        assert!(given.len() <= 1, "{given:?}");
        for refused in answers.into_iter().filter(|a| a.status != 201) {
            assert_eq!(refused.problem(409), "token_replaced");
        }
        let listed = desk.admin.get("tokens").is(200).json();
        let items = listed["items"].as_array().unwrap();
        let old_one = items.iter().find(|t| t["id"] == old["id"]).unwrap();
        let heir =
            items.iter().find(|t| t["id"] == old_one["replaced_by"]).expect("the one that replaced it");
        if let Some(given) = given.first() {
            assert_eq!(given["id"], heir["id"]);
            assert_eq!(me(app.client(), &text(given, "token")), 200);
        }
        std::thread::scope(|scope| {
            scope.spawn(|| desk.admin.post(&path, &json!({"overlap_minutes": 60})));
            scope.spawn(|| desk.admin.delete(&revoked).is(204));
        });
        assert_eq!(me(app.client(), &text(&old, "token")), 401, "revoked is revoked");
    }
}

#[test]
fn two_tokens_in_one_call_are_none() {
    let (app, desk) = App::school(Store::Sqlite);
    let mine = format!("Bearer {}", desk.agent.token);
    let ask = |headers: &[(&str, &str)]| app.client().send("GET", "/api/school/me", headers, None);
    ask(&[("authorization", &mine)]).is(200);
    for other in ["Bearer x", mine.as_str()] {
        let answer = ask(&[("authorization", &mine), ("authorization", other)]);
        assert_eq!(answer.problem(401), "unauthorized");
    }
}

#[test]
fn a_token_is_limited_to_operations_of_its_role() {
    let (_app, desk) = App::school(Store::Sqlite);
    let ask = |operations: Value| {
        desk.admin.post("tokens", &json!({"person": "portal", "role": "service", "operations": operations}))
    };
    for (operations, at) in [
        (json!(["tickets.list", "nothing"]), "/operations/1"),
        (json!(["me", "me"]), "/operations/1"),
        (json!(["pack.publish"]), "/operations/0"),
        (json!(["tick.sla"]), "/operations/0"),
        (json!(["webhooks.receive"]), "/operations/0"),
        (json!([1]), "/operations/0"),
    ] {
        let answer = ask(operations);
        assert_eq!(answer.json()["errors"][0]["pointer"], at, "{}", answer.body);
        assert_eq!(answer.problem(422), "invalid_document");
    }
}

#[test]
fn a_revoked_token_is_refused_at_once_by_instances_that_knew_it_too() {
    let (app, desk) = App::school(Store::Sqlite);
    let other = app.another_host();
    let issued = desk.admin.post("tokens", &json!({"person": "portal", "role": "service"})).is(201).json();
    let token = text(&issued, "token");
    for client in [app.client(), &other.client] {
        for _ in 0..20 {
            assert_eq!(me(client, &token), 200);
        }
    }
    desk.admin.delete(&format!("tokens/{}", text(&issued, "id"))).is(204);
    assert_eq!((me(app.client(), &token), me(&other.client, &token)), (401, 401));
}

#[test]
fn guesses_are_slowed_down_and_hold_up_nobody_with_a_token() {
    let (app, desk) = App::school(Store::Sqlite);
    let travel = app.publish("travel");
    let guess = |n: u32| {
        let authorization = format!("Bearer guess-{n}");
        // An address that the client makes up is not believed.
        let forged = format!("10.0.{}.{}:1", n / 250, n % 250);
        let headers = [("authorization", authorization.as_str()), ("spin-client-addr", &forged)];
        app.client().send("GET", "/api/school/me", &headers, None)
    };
    let answers: Vec<_> = (0..400).map(guess).collect();
    let refused = answers.iter().position(|answer| answer.status == 429).expect("slowed down");
    assert!((100..=260).contains(&refused), "after {refused}; a minute may have ended in between");
    for answer in answers {
        if answer.status == 429 {
            let seconds: u32 = answer.header("retry-after").parse().unwrap();
            assert!((1..=60).contains(&seconds));
            assert_eq!(answer.problem(429), "too_many_wrong_tokens");
        } else {
            assert_eq!(answer.problem(401), "unauthorized");
        }
    }
    // The same address, with tokens that were issued here.
    desk.agent.get("me").is(200);
    desk.lead.get("me").is(200);
    travel.agent.get("me").is(200);
    assert_eq!(travel.agent.at("school").get("me").problem(401), "unauthorized", "a genuine one, elsewhere");
    assert_eq!(me(app.client(), TICK_TOKEN), 401);
}

#[test]
fn the_operators_token_is_rotated_through_a_second_variable() {
    let app = App::bare(Store::Sqlite);
    // The first start: no desk, no token but the operator's.
    assert_eq!(me(app.client(), ADMIN_TOKEN), 200);
    assert_eq!(me(app.client(), ""), 401);
    let long = "the new operator's secret, which nobody guesses";
    let other = app.another_host_with(
        &[
            ("admin_token", long),
            ("admin_token_previous", ADMIN_TOKEN),
            ("tick_token_previous", "tick_before"),
        ],
        &[],
    );
    for token in [long, ADMIN_TOKEN] {
        assert_eq!(me(&other.client, token), 200, "{token}");
    }
    assert_eq!(me(app.client(), long), 401);
    let tick = |token: &str| {
        let authorization = format!("Bearer {token}");
        other.client.send("POST", "/internal/tick/sla", &[("authorization", &authorization)], None).status
    };
    assert_eq!((tick(TICK_TOKEN), tick("tick_before"), tick(long)), (200, 200, 401));
    let last = app.another_host_with(&[("admin_token", long)], &[]);
    assert_eq!((me(&last.client, long), me(&last.client, ADMIN_TOKEN)), (200, 401), "it is no more");
}

#[test]
fn a_token_may_do_what_the_pack_gives_its_person_now_and_no_more() {
    let (_app, desk) = App::school(Store::Sqlite);
    let (marta, diego) = (desk.token("marta-olmedo", "manager"), desk.token("diego-arrieta", "agent"));
    let portal = desk.token("portal", "service");
    assert_eq!(marta.get("problems").is(200).status, 200);
    let mut pack = desk.pack.clone();
    pack["people"]["marta-olmedo"]["role"] = json!("agent");
    let people = pack["people"].as_object_mut().unwrap();
    people.remove("diego-arrieta");
    people.remove("portal");
    for person in people.values_mut() {
        if let Some(named) = person.get_mut("substitutes").and_then(Value::as_array_mut) {
            named.retain(|one| one != "diego-arrieta");
        }
    }
    desk.admin.put("pack", &pack).is(200);
    assert_eq!(marta.get("me").is(200).json()["role"], "agent");
    assert_eq!(marta.get("problems").problem(403), "forbidden");
    assert_eq!(diego.get("me").problem(401), "unauthorized", "who has left is nobody here");
    assert_eq!(portal.get("me").is(200).json()["role"], "service", "a service may have any name");
    desk.admin.put("pack", &desk.pack).is(200);
    marta.get("problems").is(200);
    diego.get("me").is(200);
}
