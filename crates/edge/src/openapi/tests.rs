//! The document against the routes, against itself and against what the code really answers.

use super::*;
use crate::api;
use crate::ids;
use crate::problem::Problem;
use chrono::{DateTime, Utc};
use relevo_channels::AccountSecrets;
use relevo_domain::conversation::decide::{self, Published};
use relevo_domain::conversation::{Conversation, ConversationEvent, Outgoing, Party, view};
use relevo_domain::kpi::{Cohort, FIGURES};
use relevo_domain::message::{Address, AddressKind};
use relevo_domain::sla::{LogEntry, TargetState, TargetView};
use relevo_journal::{Event, EventId, Fold, Hlt};
use std::collections::BTreeSet;

const NAME: &str = "abcdefghijklmnopqrstuvwx27";

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_000_000, 0).expect("an instant")
}

fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let of_path = |(path, item): (&String, &'_ Value)| -> Vec<(String, String, Value)> {
        let methods = item.as_object().expect("a path").iter().filter(|(name, _)| *name != "parameters");
        methods.map(|(method, operation)| (method.clone(), path.clone(), operation.clone())).collect()
    };
    let found: Vec<_> = paths.iter().flat_map(of_path).collect();
    found
        .into_iter()
        .map(|(method, path, _)| {
            let operation = &document["paths"][path.as_str()][method.as_str()];
            (method, path, operation)
        })
        .collect()
}

/// Whether a value is what a schema says, as far as these schemas go; every field that there is must be named.
fn conforms(document: &Value, schema: &Value, value: &Value, place: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).expect("a reference that resolves");
        return conforms(document, target, value, place);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut all = json!({"type": "object", "required": [], "properties": {}});
        for part in parts {
            let part = match part["$ref"].as_str() {
                Some(reference) => document.pointer(reference.trim_start_matches('#')).expect("a reference"),
                None => part,
            };
            for (name, property) in part["properties"].as_object().expect("properties") {
                all["properties"][name] = property.clone();
            }
            let required = part["required"].as_array().expect("required").clone();
            all["required"].as_array_mut().expect("a list").extend(required);
        }
        return conforms(document, &all, value, place);
    }
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{place}: {value} is not one of {words:?}");
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = kinds.is_empty() || kinds.contains(&kind) || (kind == "integer" && kinds.contains(&"number"));
    assert!(fits, "{place}: {value} is not {kinds:?}");
    for item in value.as_array().into_iter().flatten() {
        conforms(document, &schema["items"], item, &format!("{place}/-"));
    }
    let (Some(fields), Some(properties)) = (value.as_object(), schema["properties"].as_object()) else {
        return;
    };
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(fields.contains_key(required.as_str().expect("a name")), "{place}: no {required}");
    }
    for (name, field) in fields {
        let property = properties.get(name).unwrap_or_else(|| panic!("{place}: {name} is not in the schema"));
        conforms(document, property, field, &format!("{place}/{name}"));
    }
}

#[track_caller]
fn is_a(schema: &str, value: &Value) {
    let document = document();
    let schema = parameters::refers(schema);
    conforms(&document, &schema, value, "");
}

#[test]
fn every_public_route_is_in_the_document_and_no_other() {
    let document = document();
    let described: BTreeSet<_> =
        operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
    let routed: BTreeSet<_> = ROUTES
        .iter()
        .filter(|route| route.access != Access::Schedule)
        .map(|route| (route.method.to_ascii_lowercase(), route.path.to_owned()))
        .collect();
    assert_eq!(described, routed);
    assert!(!document["paths"].as_object().expect("paths").keys().any(|path| path.starts_with("/internal")));
}

#[test]
fn every_line_of_the_table_is_of_a_public_route_and_the_table_is_alphabetical() {
    let names: Vec<_> = operations::OPERATIONS.iter().map(|operation| operation.route).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(names, sorted);
    let routed: BTreeSet<_> = public().map(|route| route.name).collect();
    assert_eq!(names.into_iter().collect::<BTreeSet<_>>(), routed);
}

