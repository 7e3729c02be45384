//! The OpenAPI document, made from the routes, from the types that read requests and from the shapes of answers.
//!
//! Routes that are only for the schedule and for other components are not part of the public API and not in it.

pub(crate) mod operations;
pub(crate) mod parameters;
mod responses;
mod schemas;
#[cfg(test)]
mod tests;
pub(crate) mod words;

use crate::routes::{Access, ROUTES, Route};
use operations::{Body, Operation};
use relevo_domain::pack::Role;
use serde_json::{Map, Value, json};

/// The document (OpenAPI 3.1).
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in public() {
        let Some(operation) = operations::of(route.name) else { continue };
        let path = paths.entry(route.path).or_insert_with(|| json!({"parameters": path_parameters(route)}));
        if let Some(path) = path.as_object_mut() {
            path.insert(route.method.to_ascii_lowercase(), describe(route, operation));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Relevo",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The back end of a customer-support operation. Times are RFC 3339 in UTC; errors are \
                            problem+json with a stable `code`; lists are `{items, next}`; writes accept an \
                            Idempotency-Key.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "responses": responses::components(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A token of the desk, per person"},
            },
        },
    })
}

/// What can be bound to the version or revision that it was made from.
const MADE_FROM: [&str; 6] = [
    "articles.archive",
    "articles.publish",
    "articles.update",
    "pack.publish",
    "views.delete",
    "views.update",
];

/// The routes that are part of the public API.
fn public() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.access != Access::Schedule)
}

fn path_parameters(route: &Route) -> Vec<Value> {
    let names = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| parameters::of_path(route.path, name)).collect()
}

fn describe(route: &Route, operation: &Operation) -> Value {
    let mut described = json!({
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.name.split('.').next().unwrap_or_default()],
        "security": security(route),
        "responses": responses::of(route, operation),
    });
    let Some(entry) = described.as_object_mut() else { return described };
    let mut parameters: Vec<Value> = operation.query.iter().map(|name| parameters::of_query(name)).collect();
    if operation.keyed {
        parameters.push(parameters::idempotency_key());
    }
    if MADE_FROM.contains(&operation.route) {
        parameters.push(parameters::if_match());
    }
    if !parameters.is_empty() {
        entry.insert("parameters".to_owned(), Value::Array(parameters));
    }
    if let Some(body) = body(operation.body) {
        entry.insert("requestBody".to_owned(), body);
    }
    if let Some(who) = who(route.access) {
        entry.insert("description".to_owned(), who.into());
    }
    described
}

fn security(route: &Route) -> Value {
    if matches!(route.access, Access::Role(_)) { json!([{"bearer": []}]) } else { json!([]) }
}

fn who(access: Access) -> Option<&'static str> {
    match access {
        Access::Role(Role::Service) => Some("For every token of the desk."),
        Access::Role(Role::Agent) => Some("For agents and above."),
        Access::Role(Role::Lead) => Some("For leads and above."),
        Access::Role(Role::Manager) => Some("For managers and above."),
        Access::Role(Role::Admin) => Some("For admins."),
        Access::Webhook => Some("Proven by the provider's signature under the account's secret."),
        Access::Public | Access::Schedule => None,
    }
}

/// What a body looks like, by schema.
const EXAMPLES: &str = include_str!("openapi/examples.json");

fn with_example(schema: &str) -> Value {
    let examples: Map<String, Value> = serde_json::from_str(EXAMPLES).unwrap_or_default();
    let mut media = json!({"schema": parameters::refers(schema)});
    if let (Some(example), Some(media)) = (examples.get(schema), media.as_object_mut()) {
        media.insert("examples".to_owned(), json!({"usual": {"value": example}}));
    }
    media
}

fn body(body: Body) -> Option<Value> {
    let content = match body {
        Body::None => return None,
        Body::Json(schema) => json!({"application/json": with_example(schema)}),
        Body::Ballot => json!({
            "application/json": with_example("Ballot"),
            "application/x-www-form-urlencoded": {"schema": parameters::refers("BallotForm")},
        }),
        Body::Table(schema) => json!({
            "application/json": with_example(schema),
            "text/csv": {"schema": {"type": "string"}},
        }),
        Body::File => json!({"*/*": {"schema": {"type": "string", "format": "binary"}}}),
        Body::Provider => json!({
            "application/json": {},
            "application/x-www-form-urlencoded": {},
            "message/rfc822": {},
            "multipart/form-data": {},
        }),
    };
    Some(json!({"required": true, "content": content}))
}
