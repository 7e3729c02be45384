//! One JSON line per event on stderr. Ids, durations, outcomes; never a text, a name, a number or a secret.

use http::{Method, StatusCode};
use serde_json::{Map, Value};

/// Something that an operator may want to know.
pub fn event(name: &str, fields: &[(&str, Value)]) {
    let mut line = Map::new();
    line.insert("relevo.event".to_owned(), name.into());
    for (field, value) in fields {
        line.insert(format!("relevo.{field}"), value.clone());
    }
    eprintln!("{}", Value::Object(line));
}

/// A request that was not answered as hoped; successes are the host's access log.
pub fn request(component: &str, method: &Method, status: StatusCode, code: Option<&str>, elapsed_ms: i64) {
    if status.is_server_error() || elapsed_ms > 2_000 {
        event(
            "request",
            &[
                ("component", component.into()),
                ("method", method.as_str().into()),
                ("status", status.as_u16().into()),
                ("code", code.into()),
                ("elapsed_ms", elapsed_ms.into()),
            ],
        );
    }
}