#[test]
fn every_operation_has_a_summary_an_id_of_its_own_and_a_success() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        assert!(operation["summary"].as_str().is_some_and(|s| !s.is_empty()), "{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().expect("an id").to_owned()), "{method} {path}");
        let answers = operation["responses"].as_object().expect("responses");
        assert!(answers.keys().any(|status| status.starts_with('2')), "{method} {path}");
        assert!(answers.contains_key("503") && answers.contains_key("405"), "{method} {path}");
    }
}

#[test]
fn what_needs_a_token_says_so_and_how_it_is_refused() {
    let document = document();
    for route in public() {
        let operation = &document["paths"][route.path][route.method.to_ascii_lowercase()];
        let needs_token = matches!(route.access, Access::Role(_));
        assert_eq!(operation["security"] == json!([{"bearer": []}]), needs_token, "{}", route.name);
        for status in ["401", "403", "404"] {
            assert!(!needs_token || operation["responses"].get(status).is_some(), "{} {status}", route.name);
        }
    }
}

#[test]
fn every_part_of_a_path_is_described() {
    let document = document();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let described = item["parameters"].as_array().expect("parameters").iter();
        let names: Vec<_> =
            described.map(|p| format!("{{{}}}", p["name"].as_str().expect("a name"))).collect();
        let parts: Vec<_> = path.split('/').filter(|part| part.starts_with('{')).collect();
        assert_eq!(names, parts, "{path}");
        assert!(
            item["parameters"].as_array().expect("parameters").iter().all(|p| p["required"] == true),
            "{path}"
        );
    }
}

