//! The OpenAPI document.

use relevo_edge::http::{Response, json};

/// `GET /api/openapi.json`
pub fn document() -> Response {
    json(http::StatusCode::OK, &serde_json::json!({}))
}
