//! Quality audits: a sample of the answers, scored by the pack's sheet, disputed, resolved, and counted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use relevo_e2e::{App, Caller, Desk, Store, pack, whatsapp};
use serde_json::{Value, json};

const PHONE: &str = "15550980001";

fn desk(share: u8) -> (App, Desk, String) {
    let app = App::bare(Store::Sqlite);
    let mut pack = pack("school");
    pack["audits"]["share"] = json!(share);
    let desk = app.publish_pack("school", &pack);
    whatsapp::deliver(app.client(), &desk, &whatsapp::message(PHONE, "wamid.1", "no carga el acta")).is(200);
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    (app, desk, id)
}

fn answers(who: &Caller, id: &str, count: usize) {
    for n in 0..count {
        who.post(&format!("tickets/{id}/replies"), &json!({"text": format!("Respuesta {n}")})).is(201);
    }
}

fn list(who: &Caller, more: &str) -> Vec<Value> {
    who.get(&format!("audits{more}")).is(200).json()["items"].as_array().unwrap().clone()
}

/// Full points, but for one question.
fn scores(question: &str, points: u8) -> Value {
    let mut scores = json!({});
    for id in ["solves", "true", "knowledge", "next", "tone"] {
        scores[id] = json!({"points": 4});
    }
    scores[question] = json!({"points": points, "comment": "falta decirlo"});
    json!({"scores": scores, "coaching": "Diga qué pasa ahora."})
}

fn figures(desk: &Desk, more: &str) -> Value {
    desk.lead.get(&format!("reports/audits{more}")).is(200).json()
}

fn kpi(figures: &Value, name: &str) -> (i64, u64) {
    let found = figures["kpis"].as_array().unwrap().iter().find(|kpi| kpi["name"] == name).unwrap();
    assert!(found["definition"].as_str().unwrap().len() > 40);
    (found["numerator"].as_i64().unwrap(), found["denominator"].as_u64().unwrap())
}

