//! The OpenAPI document.

use relevo_edge::http::{Response, json};
use relevo_edge::openapi;

/// `GET /api/openapi.json`
pub fn document() -> Response {
    json(http::StatusCode::OK, &openapi::document())
}