#[test]
fn every_reference_resolves_and_every_schema_is_used() {
    let document = document();
    let mut references = BTreeSet::new();
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                references.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                open.extend(fields.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    for reference in &references {
        let pointer = reference.strip_prefix('#').expect("a local reference");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for name in document["components"]["schemas"].as_object().expect("schemas").keys() {
        // Of a line of a format that has no schema of its own.
        let line = ["ExportedAnchor", "KpiLine"].contains(&name.as_str());
        let used = line || references.contains(&format!("#/components/schemas/{name}"));
        assert!(used, "{name}");
    }
}

#[test]
fn the_writes_take_an_idempotency_key_and_the_questions_do_not() {
    let document = document();
    let takes_key = |route: &Route| {
        let operation = &document["paths"][route.path][route.method.to_ascii_lowercase()];
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        parameters.into_iter().any(|parameter| parameter["name"] == "Idempotency-Key")
    };
    let without: Vec<_> = public()
        .filter(|route| matches!(route.access, Access::Role(_)) && route.method != "GET" && !takes_key(route))
        .map(|route| route.name)
        .collect();
    assert_eq!(
        without,
        [
            "automations.simulate",
            "files.put",
            "sla.preview",
            "sla.simulate",
            "templates.preview",
            "templates.preview_all",
            "templates.render"
        ]
    );
    assert!(!public().any(|route| route.method == "GET" && takes_key(route)));
}

#[test]
fn requests_refuse_fields_that_the_code_refuses() {
    let document = document();
    for operation in operations::OPERATIONS {
        let Body::Json(name) = operation.body else { continue };
        let schema = &document["components"]["schemas"][name];
        // One is a map of any names, the other a choice of two shapes.
        if !["Fields", "SlaQuestion"].contains(&name) {
            assert_eq!(schema["additionalProperties"], false, "{name}");
        }
    }
}

#[test]
fn optional_words_may_be_null_and_required_ones_may_not() {
    let schemas = schemas::all();
    let required = |name: &str| schemas[name]["required"].clone();
    assert_eq!(required("NewTicket"), json!(["channel", "contact"]));
    assert_eq!(required("NewContact"), json!(["address"]));
    assert_eq!(required("NewToken"), json!(["person", "role"]));
    assert_eq!(required("NewPriority"), json!(["priority"]));
    assert_eq!(
        schemas["NewTicket"]["properties"]["priority"]["enum"],
        json!(["low", "normal", "high", "urgent", null])
    );
    assert_eq!(
        schemas["NewPriority"]["properties"]["priority"]["enum"],
        json!(["low", "normal", "high", "urgent"])
    );
}

#[test]
fn an_id_of_the_code_matches_its_pattern() {
    let schemas = schemas::all();
    assert_eq!(schemas["TicketId"]["pattern"], "^tkt_[a-z2-7]{26}_[0-9]+$");
    assert!(ids::ticket(NAME, 12).starts_with("tkt_") && ids::parse_ticket(&ids::ticket(NAME, 12)).is_ok());
    assert!(
        schemas["ContactId"]["pattern"]
            .as_str()
            .is_some_and(|p| p.starts_with(&format!("^{}", ids::CONTACT)))
    );
    assert!(
        schemas["SurveyId"]["pattern"].as_str().is_some_and(|p| p.starts_with(&format!("^{}", ids::SURVEY)))
    );
    let entry = &schemas["OutboxEntry"]["properties"]["id"]["pattern"];
    assert!(entry.as_str().is_some_and(|p| p.starts_with(&format!("^{}", ids::OUTBOX))));
}

fn conversation() -> Conversation {
    let pack = json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "queues": {"support": {"name": "Support"}},
    });
    let pack = relevo_domain::pack::parse(pack).expect("a pack");
    let published = Published { pack: &pack, version: 1 };
    let party = Party {
        channel: "whatsapp".into(),
        account: "main".into(),
        address: Address { kind: AddressKind::Phone, value: "+34600000000".into() },
        contact: format!("ctc_{NAME}"),
        name: Some("Ana".into()),
        locale: "es".into(),
    };
    let mut state = Conversation::default();
    let apply = |state: &mut Conversation, data: ConversationEvent| {
        let millis = u64::try_from(at().timestamp_millis()).expect("after 1970");
        let id = EventId::new(format!("api.{}", state.tickets.len())).expect("an id");
        let hlt = Hlt::next(millis, Hlt(0));
        state.apply(&Event { id, hlt, at: at(), by: "person:ana".into(), tag: 0, data });
    };
    let created = decide::create(published, party, 1, decide::NewTicket::default()).expect("allowed");
    apply(&mut state, created);
    let outgoing = Outgoing::text(format!("msg_{NAME}"), "Hola");
    for event in decide::reply(&state, published, 1, outgoing, true).expect("allowed") {
        apply(&mut state, event);
    }
    let note = decide::note(&state, 1, "aside".into()).expect("allowed");
    apply(&mut state, note);
    state
}

#[test]
fn a_ticket_is_as_described() {
    let state = conversation();
    let ticket = state.ticket(1).expect("a ticket");
    let id = ids::ticket(NAME, 1);
    let party = state.party.as_ref().expect("a party");
    is_a("TicketItem", &Value::Object(view::item(&id, party, ticket)));
    let ticket = view::ticket(&id, &state, ticket).expect("a ticket");
    assert_eq!(ticket["messages"].as_array().map(Vec::len), Some(2));
    is_a("Ticket", &Value::Object(ticket));
}

#[test]
fn a_figure_is_as_described() {
    for figure in FIGURES {
        is_a("Kpi", &serde_json::to_value(figure.of(&Cohort::default())).expect("JSON"));
    }
}

