//! One JSON line per request, if asked. Nothing personal: the route's pattern instead of the path, no query.

use std::{str::FromStr, time::Duration};

use http::{Method, StatusCode};
use serde_json::json;

use crate::routes::Matched;

/// How much the host says on its standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Faults only.
    #[default]
    Faults,
    /// A line per request too.
    Requests,
}

impl FromStr for LogLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "faults" => Ok(Self::Faults),
            "requests" => Ok(Self::Requests),
            _ => Err(format!("{text:?} is neither faults nor requests")),
        }
    }
}

pub(super) struct Entry<'a> {
    pub(super) method: &'a Method,
    pub(super) matched: &'a Matched,
    pub(super) status: StatusCode,
    pub(super) took: Duration,
}

impl Entry<'_> {
    pub(super) fn write(&self) {
        eprintln!(
            "{}",
            json!({
                "relevo.event": "request",
                "relevo.component": self.matched.component,
                "relevo.route": self.matched.route,
                "relevo.method": self.method.as_str(),
                "relevo.status": self.status.as_u16(),
                "relevo.took_ms": self.took.as_secs_f64() * 1_000.0,
            })
        );
    }
}
