//! Requests read whole and within a limit; answers that always carry their length.

use crate::clock;
use crate::ids;
use crate::log;
use crate::meter;
use crate::misfit;
use crate::problem::Problem;
use crate::routes;
use crate::trace::{self, Trace};
use bytes::{Bytes, BytesMut};
use futures::stream::{LocalBoxStream, Stream, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, Either, Full, StreamBody};
use relevo_domain::objects;

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::convert::Infallible;

/// Longest Idempotency-Key.
const MAX_KEY_BYTES: usize = 255;

/// Bytes of a body that is too large which are read before it is refused: more than any provider sends.
const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;

/// What hosts give as the client of a request from another component.
const INSIDE: &str = "0.0.0.0:0";

/// An answer. Without a length Spin sends it in segments that wait for each other.
pub type Response = http::Response<Full<Bytes>>;

/// An answer that may come in pieces, as they are made.
pub type Streamed = http::Response<Either<Full<Bytes>, StreamBody<Pieces>>>;

/// The pieces of an answer, made while it is sent.
pub type Pieces = LocalBoxStream<'static, Result<Frame<Bytes>, Infallible>>;

/// A request, read whole.
#[derive(Clone)]
pub struct Incoming {
    /// Method.
    pub method: Method,
    /// Path as sent, not decoded.
    pub path: String,
    /// Query string, not decoded.
    pub query: String,
    /// Headers as the host passes them: what a client sends as `spin-*` comes before the host's own.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Incoming {
    /// The path's segments.
    pub fn segments(&self) -> Vec<&str> {
        self.path.trim_start_matches('/').split('/').collect()
    }

    /// The first value of a query parameter, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes())
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Refuses a query that says something twice: which of the two is meant?
    ///
    /// # Errors
    /// 400.
    pub fn says_once(&self) -> Result<(), Problem> {
        let mut seen = BTreeSet::new();
        let mut names = form_urlencoded::parse(self.query.as_bytes()).map(|(name, _)| name);
        match names.find(|name| !seen.insert(name.clone())) {
            None => Ok(()),
            Some(_) => Err(Problem::bad_request("repeated_parameter", "a parameter is given once")),
        }
    }

    /// A header's value, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether a change was made from this version or revision, as far as `If-Match` says.
    ///
    /// # Errors
    /// As [`Incoming::if_match`].
    pub fn is_made_from(&self, revision: u32) -> Result<bool, Problem> {
        let any = self.header("if-match").is_some_and(|text| text.trim() == "*");
        Ok(self.if_match()?.is_none_or(|named| any || named == revision.to_string()))
    }

    /// What `If-Match` names, without its quotes; none: nothing, any will do.
    ///
    /// # Errors
    /// 400 if it names several, or what is no text: a condition that is not understood must not be passed over.
    pub fn if_match(&self) -> Result<Option<&str>, Problem> {
        let mut all = self.headers.get_all(header::IF_MATCH).iter();
        let (Some(first), rest) = (all.next(), all.next()) else { return Ok(None) };
        let text = first.to_str().ok().map(str::trim).filter(|text| !text.is_empty() && rest.is_none());
        let text = text.ok_or_else(|| {
            let detail = "If-Match names one version or revision, such as \"3\", or is *";
            Problem::bad_request("bad_if_match", detail)
        })?;
        Ok(Some(text.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(text)))
    }

