//! Systems that are asked and told: Podio's items, Jira's issues.

use super::Accepted;
use serde_json::{Value, json};

/// The answer of such a system; none if the path is none of theirs. Without a body it was a GET.
pub fn accepted(path: &str, body: &str, id: &str) -> Option<Accepted> {
    let document: Value = serde_json::from_str(body).unwrap_or_default();
    let plain = path.split('?').next().unwrap_or_default();
    let answer = |status, body| Some(Accepted { status, body, ..Accepted::default() });
    if plain == "/oauth/token/v2" {
        return podio_token(&document, id);
    }
    if let Some(item) = plain.strip_prefix("/item/") {
        return answer(200, podio_item(item));
    }
    let rest = plain.strip_prefix("/rest/api/3/")?;
    let parts: Vec<&str> = rest.split('/').collect();
    match (parts.as_slice(), body.is_empty()) {
        (["myself"], true) => answer(
            200,
            json!({"accountId": "557058:relevo", "accountType": "app", "active": true, "displayName": "Relevo"}),
        ),
        (["search", "jql"], false) => answer(200, json!({"issues": [], "isLast": true})),
        (["issue"], false) => {
            let number =
                id.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 9_000;
            let project = document["fields"]["project"]["key"].as_str().unwrap_or("X");
            let key = format!("{project}-{number}");
            answer(
                201,
                json!({"id": number.to_string(), "key": key, "self": format!("https://jira.example/issue/{key}")}),
            )
        }
        (["issue", key], true) => {
            answer(200, json!({"id": "1", "key": key, "fields": {"status": status("Hecho", "done")}}))
        }
        (["issue", _, "comment"], true) => {
            answer(200, json!({"startAt": 0, "maxResults": 100, "total": 0, "comments": []}))
        }
        (["issue", _, "comment"], false) => answer(201, json!({"id": id, "body": document["body"]})),
        (["issue", _, "transitions"], true) => {
            let one = |id: &str, name: &str, to: Value| json!({"id": id, "name": name, "to": to, "isAvailable": true});
            let all = [
                one("31", "Validar", status("Validado", "done")),
                one("11", "Devolver", status("Reabierto", "indeterminate")),
            ];
            answer(200, json!({"expand": "transitions", "transitions": all}))
        }
        (["issue", _, "transitions"], false) => answer(204, Value::Null),
        _ => answer(404, json!({"errorMessages": ["Issue does not exist"], "errors": {}})),
    }
}

fn status(name: &str, category: &str) -> Value {
    json!({"name": name, "id": "1", "statusCategory": {"key": category, "name": category}})
}

/// Only for whom the app flow is complete.
fn podio_token(asked: &Value, id: &str) -> Option<Accepted> {
    let filled = |key: &str| match &asked[key] {
        Value::String(text) => !text.is_empty(),
        value => value.is_number(),
    };
    let complete = ["app_id", "app_token", "client_id", "client_secret"].into_iter().all(filled);
    let (status, body) = if complete && asked["grant_type"] == "app" {
        let granted = json!({
            "access_token": format!("token-{id}"), "token_type": "bearer", "expires_in": 28_800,
            "refresh_token": format!("refresh-{id}"), "scope": "global:all", "ref": {"type": "app", "id": asked["app_id"]},
        });
        (200, granted)
    } else {
        (
            400,
            json!({"error": "invalid_request", "error_description": "incomplete", "error_propagate": false}),
        )
    };
    Some(Accepted { status, body, ..Accepted::default() })
}

/// What `GET /item/{id}` gives.
fn podio_item(id: &str) -> Value {
    let field = |external_id: &str, kind: &str, label: &str, value: Value| json!({"field_id": 1, "external_id": external_id, "type": kind, "label": label, "values": [value]});
    json!({
        "item_id": id.parse::<u64>().unwrap_or_default(),
        "app_item_id": 12,
        "app_item_id_formatted": "INC12",
        "title": "No carga el acta",
        "link": format!("https://podio.com/campanario/soporte/apps/incidencias/items/{id}"),
        "created_on": "2026-03-02 08:55:12",
        "created_by": {"type": "user", "id": 33, "name": "Luz Marín"},
        "current_revision": {"revision": 0, "type": "creation"},
        "app": {"app_id": 2_700_100, "name": "Incidencias"},
        "fields": [
            field("colegio", "app", "Colegio", json!({"value": {"item_id": 9, "title": "La Encina"}})),
            field("detalle", "text", "Detalle", json!({"value": "<p>Se queda en blanco.</p>"})),
            field("urgencia", "category", "Urgencia", json!({"value": {"id": 2, "text": "Alta", "status": "active"}})),
            field("contacto", "contact", "Contacto",
                json!({"value": {"profile_id": 5, "name": "Rosa Pérez", "mail": ["rosa@encina.example"], "phone": []}})),
        ],
        "files": [{"file_id": 501, "name": "acta.png", "mimetype": "image/png", "size": 48_211, "link": "https://files.podio.com/501"}],
        "comments": [], "tags": [],
    })
}
