//! The knowledge base: proposed by agents, published by leads, found, suggested, linked, missed, imported.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use relevo_e2e::{App, Caller, Desk, Store, whatsapp};
use serde_json::{Value, json};

const ROSA: &str = "15550198001";

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn article(who: &Caller, title: &str, body: &str) -> String {
    let new = json!({"locale": "es", "title": title, "body": body});
    who.post("articles", &new).is(201).json()["id"].as_str().unwrap().to_owned()
}

fn publish(desk: &Desk, id: &str) {
    desk.lead.post(&format!("articles/{id}/publish"), &json!({"locale": "es"})).is(200);
}

fn found(who: &Caller, query: &str) -> Vec<String> {
    let page = who.get(&format!("articles?{query}")).is(200).json();
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_article_is_proposed_published_gone_back_on_and_found() {
    let (app, desk) = App::school(Store::Sqlite);
    let id =
        article(&desk.agent, "Cambiar la contraseña", "Se cambia en **Ajustes**. <script>alert(1)</script>");
    let other = article(&desk.agent, "Boletines", "Los boletines y la contraseña del tutor.");
    assert_eq!(found(&desk.agent, "q=contrasena"), Vec::<String>::new(), "drafts are not found");
    assert_eq!(found(&desk.agent, "status=draft"), [other.clone(), id.clone()]);
    let path = format!("articles/{id}");
    assert_eq!(
        desk.agent.post(&format!("{path}/publish"), &json!({"locale": "es"})).problem(403),
        "forbidden"
    );
    publish(&desk, &id);
    publish(&desk, &other);
    assert_eq!(found(&desk.agent, "q=CONTRASENA"), [id.clone(), other.clone()], "a title counts more");
    assert_eq!(
        found(&desk.agent, &format!("q={}", encoded("\"contraseña del tutor\""))),
        std::slice::from_ref(&other)
    );
    let shown = desk.agent.get(&path).is(200).json();
    let html = shown["locales"]["es"]["published"]["html"].as_str().unwrap();
    assert!(html.contains("<strong>Ajustes</strong>") && !html.contains("<script"), "{html}");

    desk.agent.put(&path, &json!({"locale": "es", "body": "Se cambia en el Perfil."})).is(200);
    assert_eq!(desk.agent.put(&path, &json!({"tags": ["acceso"]})).problem(403), "forbidden");
    assert_eq!(found(&desk.agent, "q=perfil"), Vec::<String>::new(), "what is proposed is not told");
    publish(&desk, &id);
    assert_eq!(desk.lead.post(&format!("{path}/publish"), &json!({"locale": "es"})).problem(409), "no_draft");
    assert_eq!(found(&desk.agent, "q=perfil"), std::slice::from_ref(&id));
    desk.lead.post(&format!("{path}/publish"), &json!({"locale": "es", "version": 1})).is(200);
    assert_eq!(found(&desk.agent, "q=ajustes"), std::slice::from_ref(&id));
    let back = json!({"locale": "es", "version": 9});
    assert_eq!(desk.lead.post(&format!("{path}/publish"), &back).problem(422), "invalid_document");
    let steps = desk.agent.get(&format!("{path}/versions")).is(200).json();
    let what: Vec<_> = steps["items"].as_array().unwrap().iter().map(|step| step["what"].clone()).collect();
    assert_eq!(what, ["published", "published", "drafted", "published", "drafted"]);
    assert_eq!(steps["items"][0]["change"]["restores"], 1);

    // Another language is shown to who asks for it, and this one to all others.
    desk.agent
        .put(&path, &json!({"locale": "fr", "title": "Le mot de passe", "body": "Dans Ajustes."}))
        .is(200);
    desk.lead.post(&format!("{path}/publish"), &json!({"locale": "fr"})).is(200);
    let locale = |query: &str| {
        desk.agent.get(&format!("articles?{query}")).is(200).json()["items"][0]["locale"].clone()
    };
    assert_eq!((locale("q=ajustes"), locale("q=ajustes&locale=fr")), (json!("es"), json!("fr")));

    desk.lead.put(&path, &json!({"review_on": "2020-01-01", "tags": ["acceso"]})).is(200);
    assert_eq!(found(&desk.agent, "due_for_review=true"), std::slice::from_ref(&id));
    assert_eq!(found(&desk.agent, "tag=acceso"), std::slice::from_ref(&id));
    desk.lead.post(&format!("{path}/archive"), &json!({"archived": true})).is(200);
    assert_eq!(found(&desk.agent, "due_for_review=true"), Vec::<String>::new());
    assert_eq!(found(&desk.agent, "q=contrasena"), [other]);
    app.verify();
}

#[test]
fn of_two_who_change_an_article_one_is_told_and_what_is_published_is_no_version_more() {
    let (app, desk) = App::school(Store::Sqlite);
    let id = article(&desk.agent, "Cambiar la contraseña", "En Ajustes.");
    let path = format!("articles/{id}");
    let read = desk.agent.get(&path).is(200);
    let tag = read.header("etag").to_owned();
    assert_eq!(tag, format!("\"{}\"", read.json()["revision"]));
    let propose = |tag: &str, body: &str| {
        desk.agent.call("PUT", &path, &[("if-match", tag)], Some(&json!({"locale": "es", "body": body})))
    };
    propose(&tag, "En el Perfil.").is(200);
    assert_eq!(propose(&tag, "En Inicio.").problem(409), "article_moved_on");
    assert_eq!(propose("*", "En el Perfil, arriba.").status, 200);
    let publish_at = |tag: &str| {
        desk.lead.call(
            "POST",
            &format!("{path}/publish"),
            &[("if-match", tag)],
            Some(&json!({"locale": "es"})),
        )
    };
    assert_eq!(
        publish_at(&tag).problem(409),
        "article_moved_on",
        "what the lead has not seen is not published"
    );
    let tag = desk.lead.get(&path).is(200).header("etag").to_owned();
    let published = publish_at(&tag).is(200).json();
    assert_eq!(published["locales"]["es"]["published"]["body"], "En el Perfil, arriba.");
    let archive = json!({"archived": true});
    let archived = desk.lead.call("POST", &format!("{path}/archive"), &[("if-match", &tag)], Some(&archive));
    assert_eq!(archived.problem(409), "article_moved_on");

    let again =
        desk.lead.post(&format!("{path}/publish"), &json!({"locale": "es", "version": 1})).is(200).json();
    assert_eq!(
        (&again["locales"]["es"]["version"], &again["revision"]),
        (&json!(1), &published["revision"]),
        "it is published already"
    );

    let tag = desk.lead.get(&path).is(200).header("etag").to_owned();
    let at_once: Vec<u16> = std::thread::scope(|scope| {
        let change = |n| {
            scope.spawn({
                let (propose, tag) = (&propose, &tag);
                move || propose(tag, &format!("Texto {n}.")).status
            })
        };
        let all: Vec<_> = (0..4).map(change).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(at_once.iter().filter(|status| **status == 200).count(), 1, "{at_once:?}");
    assert!(at_once.iter().all(|status| [200, 409].contains(status)), "{at_once:?}");
    app.verify();
}

#[test]
fn articles_help_with_tickets_and_what_is_missing_is_counted() {
    let (mut app, desk) = App::school(Store::Sqlite);
    let id = article(&desk.agent, "Contraseña caducada", "Cuando caduca se pide otra.");
    publish(&desk, &id);
    let words = "Hola, me dice que la contraseña está caducada";
    whatsapp::deliver(app.client(), &desk, &whatsapp::message(ROSA, "wamid.K1", words)).is(200);
    let ticket = desk.ticket_of(ROSA)["id"].as_str().unwrap().to_owned();
    let suggested = desk.agent.get(&format!("tickets/{ticket}/suggestions")).is(200).json();
    let first = &suggested["items"][0];
    assert_eq!((&first["article"], &first["linked"]), (&json!(id), &json!(false)));
    assert_eq!(first["why"]["words"], json!(["contrasena", "caducada"]));
    assert_eq!(first["kind"], "article");

    // Canned answers come after articles.
    let words = "¿Cómo puedo recuperar el acceso a la plataforma?";
    whatsapp::deliver(app.client(), &desk, &whatsapp::message(ROSA, "wamid.K2", words)).is(200);
    let suggested = desk.agent.get(&format!("tickets/{ticket}/suggestions")).is(200).json();
    let kinds: Vec<&Value> =
        suggested["items"].as_array().unwrap().iter().map(|item| &item["kind"]).collect();
    assert_eq!(kinds, ["article", "answer"], "{suggested}");
    let answer = &suggested["items"][1];
    let given = (&answer["template"], &answer["shortcut"], &answer["locale"]);
    assert_eq!(given, (&json!("acceso"), &json!("acceso"), &json!("es")));

    let links = format!("tickets/{ticket}/articles");
    let draft = article(&desk.agent, "Otra", "cosa");
    assert_eq!(desk.agent.post(&links, &json!({"article": draft})).problem(409), "not_published");
    let unknown = format!("art_{}", "a".repeat(26));
    assert_eq!(desk.agent.post(&links, &json!({"article": unknown})).problem(404), "unknown_article");
    for wrong in [json!({}), json!({"article": id, "missing": "x"}), json!({"missing": "ana@example.org"})] {
        assert_eq!(desk.agent.post(&links, &wrong).problem(422), "invalid_document", "{wrong}");
    }
    assert_eq!(desk.agent.post(&links, &json!({"article": id})).is(200).json()["articles"], json!([id]));
    assert_eq!(desk.ticket(&ticket)["articles"], json!([id]));
    let history = desk.agent.get(&format!("tickets/{ticket}/history")).is(200).json();
    assert!(
        history["items"].as_array().unwrap().iter().any(|item| item["type"] == "article.linked"),
        "{history}"
    );

    for query in ["Traslado de expediente", "traslado de EXPEDIENTE", "actas"] {
        desk.agent.post(&links, &json!({"missing": query})).is(200);
    }
    let missing = desk.agent.get("articles/missing").is(200).json();
    let counts: Vec<_> = missing["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["query"].clone(), item["count"].clone()))
        .collect();
    assert_eq!(counts, [(json!("traslado de expediente"), json!(2)), (json!("actas"), json!(1))]);

    // Of two tickets that are closed one has an article.
    let body = json!({"channel": "whatsapp", "contact": {"address": "15550198002"}, "subject": "Acta"});
    let second = desk.agent.post("tickets", &body).is(201).json()["id"].as_str().unwrap().to_owned();
    let rate = || {
        let report = desk.lead.get("reports/overview").is(200).json();
        let kpis = report["kpis"].as_array().unwrap().clone();
        kpis.into_iter().find(|kpi| kpi["name"] == "knowledge_link_rate").expect("the figure")
    };
    assert_eq!((&rate()["denominator"], &rate()["excluded"]), (&json!(0), &json!({"not_closed": 2})));
    for id in [&ticket, &second] {
        desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "solved"})).is(200);
    }
    assert_eq!((&rate()["numerator"], &rate()["denominator"]), (&json!(1), &json!(2)));
    desk.agent.delete(&format!("{links}/{id}")).is(200);
    assert_eq!(rate()["numerator"], 0);
    // Nothing is being delivered while the store is looked through.
    app.host.kill9();
    app.verify();
}

#[test]
fn a_folder_is_taken_over_and_the_same_again_changes_nothing() {
    let (app, desk) = App::school(Store::Sqlite);
    let good =
        "---\ntitle: Claves\ntags: acceso, claves\nreview: 2030-01-31\n---\n\nSe piden en secretaría.\n";
    let folder = |more: &str| {
        json!({"publish": true, "items": [
            {"path": "acceso/claves.es.md", "markdown": format!("{good}{more}")},
            {"path": "acceso/claves.fr.md", "markdown": good.replace("Claves", "Clés")},
            {"path": "malo.md", "markdown": "---\nautor: x\n---\n"},
            {"path": "../fuera.md", "markdown": "# Fuera\n\nhola"},
        ]})
    };
    assert_eq!(desk.agent.post("articles/import", &folder("")).problem(403), "forbidden");
    let mut dry = folder("");
    dry["dry_run"] = json!(true);
    let result = desk.lead.post("articles/import", &dry).is(200).json();
    assert_eq!(result["counts"], json!({"created": 2, "refused": 2}));
    assert_eq!(found(&desk.agent, ""), Vec::<String>::new(), "nothing was written");
    let results = |body: &Value| -> Vec<Value> {
        let answer = desk.lead.post("articles/import", body).is(200).json();
        answer["items"].as_array().unwrap().iter().map(|item| item["result"].clone()).collect()
    };
    assert_eq!(results(&folder("")), ["created", "updated", "refused", "refused"]);
    assert_eq!(results(&folder("")), ["unchanged", "unchanged", "refused", "refused"]);
    assert_eq!(results(&folder("Y por teléfono.")), ["updated", "unchanged", "refused", "refused"]);
    let ids = found(&desk.agent, "q=telefono");
    assert_eq!(ids.len(), 1);
    let article = desk.agent.get(&format!("articles/{}", ids[0])).is(200).json();
    assert_eq!((&article["source"], &article["review_on"]), (&json!("acceso/claves"), &json!("2030-01-31")));
    assert_eq!(article["locales"]["fr"]["published"]["title"], "Clés");
    app.verify();
}

#[test]
fn the_same_folder_taken_over_several_times_at_once_is_there_once() {
    let (app, desk) = App::school(Store::Sqlite);
    let folder = json!({"publish": true, "items": [{"path": "acceso/claves.es.md", "markdown": "# Claves\n\nEn Ajustes."}]});
    let at_once = |folder: &Value| {
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| desk.lead.post("articles/import", folder).is(200).json()))
                .collect();
            all.into_iter().map(|one| one.join().unwrap()["items"][0].clone()).collect::<Vec<_>>()
        })
    };
    let first = at_once(&folder);
    assert_eq!(first.iter().filter(|one| one["result"] == "created").count(), 1, "{first:?}");
    assert!(
        first.iter().all(|one| one["result"] != "refused" || one["code"] == "article_moved_on"),
        "{first:?}"
    );
    let id =
        first.iter().find(|one| one["result"] == "created").unwrap()["article"].as_str().unwrap().to_owned();
    let versions = || {
        let steps = desk.lead.get(&format!("articles/{id}/versions")).is(200).json()["items"].clone();
        steps.as_array().unwrap().iter().filter(|step| step["what"] == "published").count()
    };
    assert_eq!(versions(), 1);
    let mut changed = folder;
    changed["items"][0]["markdown"] = json!("# Claves\n\nEn el Perfil.");
    at_once(&changed);
    assert_eq!(versions(), 2);
    app.verify();
}

