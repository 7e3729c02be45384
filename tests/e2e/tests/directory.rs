//! What a desk knows before anybody writes: imported, looked up when a ticket opens, gone with the person.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use relevo_e2e::{Answer, App, Caller, Desk, Store, whatsapp};
use serde_json::{Value, json};

fn desk() -> (App, Desk) {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish_with("school", |pack| {
        pack["fields"] = json!({
            "school": {"name": {"es": "Centro"}, "type": "text"},
            "csm": {"name": {"es": "CSM"}, "type": "text", "changed_by": "lead"},
            "fee": {"name": {"es": "Cuota"}, "type": "integer", "seen_by": "manager"},
            "module": {"name": {"es": "Módulo"}, "type": "choice", "personal": false,
                       "choices": [{"id": "notas", "name": {"es": "Notas"}}, {"id": "accesos"}]}
        });
        pack["enrichment"] = json!({
            "directory": {"school": "account.name", "csm": "account.csm", "fee": "account.fee", "module": "person.module"},
            "by_domain": true
        });
    });
    (app, desk)
}

fn table(caller: &Caller, query: &str, text: &str) -> Answer {
    caller.send_as("POST", &format!("directory/import?{query}"), "text/csv; charset=utf-8", text)
}

const ACCOUNTS: &str = "id,name,csm,fee,domains\n\
    sur,Colegio Sur,Eva Ríos,1200,sur.example.org; alumnos.sur.example.org\n\
    norte,Colegio Norte,Leo Paz,,norte.example.org\n";

const PEOPLE: &str = "addresses,account,name,module\n\
    15550108001; luz@sur.example.org,sur,Luz Vela,Notas\n\
    15550108002,norte,Iván Mora,\n";

fn imported(answer: &Value) -> [i64; 4] {
    ["rows", "set", "unchanged", "refused"].map(|name| answer[name].as_i64().unwrap())
}