#[test]
fn an_audit_is_scored_disputed_and_resolved_and_each_sees_what_is_theirs() {
    let (app, desk, id) = desk(100);
    let (agent, lead) = (&desk.agent, &desk.lead);
    let manager = desk.token("marta-olmedo", "manager");
    answers(agent, &id, 2);
    answers(lead, &id, 1);
    // A program's answers and notes are not audited.
    lead.post(&format!("tickets/{id}/notes"), &json!({"text": "nota"})).is(201);
    let to_do = list(lead, "");
    assert_eq!(to_do.len(), 3);
    assert_eq!(
        (to_do[0]["person"].as_str(), to_do[0]["status"].as_str()),
        (Some(&*agent.person), Some("to_do"))
    );
    assert_eq!(list(lead, &format!("?assignee={}", agent.person)).len(), 2);
    let page = lead.get("audits?limit=2").is(200).json();
    let rest = lead.get(&format!("audits?limit=2&cursor={}", page["next"].as_str().unwrap())).is(200).json();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    assert_eq!(agent.get("audits?status=to_do").problem(403), "forbidden");
    assert_eq!(list(agent, ""), Vec::<Value>::new());
    assert_eq!(agent.get(&format!("audits?status=done&assignee={}", lead.person)).problem(403), "forbidden");
    assert_eq!(lead.get("audits?status=some").problem(400), "bad_status");
    assert_eq!(lead.get("audits?from=2026-99-01").problem(400), "bad_period");

    let path = |n: usize| format!("audits/{}", to_do[n]["id"].as_str().unwrap());
    let of_lead = to_do.iter().position(|item| item["person"] == json!(lead.person)).unwrap();
    assert_eq!(lead.post(&path(of_lead), &scores("tone", 4)).problem(403), "forbidden", "one's own");
    for wrong in [json!({"scores": {"solves": {"points": 4}}}), json!({"scores": {"none": {"points": 1}}})] {
        assert_eq!(lead.post(&path(0), &wrong).problem(422), "bad_scores");
    }
    assert_eq!(lead.post(&path(0), &scores("tone", 5)).problem(422), "bad_scores");
    assert_eq!(lead.post("audits/aud_20260101_x", &scores("tone", 4)).problem(404), "unknown_audit");
    assert_eq!(to_do[0]["person"], json!(agent.person));
    assert_eq!(agent.get(&path(0)).problem(404), "unknown_audit", "it is not scored yet");
    let early = agent.post(&format!("{}/dispute", path(0)), &json!({"reason": "x"}));
    assert_eq!(early.problem(404), "unknown_audit");
    for _ in 0..2 {
        let done =
            lead.call("POST", &path(0), &[("idempotency-key", "a")], Some(&scores("next", 0))).is(200).json();
        assert_eq!((done["status"].as_str(), done["score"].as_f64()), (Some("done"), Some(90.0)));
    }
    assert_eq!(lead.post(&path(0), &scores("tone", 4)).problem(409), "audited_already");
    assert_eq!(lead.post(&path(1), &scores("true", 0)).is(200).json()["critical"], true);

    // Its writer reads it, and no other agent does.
    let own = agent.get(&path(0)).is(200).json();
    assert_eq!(
        (own["scored"]["coaching"].as_str(), own["scores"]["next"]["comment"].as_str()),
        (Some("Diga qué pasa ahora."), Some("falta decirlo"))
    );
    let other = desk.token("andres-quiroga", "agent");
    assert_eq!(other.get(&path(0)).problem(404), "unknown_audit");
    assert_eq!((list(agent, "?status=done").len(), list(&other, "?status=done").len()), (2, 0));

    assert_eq!(lead.post(&format!("{}/dispute", path(0)), &json!({"reason": "x"})).problem(403), "forbidden");
    assert_eq!(
        manager.post(&format!("{}/resolution", path(1)), &json!({"note": "x"})).problem(409),
        "not_disputed"
    );
    assert_eq!(agent.post(&format!("{}/dispute", path(1)), &json!({"reason": " "})).problem(422), "bad_text");
    let disputed =
        agent.post(&format!("{}/dispute", path(1)), &json!({"reason": "era cierto"})).is(200).json();
    assert_eq!(
        (disputed["status"].as_str(), disputed["dispute"]["reason"].as_str()),
        (Some("disputed"), Some("era cierto"))
    );
    assert_eq!(
        agent.post(&format!("{}/dispute", path(1)), &json!({"reason": "x"})).problem(409),
        "nothing_to_dispute"
    );
    assert_eq!(kpi(&figures(&desk, ""), "audit_score_mean"), (90, 1), "what is disputed waits");
    assert_eq!(
        lead.post(&format!("{}/resolution", path(1)), &json!({"note": "x"})).problem(403),
        "forbidden"
    );
    let resolution = json!({"note": "tiene razón", "scores": scores("tone", 2)["scores"]});
    let resolved = manager.post(&format!("{}/resolution", path(1)), &resolution).is(200).json();
    assert_eq!(
        (resolved["status"].as_str(), resolved["score"].as_f64(), &resolved["critical"]),
        (Some("resolved"), Some(95.0), &json!(false))
    );

    let all = figures(&desk, "?group_by=agent");
    assert_eq!(
        (kpi(&all, "audit_share"), kpi(&all, "audit_done_rate"), kpi(&all, "audit_score_mean")),
        ((2, 3), (2, 3), (185, 2))
    );
    let of_lead =
        all["groups"].as_array().unwrap().iter().find(|group| group["key"] == json!(lead.person)).unwrap();
    assert_eq!(kpi(of_lead, "audit_share"), (0, 1));
    // What was said of an answer goes with the customer's data; the figures stay.
    let contact = desk.ticket(&id)["contact"]["id"].as_str().unwrap().to_owned();
    desk.admin.post(&format!("contacts/{contact}/erasure"), &json!({"reason": "asked for"})).is(200);
    assert_eq!(agent.get(&path(0)).is(200).json()["scored"]["coaching"], "");
    assert_eq!(kpi(&figures(&desk, ""), "audit_score_mean"), (185, 2));
    app.tick_everything();
    app.verify();
}