#[test]
fn a_target_is_as_described() {
    let log = vec![LogEntry { at: at(), event: "activated", why: "a message".into() }];
    let target = TargetView {
        name: "first_response".into(),
        instance: "first_response.1".into(),
        state: TargetState::Running,
        due: Some(at()),
        met_at: None,
        breached_at: None,
        policy: None,
        calendar: None,
        seconds: Some(60),
        used_seconds: Some(1),
        excused: false,
        problem: None,
        log,
    };
    is_a("Targets", &json!({"targets": [target]}));
    for state in [TargetState::Paused, TargetState::Met, TargetState::Breached, TargetState::Cancelled] {
        let state = serde_json::to_value(state).expect("JSON");
        let known = schemas::all()["Target"]["properties"]["state"]["enum"].clone();
        assert!(known.as_array().expect("words").contains(&state), "{state}");
    }
}

#[test]
fn a_problem_is_as_described() {
    use http_body_util::BodyExt;
    let response = Problem::invalid("/text", "is empty").into_response();
    let mut body = std::pin::pin!(response.into_body().collect());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Ok(body)) = std::future::Future::poll(body.as_mut(), &mut context) else {
        panic!("a body that is there");
    };
    is_a("Problem", &serde_json::from_slice(&body.to_bytes()).expect("JSON"));
}

#[test]
fn secrets_and_rendered_templates_are_as_described() {
    let some = || Some("x".to_owned());
    let secrets = AccountSecrets {
        secret: some(),
        previous_secret: some(),
        previous_until: Some(at()),
        overlap_hours: Some(24),
        verify_token: some(),
        access_token: some(),
        client_secret: some(),
        public_url: some(),
    };
    let secrets = serde_json::to_value(secrets).expect("JSON");
    is_a("AccountSecrets", &secrets);
    let described = schemas::all()["AccountSecrets"]["properties"].as_object().map(Map::len);
    assert_eq!(described, secrets.as_object().map(Map::len));
    is_a("Rendered", &serde_json::to_value(api::Rendered::default()).expect("JSON"));
}

#[test]
fn a_pack_is_as_described() {
    let pack = json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "queues": {"support": {"name": "Support"}},
    });
    is_a("Pack", &pack);
    let parsed = relevo_domain::pack::parse(pack).expect("a pack");
    is_a("Pack", &serde_json::to_value(parsed).expect("JSON"));
    // What is refused names all that is taken.
    let refused = relevo_domain::pack::parse(json!({"unheard_of": 1})).expect_err("an unknown field");
    let (_, taken) = refused[0].message.split_once("expected one of ").expect("the fields");
    let taken: BTreeSet<_> = taken.split(", ").map(|name| name.trim_matches('`')).collect();
    let described = schemas::all()["Pack"]["properties"].clone();
    assert_eq!(
        described.as_object().expect("properties").keys().map(String::as_str).collect::<BTreeSet<_>>(),
        taken
    );
}

#[test]
fn the_document_is_left_for_validators() {
    let target = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target");
    std::fs::create_dir_all(target).expect("a folder");
    let text = serde_json::to_string_pretty(&document()).expect("JSON");
    std::fs::write(format!("{target}/openapi.json"), text).expect("a file");
}

#[test]
fn every_document_that_is_taken_has_an_example_that_is_one() {
    let document = document();
    let mut seen = 0;
    for (method, path, operation) in operations(&document) {
        let media = &operation["requestBody"]["content"]["application/json"];
        if media["schema"].is_null() {
            continue;
        }
        let example = &media["examples"]["usual"]["value"];
        assert!(
            example.is_object() || example.is_array(),
            "{method} {path}: no example of {}",
            media["schema"]
        );
        conforms(&document, &media["schema"], example, &path);
        seen += 1;
    }
    assert!(seen > 17, "{seen}");
    let examples: Map<String, Value> = serde_json::from_str(EXAMPLES).expect("JSON");
    let read = |name: &str| examples[name].clone();
    serde_json::from_value::<api::NewTicket>(read("NewTicket")).expect("a ticket");
    serde_json::from_value::<api::NewToken>(read("NewToken")).expect("a token");
    serde_json::from_value::<AccountSecrets>(read("AccountSecrets")).expect("secrets");
    assert!(relevo_domain::pack::parse(read("Pack")).is_ok());
}