    /// The token of `Authorization: Bearer`; none if there are several such headers: which of them is meant?
    pub fn bearer(&self) -> Option<&str> {
        let mut all = self.headers.get_all(header::AUTHORIZATION).iter();
        let (Some(only), None) = (all.next(), all.next()) else { return None };
        let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The key by which this call is known when it is repeated, if the caller gave one.
    ///
    /// # Errors
    /// 400 for an unusable key.
    pub fn idempotency_key(&self) -> Result<Option<&str>, Problem> {
        let mut all = self.headers.get_all("idempotency-key").iter();
        let Some(key) = all.next() else { return Ok(None) };
        if all.next().is_some() {
            return Err(Problem::bad_request("bad_idempotency_key", "one Idempotency-Key is given, or none"));
        }
        let usable = |key: &&str| {
            (1..=MAX_KEY_BYTES).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
        };
        key.to_str().ok().filter(usable).map(Some).ok_or_else(|| {
            let detail = format!("an Idempotency-Key is 1 to {MAX_KEY_BYTES} visible ASCII characters");
            Problem::bad_request("bad_idempotency_key", detail)
        })
    }

    /// The client's address as the host gives it. What a client sends under this name comes before it.
    pub fn client(&self) -> &str {
        let all = self.headers.get_all("spin-client-addr");
        all.iter().next_back().and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Did another component send this?
    pub fn is_from_inside(&self) -> bool {
        self.client() == INSIDE
    }

    /// Refuses a body that is larger than what this one of the component's routes takes.
    ///
    /// # Errors
    /// 413.
    pub fn at_most(&self, max_body_bytes: usize) -> Result<(), Problem> {
        if self.body.len() <= max_body_bytes { Ok(()) } else { Err(too_large(max_body_bytes)) }
    }

    /// The body as a JSON document.
    ///
    /// # Errors
    /// 400 if it is not JSON, 422 with a pointer if it is not what is expected.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let stopped = |place: String| {
            Problem::bad_request("bad_json", format!("the body is not JSON; reading stopped at {place}"))
        };
        let text = std::str::from_utf8(&self.body)
            .map_err(|error| stopped(format!("byte {}, which is no UTF-8", error.valid_up_to())))?;
        let value: serde_json::Value = serde_json::from_str(text)
            .map_err(|error| stopped(format!("line {}, column {}", error.line(), error.column())))?;
        objects::read(value).map_err(|error| {
            let pointer = relevo_domain::pack::pointer(error.path());
            Problem::invalid(pointer, misfit::told(&error.into_inner().to_string()))
        })
    }
}