#[test]
fn a_table_is_imported_row_by_row_as_often_as_it_is_sent() {
    let (app, desk) = desk();
    let manager = desk.token("marta-olmedo", "manager");
    let tried = table(&manager, "kind=accounts&dry_run=true", ACCOUNTS).is(200).json();
    assert_eq!((imported(&tried), &tried["dry_run"]), ([2, 2, 0, 0], &json!(true)));
    assert_eq!(desk.agent.get("directory/accounts").is(200).json()["items"], json!([]), "only tried");
    let wrong =
        format!("{ACCOUNTS}a b,X,,,\n,Y,,,\noeste,Colegio Oeste,,,no-domain\n\"este\",\"a,b\",,,,more\n");
    let done = table(&manager, "kind=accounts", &wrong).is(200).json();
    assert_eq!(imported(&done), [6, 2, 0, 4], "{done}");
    let lines: Vec<_> =
        done["errors"].as_array().unwrap().iter().map(|e| (&e["line"], &e["errors"][0]["pointer"])).collect();
    assert_eq!(json!(lines), json!([[4, "/id"], [5, "/id"], [6, "/domains/0"], [7, "/"]]), "{done}");
    let again = table(&manager, "kind=accounts", ACCOUNTS).is(200).json();
    assert_eq!(imported(&again), [2, 0, 2, 0]);
    let sur = desk.agent.get("directory/accounts/sur").is(200).json();
    assert_eq!(
        sur,
        json!({"id": "sur", "revision": 1, "domains": ["sur.example.org", "alumnos.sur.example.org"],
               "values": {"name": "Colegio Sur", "csm": "Eva Ríos"}}),
        "without what an agent does not see"
    );
    assert_eq!(manager.get("directory/accounts/sur").is(200).json()["values"]["fee"], "1200");
    let first = desk.agent.get("directory/accounts?limit=1").is(200).json();
    let next = format!("directory/accounts?limit=1&cursor={}", first["next"].as_str().unwrap());
    let second = desk.agent.get(&next).is(200).json();
    assert_eq!((&first["items"][0]["id"], &second["items"][0]["id"]), (&json!("sur"), &json!("norte")));
    assert_eq!(second["next"], Value::Null);

    let people = table(&desk.lead, "kind=people", PEOPLE).is(200).json();
    assert_eq!(imported(&people), [2, 2, 0, 0]);
    let list = json!([
        {"addresses": ["15550108003"], "account": "sur", "values": {"module": "accesos"}},
        {"addresses": ["nobody"], "values": {}},
        {"addresses": ["15550108004"], "colour": "red"}
    ]);
    let people = desk.lead.post("directory/import?kind=people", &list).is(200).json();
    assert_eq!(imported(&people), [3, 1, 0, 2]);
    let places: Vec<_> = people["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (&e["line"], &e["errors"][0]["pointer"]))
        .collect();
    assert_eq!(json!(places), json!([[2, "/addresses/0"], [3, "/colour"]]));

    for (query, text, code) in [
        ("kind=accounts", "name,csm\nx,y\n", "bad_table"),
        ("kind=accounts", "id,name\nZ3,\"abc\nZ4,x\n", "bad_table"),
        ("kind=accounts", "id,name,name\nZ3,abc,x\n", "bad_table"),
        ("kind=colours", ACCOUNTS, "bad_kind"),
        ("kind=accounts&dry_run=perhaps", ACCOUNTS, "bad_dry_run"),
    ] {
        assert_eq!(table(&desk.lead, query, text).problem(400), code, "{query}");
    }
    assert_eq!(table(&desk.lead, "kind=accounts", "id,name\n").problem(422), "invalid_document");
    assert_eq!(table(&desk.agent, "kind=accounts", ACCOUNTS).problem(403), "forbidden");
    app.tick_everything();
    app.verify();
}

#[test]
fn what_contradicts_itself_or_the_directory_is_refused_with_its_lines() {
    let (app, desk) = desk();
    let manager = desk.token("marta-olmedo", "manager");
    table(&manager, "kind=accounts", ACCOUNTS).is(200);
    let refusals = |caller: &Caller, kind: &str, text: &str| {
        let tried = table(caller, &format!("kind={kind}&dry_run=true"), text).is(200).json();
        let done = table(caller, &format!("kind={kind}"), text).is(200).json();
        assert_eq!(tried["errors"], done["errors"], "{text}");
        let each = done["errors"].as_array().unwrap().iter();
        json!(each.map(|e| json!([e["line"], e["errors"][0]["pointer"]])).collect::<Vec<_>>())
    };
    // Another account has the domain: at the desk, or in the same table.
    let taken =
        "id,domains\neste,sur.example.org\noeste,o.example.org\ncentro,c.example.org; o.example.org\n";
    assert_eq!(
        refusals(&manager, "accounts", taken),
        json!([[2, "/domains/0"], [3, "/domains/0"], [4, "/domains/1"]])
    );
    let put =
        desk.lead.put("directory/accounts/este", &json!({"values": {}, "domains": ["norte.example.org"]}));
    assert_eq!(put.json()["errors"][0]["pointer"], "/domains/0");
    assert_eq!(put.problem(422), "invalid_document");
    // What an account lets go of another may have.
    desk.lead.put("directory/accounts/norte", &json!({"values": {}, "domains": []})).is(200);
    desk.lead
        .put("directory/accounts/este", &json!({"values": {}, "domains": ["norte.example.org"]}))
        .is(200);
    // The same id twice, whichever of the two has another mistake; so for people, however the address is written.
    let twice = "id,name,domains\nuno,Uno,no-domain\nuno,Uno,\ndos,Dos,\ntres,Tres,\ndos,Dos,\n";
    assert_eq!(
        refusals(&manager, "accounts", twice),
        json!([[2, "/domains/0"], [3, "/id"], [4, "/id"], [6, "/id"]])
    );
    let there = |id: &str| desk.agent.get(&format!("directory/accounts/{id}"));
    for refused in ["uno", "dos", "oeste", "centro"] {
        assert_eq!(there(refused).problem(404), "unknown_account", "{refused}");
    }
    there("tres").is(200);
    let people =
        "addresses;account\n15550108021;sur\n+1 555 010 8021;\n15550108022;nowhere\n15550108023;sur\n";
    assert_eq!(
        refusals(&desk.lead, "people", people),
        json!([[2, "/addresses/0"], [3, "/addresses/0"], [4, "/account"]])
    );
    let person = json!({"addresses": [{"address": "15550108022"}], "account": "nowhere", "values": {}});
    assert_eq!(desk.lead.put("directory/people", &person).json()["errors"][0]["pointer"], "/account");
    let found = desk.agent.get("directory/people?address=15550108023").is(200).json();
    assert_eq!(found["items"][0]["account"], "sur");
    // A column whose name is misspelt holds up the whole table.
    let misspelt = table(&manager, "kind=accounts", "id,cms\ncuatro,Eva\n");
    assert!(misspelt.json()["detail"].as_str().unwrap().contains("\"cms\""), "{}", misspelt.body);
    assert_eq!(misspelt.problem(400), "bad_table");
    app.tick_everything();
    app.verify();
}

#[test]
fn a_new_ticket_is_filled_from_whoever_wrote_and_their_account() {
    let (app, desk) = desk();
    table(&desk.token("marta-olmedo", "manager"), "kind=accounts", ACCOUNTS).is(200);
    table(&desk.lead, "kind=people", PEOPLE).is(200);
    whatsapp::deliver(app.client(), &desk, &whatsapp::message("15550108001", "wamid.d1", "hola")).is(200);
    let ticket = desk.ticket_of("15550108001");
    assert_eq!(ticket["fields"], json!({"school": "Colegio Sur", "csm": "Eva Ríos", "module": "notas"}));
    let history =
        desk.agent.get(&format!("tickets/{}/history", ticket["id"].as_str().unwrap())).is(200).json();
    assert_eq!(
        history["items"][0]["data"]["opening"]["filled"],
        json!({
            "school": {"value": "Colegio Sur", "by": "directory:account/sur@1"},
            "csm": {"value": "Eva Ríos", "by": "directory:account/sur@1"},
            "module": {"value": "notas", "by": "directory:person@1"},
        })
    );
    // By the domain of an address that nobody knows; what an agent says stays.
    let body = json!({
        "channel": "mailgun", "contact": {"address": "otra@norte.example.org"}, "fields": {"school": "Norte (secundaria)"},
    });
    let ticket = desk.agent.post("tickets", &body).is(201).json();
    assert_eq!(ticket["fields"], json!({"school": "Norte (secundaria)", "csm": "Leo Paz"}));
    // Who is known to nobody gets nothing.
    whatsapp::deliver(app.client(), &desk, &whatsapp::message("15550108099", "wamid.d2", "hola")).is(200);
    assert_eq!(desk.ticket_of("15550108099")["fields"], json!({}));
    // What is known later changes no ticket that is there.
    let values = json!({"values": {"name": "Colegio Sur", "csm": "Ada Gil"}, "domains": []});
    let set = desk.lead.put("directory/accounts/sur", &values).is(200).json();
    assert_eq!(set["revision"], 2);
    assert_eq!(desk.ticket_of("15550108001")["fields"]["csm"], "Eva Ríos");
    let body = json!({"channel": "mailgun", "contact": {"address": "luz@sur.example.org"}});
    assert_eq!(desk.agent.post("tickets", &body).is(201).json()["fields"]["csm"], "Ada Gil");
    desk.lead.delete("directory/accounts/sur").is(204);
    assert_eq!(desk.lead.delete("directory/accounts/sur").problem(404), "unknown_account");
    assert_eq!(desk.agent.get("directory/accounts/sur").problem(404), "unknown_account");
    let body = json!({"channel": "mailgun", "contact": {"address": "luz@sur.example.org"}});
    assert_eq!(desk.agent.post("tickets", &body).is(201).json()["fields"], json!({"module": "notas"}));
    app.tick_everything();
    app.verify();
}

#[test]
fn who_is_known_at_one_address_is_known_at_the_others_once_they_are_one_contact() {
    let (app, desk) = desk();
    table(&desk.token("marta-olmedo", "manager"), "kind=accounts", ACCOUNTS).is(200);
    table(&desk.lead, "kind=people", PEOPLE).is(200);
    let write = |from: &str| {
        whatsapp::deliver(app.client(), &desk, &whatsapp::message(from, &format!("wamid.{from}"), "hola"))
            .is(200);
        desk.ticket_of(from)
    };
    let (known, other) = (write("15550108001"), write("15550108050"));
    assert_eq!(other["fields"], json!({}));
    let merge = json!({"into": other["contact"]["id"], "from": known["contact"]["id"]});
    desk.lead.post("contacts/merge", &merge).is(200);
    let open = |address: &str| {
        let body = json!({"channel": "whatsapp", "contact": {"address": address}});
        desk.agent.post("tickets", &body).is(201).json()
    };
    let ticket = open("15550108050");
    assert_eq!(ticket["fields"], json!({"school": "Colegio Sur", "csm": "Eva Ríos", "module": "notas"}));
    let history =
        desk.agent.get(&format!("tickets/{}/history", ticket["id"].as_str().unwrap())).is(200).json();
    assert_eq!(history["items"][0]["data"]["opening"]["filled"]["module"]["by"], "directory:person@1");
    desk.lead.post("contacts/unmerge", &json!({"from": known["contact"]["id"]})).is(200);
    assert_eq!(open("15550108050")["fields"], json!({}));
    app.tick_everything();
    app.verify();
}

#[test]
fn what_a_lead_does_not_see_they_neither_take_away_nor_set_nor_find_out() {
    let (_app, desk) = desk();
    let manager = desk.token("marta-olmedo", "manager");
    let values = json!({"values": {"name": "Colegio Sur", "fee": 7_654_321}, "domains": ["sur.example.org"]});
    manager.put("directory/accounts/H-1", &values).is(200);
    let fee = || manager.get("directory/accounts/H-1").is(200).json()["values"]["fee"].clone();

    let values = json!({"values": {"name": "Colegio del Sur"}, "domains": ["sur.example.org"]});
    let set = desk.lead.put("directory/accounts/H-1", &values).is(200).json();
    assert_eq!((&set["values"], fee()), (&json!({"name": "Colegio del Sur"}), json!(7_654_321)));
    let done = table(&desk.lead, "kind=accounts", "id,name\nH-1,Sur\n").is(200).json();
    assert_eq!((imported(&done), fee()), ([1, 1, 0, 0], json!(7_654_321)));

    for guess in [7_654_321, 1] {
        let values = json!({"values": {"name": "Sur", "fee": guess}});
        let refused = desk.lead.put("directory/accounts/H-1", &values);
        assert_eq!(refused.json()["errors"][0]["pointer"], "/values/fee");
        assert_eq!(refused.problem(422), "invalid_document");
        let rows = format!("id,name,fee\nH-1,Sur,{guess}\n");
        let tried = table(&desk.lead, "kind=accounts&dry_run=true", &rows).is(200).json();
        assert_eq!(imported(&tried), [1, 0, 0, 1], "{guess}: {tried}");
    }
    // What fills a field is what the field holds, whoever says it.
    let refused = manager.put("directory/accounts/H-1", &json!({"values": {"fee": "7654321"}}));
    assert_eq!(refused.json()["errors"][0]["pointer"], "/values/fee");
    let person = json!({"addresses": [{"address": "15550108088"}], "values": {"module": "nowhere"}});
    assert_eq!(desk.lead.put("directory/people", &person).json()["errors"][0]["pointer"], "/values/module");
    let done = table(&manager, "kind=accounts", "id,fee\nH-1,many\n").is(200).json();
    assert_eq!((imported(&done), fee()), ([1, 0, 0, 1], json!(7_654_321)));
}

#[test]
fn a_call_that_is_made_again_is_answered_again_and_its_key_is_for_nothing_else() {
    let (_app, desk) = desk();
    let send = |method: &str, path: &str, key: &str, body: &Value| {
        desk.lead.call(method, path, &[("idempotency-key", key)], Some(body))
    };
    let account = |name: &str| json!({"values": {"name": name}});
    let person =
        |name: &str, address: &str| json!({"addresses": [{"address": address}], "values": {"name": name}});
    for (method, path, first, other) in [
        ("PUT", "directory/accounts/sur", account("Sur"), account("Norte")),
        ("PUT", "directory/people", person("Luz", "15550108011"), person("Iván", "15550108011")),
        ("PUT", "directory/people", person("Ada", "15550108012"), person("Ada", "15550108013")),
        (
            "POST",
            "directory/import?kind=accounts",
            json!([{"id": "a", "values": {"name": "A"}}, {"id": "a b"}]),
            json!([{"id": "b", "values": {"name": "B"}}]),
        ),
    ] {
        let key = format!("key-{first}").replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let answered = send(method, path, &key, &first).is(200).body;
        assert_eq!(send(method, path, &key, &first).is(200).body, answered, "{path}");
        assert_eq!(send(method, path, &key, &other).problem(409), "idempotency_key_reused", "{path}");
        assert_eq!(send(method, path, &key, &first).is(200).body, answered, "{path}");
    }
    assert_eq!(desk.lead.get("directory/accounts/sur").is(200).json()["values"]["name"], "Sur");
    assert_eq!(desk.lead.get("directory/accounts/b").problem(404), "unknown_account");
    // What says what is there already is a call with its key too.
    send("PUT", "directory/accounts/sur", "same", &account("Sur")).is(200);
    assert_eq!(
        send("PUT", "directory/accounts/sur", "same", &account("Este")).problem(409),
        "idempotency_key_reused"
    );
}

#[test]
fn a_persons_entry_is_in_their_export_and_gone_with_them() {
    let (_app, desk) = desk();
    desk.lead.put("directory/accounts/sur", &json!({"values": {}, "domains": []})).is(200);
    let person = json!({
        "addresses": [{"address": "15550108077"}, {"address": "zoe@sur.example.org"}],
        "account": "sur", "values": {"name": "Zoe Bermejo", "module": "notas"}
    });
    let set = desk.lead.put("directory/people", &person).is(200).json();
    assert_eq!(set["items"].as_array().unwrap().len(), 2);
    let contact = set["items"][0]["contact"].as_str().unwrap().to_owned();
    let find = |address: &str| desk.agent.get(&format!("directory/people?address={address}")).is(200).json();
    assert_eq!(find("%2B1%20555%20010%208077")["items"][0]["values"]["name"], "Zoe Bermejo");
    let manager = desk.token("marta-olmedo", "manager");
    let export = manager.get(&format!("contacts/{contact}/export")).is(200);
    assert_eq!(export.json()["contact"]["directory"]["name"], "Zoe Bermejo", "{}", export.body);
    manager.post(&format!("contacts/{contact}/erasure"), &json!({"reason": "lo pidió"})).is(200);
    assert_eq!(find("15550108077")["items"], json!([]));
    assert!(!manager.get(&format!("contacts/{contact}/export")).is(200).body.contains("Zoe"));
    let other = find("zoe@sur.example.org")["items"][0]["contact"].as_str().unwrap().to_owned();
    desk.lead.delete(&format!("directory/people/{other}")).is(204);
    assert_eq!(desk.lead.delete(&format!("directory/people/{other}")).problem(404), "unknown_contact");
    assert_eq!(find("zoe@sur.example.org")["items"], json!([]));
    let refused = desk.lead.put("directory/people", &json!({"addresses": [], "values": {}}));
    assert_eq!(refused.json()["errors"][0]["pointer"], "/addresses");
    assert_eq!(desk.agent.get("directory/people").problem(400), "address_missing");
}
