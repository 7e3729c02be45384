//! Calls to the application, as any client makes them.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::http;

/// Every call is given up after this.
const LIMIT: Duration = Duration::from_secs(30);

/// A client of one server.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    base_url: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body; text, whatever its type.
    pub body: String,
    /// What was asked, for messages: method and path.
    pub call: String,
}

impl Client {
    /// A client of the server at `base_url` (scheme, host, port).
    pub fn new(base_url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(LIMIT))
            // A server that was restarted meanwhile would break a kept connection.
            .max_idle_connections(0)
            .build();
        Self { agent: config.into(), base_url: base_url.trim_end_matches('/').to_owned() }
    }

    /// Scheme, host, port.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Sends raw bytes with headers.
    ///
    /// # Errors
    /// When no answer came; any answer is one, whatever its status.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Answer> {
        let call = format!("{method} {path}");
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.base_url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body {
            Some(body) => self.agent.run(request.body(body)?),
            None => self.agent.run(request.body(())?),
        };
        let mut answer = answer.with_context(|| format!("{call} at {}", self.base_url))?;
        let status = answer.status().as_u16();
        let bytes =
            answer.body_mut().with_config().limit(64 << 20).read_to_vec().with_context(|| call.clone())?;
        Ok(Answer { status, body: String::from_utf8_lossy(&bytes).into_owned(), call })
    }

    /// Gets with a bearer token.
    ///
    /// # Errors
    /// When no answer came.
    pub fn get(&self, path: &str, token: &str) -> Result<Answer> {
        self.send("GET", path, &[("authorization", &format!("Bearer {token}"))], None)
    }

    /// Sends JSON with a bearer token.
    ///
    /// # Errors
    /// When no answer came.
    pub fn json(&self, method: &str, path: &str, token: &str, body: &Value) -> Result<Answer> {
        let headers = [("authorization", &*format!("Bearer {token}")), ("content-type", "application/json")];
        self.send(method, path, &headers, Some(body.to_string().as_bytes()))
    }
}

impl Answer {
    /// 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When the status is not a success (the error shows the answer), or the body is not JSON.
    pub fn value(&self) -> Result<Value> {
        self.success()?;
        serde_json::from_str(&self.body).with_context(|| format!("{}: not JSON: {}", self.call, self.body))
    }

    /// Refuses anything but a success.
    ///
    /// # Errors
    /// With the answer in it.
    pub fn success(&self) -> Result<()> {
        if !self.is_success() {
            bail!("{} answered {}: {}", self.call, self.status, self.body);
        }
        Ok(())
    }
}