#[cfg(test)]
impl Incoming {
    pub(crate) fn for_tests(method: &str, path: &str) -> Self {
        Self {
            method: method.parse().expect("a method"),
            path: path.to_owned(),
            query: String::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }
}

fn too_large(max_body_bytes: usize) -> Problem {
    let detail = format!("the body is larger than the {max_body_bytes} bytes that this route takes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

/// Runs one request through a component: reads it, lets `handler` answer, logs one line.
pub async fn serve(
    component: &'static str,
    request: spin_sdk::http::Request,
    max_body_bytes: usize,
    handler: impl AsyncFnOnce(&Incoming) -> Result<Response, Problem>,
) -> Response {
    serve_as(component, request, max_body_bytes, handler, |whole| whole).await
}

/// The same where some answers come in pieces.
pub async fn serve_streamed(
    component: &'static str,
    request: spin_sdk::http::Request,
    max_body_bytes: usize,
    handler: impl AsyncFnOnce(&Incoming) -> Result<Streamed, Problem>,
) -> Streamed {
    serve_as(component, request, max_body_bytes, handler, whole).await
}

/// An answer that is there as one that may come in pieces.
pub fn whole(response: Response) -> Streamed {
    response.map(Either::Left)
}

/// An answer in pieces of a type.
pub fn stream(content_type: &'static str, pieces: impl Stream<Item = Bytes> + 'static) -> Streamed {
    let mut response = respond(StatusCode::OK, content_type, Bytes::new());
    response.headers_mut().remove(header::CONTENT_LENGTH);
    let pieces = pieces.map(|piece| Ok(Frame::data(piece))).boxed_local();
    response.map(|_| Either::Right(StreamBody::new(pieces)))
}

async fn serve_as<B>(
    component: &'static str,
    request: spin_sdk::http::Request,
    max_body_bytes: usize,
    handler: impl AsyncFnOnce(&Incoming) -> Result<http::Response<B>, Problem>,
    whole: impl FnOnce(Response) -> http::Response<B>,
) -> http::Response<B> {
    let given = request.headers().get("traceparent").and_then(|value| Trace::parse(value.to_str().ok()?));
    let trace = given.map_or_else(Trace::fresh, |caller| caller.child());
    trace::scope(Some(trace), answer(component, request, max_body_bytes, handler, whole)).await
}

async fn answer<B>(
    component: &'static str,
    request: spin_sdk::http::Request,
    max_body_bytes: usize,
    handler: impl AsyncFnOnce(&Incoming) -> Result<http::Response<B>, Problem>,
    whole: impl FnOnce(Response) -> http::Response<B>,
) -> http::Response<B> {
    let started = clock::precise();
    let method = request.method().clone();
    let over_tls = is_over_tls(request.headers());
    let (about, result) = match read(request, max_body_bytes).await {
        Ok(incoming) => (subject(component, &incoming), handler(&incoming).await),
        Err(problem) => (Vec::new(), Err(problem)),
    };
    let code = result.as_ref().err().map(|p| p.code);
    if let Some(code) = code {
        meter::count(&["refused", component, code]);
    }
    let mut response = result.unwrap_or_else(|problem| whole(problem.into_response()));
    if over_tls {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    let mut fields = vec![
        ("component", component.into()),
        ("method", method.as_str().into()),
        ("status", response.status().as_u16().into()),
        ("elapsed_ms", u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX).into()),
    ];
    fields.extend(code.map(|code| ("code", code.into())));
    // What somebody made up who was not let in is not written down.
    if !matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND) {
        fields.extend(about);
    }
    log::event("request", &fields);
    response
}

/// What a request is about, as far as its path tells: the route, the desk, the ticket.
fn subject(component: &str, request: &Incoming) -> Vec<(&'static str, serde_json::Value)> {
    let Ok(matched) = routes::find(component, request) else { return Vec::new() };
    let mut about = vec![("route", matched.route.name.into())];
    let names = matched.route.path.split('/').filter(|part| part.starts_with('{'));
    for (name, part) in names.zip(&matched.parts) {
        match name {
            "{desk}" if relevo_journal::Desk::new(*part).is_ok() => about.push(("desk", (*part).into())),
            "{ticket}" if ids::parse_ticket(part).is_ok() => about.push(("ticket", (*part).into())),
            _ => {}
        }
    }
    about
}

/// Did the client come over TLS? To the host itself, or to what stands before it. Whoever forges it tells only
/// themselves.
fn is_over_tls(headers: &HeaderMap) -> bool {
    let last = |name: &str| headers.get_all(name).iter().next_back().and_then(|value| value.to_str().ok());
    last("spin-full-url").is_some_and(|url| url.starts_with("https://"))
        || last("x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

async fn read(request: spin_sdk::http::Request, max_body_bytes: usize) -> Result<Incoming, Problem> {
    let (parts, mut body) = request.into_parts();
    let too_large = || too_large(max_body_bytes);
    let declared =
        parts.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    let mut is_too_large =
        declared.is_some_and(|length| length > u64::try_from(max_body_bytes).unwrap_or(u64::MAX));
    let mut bytes = BytesMut::new();
    let mut seen = 0_usize;
    // Whoever sends hears nothing while they do: the rest is read and dropped, or the answer would be lost with the
    // connection. That has an end too.
    while seen <= MAX_DISCARDED_BYTES {
        let Some(frame) = body.frame().await else { break };
        let Ok(frame) = frame else {
            let broken = || Problem::bad_request("broken_body", "the body broke off; send it again");
            return Err(if is_too_large { too_large() } else { broken() });
        };
        let Ok(data) = frame.into_data() else { continue };
        seen = seen.saturating_add(data.len());
        is_too_large |= seen > max_body_bytes;
        if is_too_large && declared.is_none() {
            // Nobody knows when this one ends.
            return Err(too_large());
        }
        if is_too_large {
            bytes = BytesMut::new();
        } else {
            bytes.extend_from_slice(&data);
        }
    }
    if is_too_large || seen > MAX_DISCARDED_BYTES {
        return Err(too_large());
    }
    Ok(Incoming {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: bytes.freeze(),
    })
}

/// What browsers are told of every body: it runs nothing, is shown in no frame, and says nothing of where it was.
/// There is no `access-control-…`: no other origin's page may read an answer.
const GUARDS: [(HeaderName, &str); 3] = [
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// How long browsers are to come back over TLS only: a year.
const HSTS: &str = "max-age=31536000; includeSubDomains";

/// An answer with a body of a type.
pub fn respond(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let body = body.into();
    let mut response = http::Response::new(Full::new(body.clone()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, body.len().into());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !content_type.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        for (name, value) in GUARDS {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

/// A JSON answer.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => respond(status, "application/json", bytes),
        Err(error) => {
            log::event("answer.failed", &[("why", error.to_string().into())]);
            Problem::unavailable("the answer could not be written").into_response()
        }
    }
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response {
    respond(status, "", Bytes::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_keys_none_counts() {
        let mut request = with_key(b"k1");
        assert_eq!(request.idempotency_key().unwrap(), Some("k1"));
        request.headers.append("idempotency-key", HeaderValue::from_static("k2"));
        assert_eq!(request.idempotency_key().unwrap_err().code, "bad_idempotency_key");
    }

    fn with_key(key: &[u8]) -> Incoming {
        let mut request = Incoming::for_tests("POST", "/");
        request.headers.insert("idempotency-key", HeaderValue::from_bytes(key).unwrap());
        request
    }

    #[test]
    fn a_condition_that_is_not_understood_is_not_passed_over() {
        let with = |values: &[&str]| {
            let mut request = Incoming::for_tests("PUT", "/");
            for value in values {
                request.headers.append("if-match", HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            request.is_made_from(7)
        };
        assert_eq!(with(&[]), Ok(true));
        for fits in ["\"7\"", "7", " \"7\" ", "*"] {
            assert_eq!(with(&[fits]), Ok(true), "{fits}");
        }
        for another in ["\"8\"", "W/\"7\"", "\"7\", \"8\"", "+7", "07", "\"\"7\"\"", "\"*\""] {
            assert_eq!(with(&[another]), Ok(false), "{another}");
        }
        for unclear in [&["é"][..], &[""], &["\"7\"", "\"8\""]] {
            let refused = with(unclear).unwrap_err();
            assert_eq!(
                (refused.status, refused.code),
                (StatusCode::BAD_REQUEST, "bad_if_match"),
                "{unclear:?}"
            );
        }
    }

    #[test]
    fn a_key_is_visible_ascii_or_refused() {
        assert_eq!(Incoming::for_tests("POST", "/").idempotency_key(), Ok(None));
        assert_eq!(with_key(b"a-1").idempotency_key(), Ok(Some("a-1")));
        for bad in [&b""[..], b"a b", "ñ".as_bytes(), &[b'a'; 256]] {
            let refused = with_key(bad).idempotency_key().unwrap_err();
            assert_eq!((refused.status, refused.code), (StatusCode::BAD_REQUEST, "bad_idempotency_key"));
        }
    }

    #[test]
    fn what_is_said_twice_is_refused() {
        let said = |query: &str| Incoming { query: query.to_owned(), ..Incoming::for_tests("GET", "/") };
        for once in ["", "a=1", "a=1&b=1", "a=b=a"] {
            assert_eq!(said(once).says_once(), Ok(()), "{once}");
        }
        for twice in ["a=1&a=1", "a=1&b=2&%61=3"] {
            assert_eq!(said(twice).says_once().unwrap_err().code, "repeated_parameter", "{twice}");
        }
    }
}