#[test]
fn an_article_of_a_client_is_not_there_for_another() {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish("cards");
    let (adriana, daniela) = (desk.token("adriana-campos", "agent"), desk.token("daniela-rivas", "agent"));
    let new = json!({"locale": "es", "title": "Activar", "body": "Por teléfono", "partition": "nogal"});
    assert_eq!(daniela.post("articles", &new).problem(422), "invalid_document");
    let id = adriana.post("articles", &new).is(201).json()["id"].as_str().unwrap().to_owned();
    desk.admin.post(&format!("articles/{id}/publish"), &json!({"locale": "es"})).is(200);
    assert_eq!(found(&adriana, "q=activar"), std::slice::from_ref(&id));
    assert_eq!(found(&daniela, "q=activar"), Vec::<String>::new());
    assert_eq!(found(&daniela, ""), Vec::<String>::new());
    assert_eq!(daniela.get(&format!("articles/{id}")).problem(404), "unknown_article");
    assert_eq!(
        daniela.put(&format!("articles/{id}"), &json!({"locale": "es", "body": "x"})).problem(404),
        "unknown_article"
    );

    // What is written by who works for one client alone is that client's, unless they say otherwise.
    let born = |who: &Caller, title: &str, partition: Value| {
        let mut new = json!({"locale": "es", "title": title, "body": "x"});
        if !partition.is_null() {
            new["partition"] = partition;
        }
        who.post("articles", &new).is(201).json()["partition"].clone()
    };
    assert_eq!(born(&adriana, "Uno", Value::Null), "nogal");
    assert_eq!(born(&adriana, "Dos", json!("")), Value::Null);
    assert_eq!(born(&desk.admin, "Tres", Value::Null), Value::Null);

    // What one client's people did not find is not the other's to read.
    let body = whatsapp::message("15550196111", "wamid.M1", "mi tarjeta está bloqueada");
    let signature = whatsapp::signature(&desk.secret("whatsapp", "main"), &body);
    let headers = [("content-type", "application/json"), ("x-hub-signature-256", &*signature)];
    app.client().send("POST", &desk.hook("whatsapp", "main"), &headers, Some(body.as_bytes())).is(200);
    let tickets = adriana.get("tickets").is(200).json();
    let ticket = tickets["items"][0]["id"].as_str().expect("a ticket of the client").to_owned();
    adriana
        .post(&format!("tickets/{ticket}/articles"), &json!({"missing": "Desbloquear por teléfono"}))
        .is(200);
    let missing = |who: &Caller| who.get("articles/missing").is(200).json()["items"].clone();
    assert_eq!(missing(&adriana)[0]["query"], "desbloquear por telefono");
    assert_eq!(missing(&daniela), json!([]));
    assert_eq!(missing(&desk.admin)[0]["count"], 1);
}