#[test]
fn of_those_who_say_something_of_an_audit_at_once_one_is_heard_and_the_others_are_told() {
    let (app, desk, id) = desk(100);
    let manager = desk.token("marta-olmedo", "manager");
    answers(&desk.agent, &id, 1);
    let path = format!("audits/{}", list(&desk.lead, "")[0]["id"].as_str().unwrap());
    let at_once = |who: &Caller, to: &str, bodies: [Value; 4]| {
        let to = &format!("{path}{to}");
        std::thread::scope(|scope| {
            let said: Vec<_> =
                bodies.iter().map(|body| scope.spawn(move || (who.post(to, body), body))).collect();
            let said: Vec<_> = said.into_iter().map(|one| one.join().unwrap()).collect();
            let (heard, others): (Vec<_>, Vec<_>) =
                said.into_iter().partition(|(answer, _)| answer.status == 200);
            assert!(others.iter().all(|(answer, _)| answer.status == 409));
            let [(_, body)] = heard.as_slice() else { panic!("{} are heard", heard.len()) };
            (*body).clone()
        })
    };
    let points = [1, 2, 3, 4];
    let scored = at_once(&desk.lead, "", points.map(|points| scores("tone", points)));
    let shown = desk.agent.get(&path).is(200).json();
    assert_eq!(shown["scores"]["tone"]["points"], scored["scores"]["tone"]["points"]);
    let listed = list(&desk.lead, "?status=done");
    assert_eq!(listed[0]["score"], shown["score"], "the list says the same");
    let disputed = at_once(&desk.agent, "/dispute", points.map(|n| json!({"reason": format!("motivo {n}")})));
    assert_eq!(desk.agent.get(&path).is(200).json()["dispute"]["reason"], disputed["reason"]);
    let resolved = at_once(
        &manager,
        "/resolution",
        points.map(|n| json!({"note": format!("nota {n}"), "scores": scores("next", n)["scores"]})),
    );
    let shown = manager.get(&path).is(200).json();
    assert_eq!(
        (&shown["resolution"]["note"], &shown["scores"]["next"]["points"]),
        (&resolved["note"], &resolved["scores"]["next"]["points"])
    );
    assert_eq!(list(&desk.lead, "?status=resolved")[0]["score"], shown["score"]);
    app.verify();
}

#[test]
fn the_sample_is_a_share_of_all_answers_and_the_pack_is_checked() {
    let (app, desk, id) = desk(50);
    answers(&desk.agent, &id, 40);
    let sampled = list(&desk.lead, "?limit=200");
    assert!((8..=32).contains(&sampled.len()), "{}", sampled.len());
    assert_eq!(sampled, list(&desk.lead, "?limit=200"), "always the same");
    let figures = figures(&desk, "");
    assert_eq!(
        (kpi(&figures, "audit_share"), kpi(&figures, "audit_done_rate").1),
        ((0, 40), sampled.len() as u64)
    );
    let mut wrong = desk.pack.clone();
    wrong["audits"] = json!({"share": 0, "scale": 4, "questions": [{"id": "a", "text": " "}, {"id": "a", "text": "b", "weight": 0}]});
    wrong["replies"] = json!({"undo_seconds": 301});
    wrong["people"][&desk.lead.person]["trainee"] = json!(true);
    let answer = desk.admin.put("pack", &wrong).is(422).json();
    let places: Vec<&str> =
        answer["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    for place in [
        "/audits/share",
        "/audits/questions/0/text",
        "/audits/questions/1/id",
        "/audits/questions/1/weight",
        "/replies/undo_seconds",
    ] {
        assert!(places.contains(&place), "{place}: {places:?}");
    }
    assert!(places.iter().any(|place| place.ends_with("/trainee")), "{places:?}");
    app.tick_everything();
    app.verify();
}
