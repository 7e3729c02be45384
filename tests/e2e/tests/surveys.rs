//! Survey links: signed, of one resolution, harmless to look at.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use relevo_e2e::{Answer, App, Desk, Store, pack, whatsapp};
use serde_json::{Value, json};

const PHONE: &str = "15550700001";
const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// A ticket that was solved, and the path of its link.
fn asked(app: &App, desk: &Desk) -> (String, String) {
    whatsapp::deliver(app.client(), desk, &whatsapp::message(PHONE, "wamid.S1", "hola")).is(200);
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "solved"})).is(200);
    let link = app.provider.wait_for(PHONE, "/s/").link().unwrap();
    (id, link)
}

fn vote(app: &App, link: &str, body: &Value) -> Answer {
    app.client().send("POST", link, &JSON, Some(body.to_string().as_bytes()))
}

#[test]
fn looking_at_a_link_in_any_way_records_nothing() {
    let (app, desk) = App::school(Store::Sqlite);
    let (id, link) = asked(&app, &desk);
    let browser = [("accept", "text/html"), ("user-agent", "link scanner")];
    for method in ["GET", "HEAD", "GET"] {
        for query in ["", "?score=1", "?score=1&comment=x&utm_source=mail"] {
            let answer = app.client().send(method, &format!("{link}{query}"), &browser, None).is(200);
            assert_eq!(answer.header("referrer-policy"), "no-referrer");
            assert!(answer.header("content-security-policy").contains("default-src 'none'"));
        }
    }
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        app.client().send(method, &link, &JSON, Some(br#"{"score":1}"#)).problem(405);
    }
    assert_eq!(desk.ticket(&id)["ratings"], json!([]));
    let surveys = desk.lead.get("surveys").is(200).json();
    assert_eq!(surveys["items"][0]["score"], Value::Null, "{surveys}");
    assert_eq!(surveys["items"][0]["agent"], desk.agent.person, "nobody's ticket: whoever solved it");
}

#[test]
fn a_second_vote_changes_the_first_and_the_same_again_changes_nothing() {
    let (app, desk) = App::school(Store::Sqlite);
    let (id, link) = asked(&app, &desk);
    assert_eq!(vote(&app, &link, &json!({"score": 2, "comment": "Tardaron"})).is(200).json()["score"], 2);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for _ in 0..2 {
        let page = app
            .client()
            .send("POST", &link, &form, Some("score=4&comment=Al+final+bien%2C+ñ".as_bytes()))
            .is(200);
        assert!(page.body.contains("Muchas gracias"), "{}", page.body);
    }
    let ratings = desk.ticket(&id)["ratings"].clone();
    assert_eq!(ratings.as_array().map(Vec::len), Some(1), "{ratings}");
    assert_eq!(json!([ratings[0]["score"], ratings[0]["comment"]]), json!([4, "Al final bien, ñ"]));
    let page = app.client().send("GET", &link, &[], None).is(200);
    assert!(page.body.contains("value=\"4\" required checked"), "the page shows the vote: {}", page.body);

    let kpis = desk.lead.get("reports/csat").is(200).json();
    let mean =
        kpis["kpis"].as_array().unwrap().iter().find(|kpi| kpi["name"] == "csat_mean").unwrap().clone();
    assert_eq!(json!([mean["numerator"], mean["denominator"]]), json!([4, 1]), "one vote, the last: {mean}");
}

#[test]
fn a_vote_that_is_no_vote_is_refused() {
    let (app, desk) = App::school(Store::Sqlite);
    let (id, link) = asked(&app, &desk);
    for score in [json!(0), json!(6), json!(-1), json!(3.5), json!("5"), json!(null)] {
        vote(&app, &link, &json!({"score": score})).problem(422);
    }
    vote(&app, &link, &json!({})).problem(422);
    vote(&app, &link, &json!({"score": 5, "comment": "x".repeat(4_001)})).problem(422);
    app.client().send("POST", &link, &JSON, Some(b"{")).problem(400);
    assert_eq!(desk.ticket(&id)["ratings"], json!([]));
    vote(&app, &link, &json!({"score": 5, "comment": "ñ".repeat(4_000)})).is(200);
}

#[test]
fn forged_links_lead_nowhere() {
    let (app, desk) = App::school(Store::Sqlite);
    let (id, link) = asked(&app, &desk);
    let token = link.strip_prefix("/s/").unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let [desk_name, survey, expires, signature] = parts[..] else { panic!("{token}") };
    let later = i64::from_str_radix(expires, 16).unwrap() + 1;
    let reversed = |text: &str| text.chars().rev().collect::<String>();
    for forged in [
        format!("{desk_name}.{survey}.{later:x}.{signature}"),
        format!("{desk_name}.{}.{expires}.{signature}", reversed(survey)),
        format!("{desk_name}.{survey}.{expires}.{}", reversed(signature)),
        format!("{desk_name}.{survey}.{expires}."),
        format!("{desk_name}.{survey}.{expires}"),
        format!("nowhere.{survey}.{expires}.{signature}"),
        format!("{token}x"),
        token[..token.len() - 1].to_owned(),
        "x".to_owned(),
        "%00".to_owned(),
        "a.b.c.d".to_owned(),
    ] {
        let page = app.client().send("GET", &format!("/s/{forged}"), &[], None).is(404);
        assert!(page.header("content-type").starts_with("text/html"), "a kind page, not JSON, for people");
        assert_eq!(
            vote(&app, &format!("/s/{forged}"), &json!({"score": 1})).problem(404),
            "unknown_survey",
            "{forged}"
        );
    }
    assert_eq!(desk.ticket(&id)["ratings"], json!([]));
}

#[test]
fn after_its_time_a_vote_cannot_be_changed() {
    let (app, desk) = App::school(Store::Sqlite);
    let mut pack = pack("school");
    pack["survey"]["change_hours"] = json!(0);
    desk.admin.put("pack", &pack).is(200);
    let (id, link) = asked(&app, &desk);
    vote(&app, &link, &json!({"score": 5})).is(200);
    // No hours end with the millisecond of the vote.
    std::thread::sleep(std::time::Duration::from_millis(5));
    assert_eq!(vote(&app, &link, &json!({"score": 1})).problem(409), "survey_closed");
    let page = app.client().send("GET", &link, &[], None).is(409);
    assert!(page.body.contains("ya no admite respuestas"), "{}", page.body);
    assert_eq!(desk.ticket(&id)["ratings"][0]["score"], 5);
}

#[test]
fn figures_say_why_nobody_was_asked() {
    let (app, desk) = App::school(Store::Sqlite);
    let mut pack = pack("school");
    pack["survey"]["channels"] = json!(["phone"]);
    desk.admin.put("pack", &pack).is(200);
    whatsapp::deliver(app.client(), &desk, &whatsapp::message(PHONE, "wamid.S1", "hola")).is(200);
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    for status in ["solved", "open", "solved"] {
        desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": status})).is(200);
        app.host.tick_all("surveys");
    }
    let report = desk.lead.get("reports/response_rate").is(200).json();
    let rate = report["kpis"].as_array().unwrap().iter().find(|kpi| kpi["name"] == "response_rate").unwrap();
    assert_eq!(rate["excluded"], json!({"channel_excluded": 2}), "{rate}");
    assert_eq!(json!([rate["numerator"], rate["denominator"]]), json!([0, 0]), "{rate}");
    assert_eq!(
        desk.lead.get("surveys").is(200).json()["items"],
        json!([]),
        "the list has those that went out"
    );
}

#[test]
fn each_resolution_is_asked_about_once() {
    let (app, desk) = App::school(Store::Sqlite);
    let (id, first) = asked(&app, &desk);
    for _ in 0..3 {
        app.host.tick_all("surveys");
    }
    desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "open"})).is(200);
    desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "solved"})).is(200);
    let second = relevo_e2e::eventually(
        "the second resolution is asked about",
        std::time::Duration::from_secs(5),
        || {
            let links: Vec<_> =
                app.provider.sent_to(PHONE, "/s/").iter().filter_map(|sent| sent.link()).collect();
            links.into_iter().find(|link| *link != first)
        },
    );
    app.host.tick_all("surveys");
    app.host.tick_all("delivery");
    assert_eq!(app.provider.sent_to(PHONE, "/s/").len(), 2);
    vote(&app, &first, &json!({"score": 1})).is(200);
    vote(&app, &second, &json!({"score": 5})).is(200);
    let scores: Vec<_> =
        desk.ticket(&id)["ratings"].as_array().unwrap().iter().map(|r| r["score"].clone()).collect();
    assert_eq!(scores, [json!(1), json!(5)]);
}
