//! An HTTP client that shows every answer, whatever its status.

use std::time::Duration;

use serde_json::Value;
use ureq::http;

const LIMIT: Duration = Duration::from_secs(30);

/// A client of one server.
#[derive(Clone, Debug)]
pub struct Client {
    agent: ureq::Agent,
    base_url: String,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: http::HeaderMap,
    /// The body; text, whatever its type.
    pub body: String,
    call: String,
}

impl Client {
    /// A client of the server at `base_url` (scheme, host, port).
    pub fn new(base_url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(LIMIT))
            .allow_non_standard_methods(true)
            // A server that is killed and restarted would break a kept connection.
            .max_idle_connections(0)
            .build();
        Self { agent: config.into(), base_url: base_url.to_owned() }
    }

    /// Sends, and says why if no answer came.
    ///
    /// # Errors
    /// When no whole answer came.
    pub fn attempt(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Answer, ureq::Error> {
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.base_url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = match body {
            Some(body) => self.agent.run(request.body(body)?),
            None => self.agent.run(request.body(())?),
        }?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.body_mut().with_config().limit(64 << 20).read_to_vec()?;
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Answer { status, headers, body, call: format!("{method} {path}") })
    }

    /// Sends.
    ///
    /// # Panics
    /// When no answer came.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        match self.attempt(method, path, headers, body) {
            Ok(answer) => answer,
            Err(error) => panic!("{method} {path}: {error}"),
        }
    }
}

impl Answer {
    /// The same answer, which has this status.
    ///
    /// # Panics
    /// When it has another one.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.call, self.body);
        self
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{}: {} is not JSON: {error}", self.call, self.body))
    }

    /// A header's value; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The `code` of an error that is as every error is to be: problem+json of that status, with its length.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn problem(self, status: u16) -> String {
        let answer = self.is(status);
        let call = &answer.call;
        assert_eq!(answer.header("content-type"), "application/problem+json", "{call}");
        assert_eq!(answer.header("content-length"), answer.body.len().to_string(), "{call}");
        let problem = answer.json();
        assert_eq!(problem["status"], status, "{call}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|text| !text.is_empty()), "{call}: {problem}");
        problem["code"].as_str().unwrap_or_else(|| panic!("{call}: no code in {problem}")).to_owned()
    }
}