#[test]
fn a_full_card_number_is_in_no_article() {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish("cards");
    let number = "4111 1111 1111 1111";
    let new = |title: &str, body: &str| json!({"locale": "es", "title": title, "body": body});
    let refused = |answer: relevo_e2e::Answer, place: &str| {
        assert!(!answer.body.contains("1111 1111"), "{}", answer.body);
        let problem = answer.json();
        assert_eq!(
            (&problem["code"], &problem["errors"][0]["pointer"]),
            (&json!("card_number_refused"), &json!(place))
        );
    };
    refused(desk.admin.post("articles", &new("Activar", &format!("Como {number}"))).is(422), "/body");
    refused(desk.admin.post("articles", &new(number, "Por teléfono")).is(422), "/title");
    let id = desk.admin.post("articles", &new("Activar", "Acaba en 1111")).is(201).json()["id"].clone();
    let path = format!("articles/{}", id.as_str().expect("an id"));
    refused(desk.admin.put(&path, &json!({"locale": "es", "body": number})).is(422), "/body");
    // Of an import only the file that has one is refused.
    let files = json!({"publish": true, "items": [
        {"path": "a.md", "markdown": "# A\n\nhola"},
        {"path": "b.md", "markdown": format!("# B\n\n{number}")},
        {"path": format!("{number}.md"), "markdown": "# C\n\nhola"},
    ]});
    let answer = desk.admin.post("articles/import", &files).is(200);
    assert!(!answer.body.contains("1111 1111"), "{}", answer.body);
    let items = answer.json()["items"].clone();
    let told = |n: usize| (items[n]["result"].clone(), items[n]["code"].clone());
    assert_eq!(told(0), (json!("created"), Value::Null));
    assert_eq!(told(1), (json!("refused"), json!("card_number_refused")));
    assert_eq!(items[1]["errors"][0]["pointer"], "/markdown");
    assert_eq!(told(2), (json!("refused"), json!("card_number_refused")));
}
