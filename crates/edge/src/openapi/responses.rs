//! Answers: what an operation gives when it succeeds, and every refusal that it may give.

use super::operations::{Answer, Body, Operation};
use super::parameters::refers;
use crate::routes::{Access, Route};
use serde_json::{Map, Value, json};

/// Refusals by status: name of the component and what it means.
const REFUSALS: [(u16, &str, &str); 12] = [
    (400, "BadRequest", "The request makes no sense: not JSON, an unusable parameter or key"),
    (401, "Unauthorized", "No token or signature that is valid here"),
    (403, "Forbidden", "The token's role does not allow it"),
    (404, "NotFound", "There is no such thing at this desk"),
    (405, "MethodNotAllowed", "The path takes other methods; see `Allow`"),
    (406, "NotAcceptable", "No format that the caller accepts"),
    (
        409,
        "Conflict",
        "The present state does not allow it, or the Idempotency-Key was used for another body",
    ),
    (410, "Gone", "It is over"),
    (413, "BodyTooLarge", "The body is too large"),
    (422, "Invalid", "The document is well-formed and wrong; `errors` tells where"),
    (429, "TooManyRequests", "Too many requests; see `Retry-After`"),
    (
        503,
        "Unavailable",
        "The store or another part does not answer; nothing was acknowledged. See `Retry-After`",
    ),
];

/// All refusals as components, by name.
pub fn components() -> Map<String, Value> {
    let problem = json!({"application/problem+json": {"schema": refers("Problem")}});
    let refusals = REFUSALS.iter().map(|(status, name, description)| {
        let mut response = json!({"description": description, "content": problem});
        let header = match status {
            405 => Some(("Allow", json!({"schema": {"type": "string"}}))),
            401 => Some(("WWW-Authenticate", json!({"schema": {"type": "string"}}))),
            429 | 503 => Some(("Retry-After", json!({"schema": {"type": "integer", "minimum": 0}}))),
            _ => None,
        };
        if let (Some((name, header)), Some(response)) = (header, response.as_object_mut()) {
            response.insert("headers".to_owned(), json!({name: header}));
        }
        ((*name).to_owned(), response)
    });
    refusals.collect()
}

/// The answers of an operation by status.
pub fn of(route: &Route, operation: &Operation) -> Value {
    let mut answers = Map::new();
    answers.insert(operation.status.to_string(), success(operation));
    for (status, name, _) in REFUSALS.iter().filter(|(status, _, _)| may_refuse(*status, route, operation)) {
        let refusal = match (operation.answer, *status) {
            (Answer::Page, 404 | 409 | 410) => {
                page(operation, "The survey takes no answer; a page says so", "Problem")
            }
            _ => json!({"$ref": format!("#/components/responses/{name}")}),
        };
        answers.insert(status.to_string(), refusal);
    }
    Value::Object(answers)
}

fn may_refuse(status: u16, route: &Route, operation: &Operation) -> bool {
    let takes_body = !matches!(operation.body, Body::None);
    let of_desk = matches!(route.access, Access::Role(_));
    let is_page = matches!(operation.answer, Answer::Page);
    let is_link = matches!(operation.answer, Answer::File);
    match status {
        400 => of_desk || takes_body || operation.keyed,
        401 => of_desk || route.access == Access::Webhook,
        403 => of_desk,
        404 => of_desk || is_page || is_link,
        406 => {
            matches!(operation.answer, Answer::Report | Answer::Surveys) || route.access == Access::Webhook
        }
        409 => operation.keyed || is_page,
        410 => is_page || is_link,
        422 => takes_body,
        429 => of_desk || route.access == Access::Webhook,
        _ => true,
    }
}

fn success(operation: &Operation) -> Value {
    let json =
        |schema: Value| json!({"description": "Done", "content": {"application/json": {"schema": schema}}});
    match operation.answer {
        Answer::Document => json(json!({"type": "object"})),
        Answer::Export => json!({
            "description": "Everything that is stored of the contact",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/html": {"schema": {"type": "string"}},
            },
        }),
        Answer::File => json!({
            "description": "The file, as an attachment",
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        }),
        Answer::List(item) => json(list(item)),
        Answer::Lines(line) => {
            let lines = json!({"type": "string", "description": format!("One {line} per line")});
            json!({"description": "Done", "content": {"application/x-ndjson": {"schema": lines}}})
        }
        Answer::Nothing => json!({"description": "Done; accepted, or a repeat"}),
        Answer::One(schema) => json(refers(schema)),
        Answer::Page => page(operation, "The page", "Recorded"),
        Answer::Surveys => json!({
            "description": "The surveys",
            "content": {
                "application/json": {"schema": list("Survey")},
                "application/x-ndjson": {"schema": {"type": "string", "description": "One Survey per line"}},
                "text/csv": {"schema": {"type": "string"}},
            },
        }),
        Answer::Report => json!({
            "description": "The figures",
            "content": {
                "application/json": {"schema": refers("Report")},
                "application/x-ndjson": {"schema": {"type": "string", "description": "One KpiLine per line"}},
                "text/csv": {"schema": {"type": "string"}},
            },
        }),
    }
}

fn list(item: &str) -> Value {
    json!({
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": refers(item)},
            "next": {"description": "The cursor of what follows; null: that was all", "type": ["string", "null"]},
        },
    })
}

/// A page; a vote that comes as a document is answered with a document of a schema.
fn page(operation: &Operation, description: &str, schema: &str) -> Value {
    let mut content = json!({"text/html": {"schema": {"type": "string"}}});
    let media = if schema == "Problem" { "application/problem+json" } else { "application/json" };
    if let (Body::Ballot, Some(content)) = (operation.body, content.as_object_mut()) {
        content.insert(media.to_owned(), json!({"schema": refers(schema)}));
    }
    json!({"description": description, "content": content})
}
