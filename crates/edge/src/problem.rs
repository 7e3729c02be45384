//! Errors as callers see them: `application/problem+json` (RFC 9457) with a stable code.

use crate::http::{Response, respond};
use http::StatusCode;
use relevo_domain::pack::PackProblem;
use relevo_domain::refusal::{Refusal, RefusalKind};
use relevo_journal::JournalError;
use relevo_journal::store::StoreError;
use serde_json::{Value, json};

/// An error answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// A stable code for programs.
    pub code: &'static str,
    /// What is wrong and what to do; no personal data, no secrets.
    pub detail: String,
    /// Places in the caller's document.
    pub errors: Vec<Wrong>,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u32>,
    /// `Allow`, for 405.
    pub allow: Option<String>,
    /// A further member and what it holds.
    pub more: Option<Box<(&'static str, Value)>>,
}

/// What is wrong at one place of the caller's document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// JSON pointer.
    pub pointer: String,
    /// What is wrong and what to do.
    pub message: String,
    /// Line and column, from 1, in the text that the pointer names.
    pub position: Option<(u32, u32)>,
}

impl From<(String, String)> for Wrong {
    fn from((pointer, message): (String, String)) -> Self {
        Self { pointer, message, position: None }
    }
}

impl From<PackProblem> for Wrong {
    fn from(problem: PackProblem) -> Self {
        Self { pointer: problem.pointer, message: problem.message, position: problem.position }
    }
}

impl Problem {
    /// An error answer.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            allow: None,
            more: None,
        }
    }

    /// The caller's request does not make sense.
    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// The caller's document is well-formed and wrong at one place.
    pub fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid_all(vec![(pointer.into(), message.into())])
    }

    /// The caller's document is well-formed and wrong at several places.
    pub fn invalid_all(errors: Vec<impl Into<Wrong>>) -> Self {
        let errors: Vec<Wrong> = errors.into_iter().map(Into::into).collect();
        let detail = match errors.as_slice() {
            [Wrong { pointer, message, .. }] if pointer.is_empty() => message.clone(),
            [Wrong { pointer, message, .. }] => format!("{pointer}: {message}"),
            several => format!("the document is wrong at {} places; see errors", several.len()),
        };
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_document", detail) }
    }

    /// There is no such thing, or not for this caller.
    pub fn not_found(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    /// No or wrong credentials.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "send a token of this desk that is valid, as Authorization: Bearer <token>",
        )
    }

    /// For those who may not know what there is: absence looks like a missing token.
    pub fn hide_absence(self) -> Self {
        if self.status == StatusCode::NOT_FOUND { Self::unauthorized() } else { self }
    }

    /// Another component's problem, passed on to the caller whose request it is about.
    pub fn passed_on(status: StatusCode, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |value: &Value, name: &str| {
            value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        if !status.is_client_error() {
            return Self::unavailable("another component did not answer; repeat the request");
        }
        let errors = body.get("errors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let number = |e: &Value, name: &str| e.get(name).and_then(Value::as_u64)?.try_into().ok();
        let errors = errors.iter().map(|e| Wrong {
            pointer: text(e, "pointer"),
            message: text(e, "message"),
            position: number(e, "line").zip(number(e, "column")),
        });
        let errors = errors.collect();
        let code = match text(&body, "code").as_str() {
            "template_not_approved" => "template_not_approved",
            "unknown_template" => "unknown_template",
            _ => "invalid_document",
        };
        Self { errors, ..Self::new(status, code, text(&body, "detail")) }
    }

    /// The token does not allow it.
    pub fn forbidden(why: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", why)
    }

    /// The store or another part is not there for the moment; nothing that was not acknowledged is kept.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self { retry_after: Some(2), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail) }
    }

    /// The answer.
    pub fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let mut body = json!({
            "type": format!("urn:relevo:problem:{}", self.code),
            "title": title,
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        if let (false, Some(body)) = (self.errors.is_empty(), body.as_object_mut()) {
            let errors = self.errors.into_iter().map(|Wrong { pointer, message, position }| match position {
                Some((line, column)) => {
                    json!({"pointer": pointer, "message": message, "line": line, "column": column})
                }
                None => json!({"pointer": pointer, "message": message}),
            });
            body.insert("errors".to_owned(), Value::Array(errors.collect()));
        }
        if let (Some((name, value)), Some(body)) = (self.more.map(|more| *more), body.as_object_mut()) {
            body.insert(name.to_owned(), value);
        }
        let mut response = respond(self.status, "application/problem+json", body.to_string());
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(http::header::RETRY_AFTER, seconds.into());
        }
        if let Some(allow) = self.allow.and_then(|a| a.parse().ok()) {
            headers.insert(http::header::ALLOW, allow);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(http::header::WWW_AUTHENTICATE, http::HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.kind {
            RefusalKind::NotFound => StatusCode::NOT_FOUND,
            RefusalKind::Conflict => StatusCode::CONFLICT,
            RefusalKind::Forbidden => StatusCode::FORBIDDEN,
            RefusalKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let errors = refusal.pointer.map(|p| (p.to_owned(), refusal.what.clone()).into());
        let errors = errors.into_iter().chain(refusal.places.into_iter().map(Wrong::from)).collect();
        Self { errors, ..Self::new(status, refusal.code, refusal.what) }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        JournalError::from(error).into()
    }
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        crate::log::event("store.failed", &[("why", error.to_string().into())]);
        crate::meter::count(&["store_failed"]);
        Self::unavailable("the store did not answer; nothing was acknowledged, repeat the request")
    }
}
