//! One JSON line per request and event on stderr. Ids, durations, outcomes; never a text, a name, a number or a secret.

use crate::trace;
use serde_json::{Map, Value};
use std::io::Write as _;

/// Something that an operator may want to know. Names what it is a part of, if it is part of a trace.
pub fn event(name: &str, fields: &[(&str, Value)]) {
    let mut line = line(name, fields);
    line.push('\n');
    // In one piece: standard error has no buffer, and each piece would be a call of the host. If it cannot be
    // written there is nobody to tell.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

fn line(name: &str, fields: &[(&str, Value)]) -> String {
    let mut line = Map::new();
    line.insert("relevo.event".to_owned(), name.into());
    for (field, value) in fields {
        line.insert(format!("relevo.{field}"), value.clone());
    }
    if let Some(trace) = trace::current() {
        line.insert("relevo.trace".to_owned(), trace.id.into());
        line.insert("relevo.span".to_owned(), trace.span.into());
    }
    Value::Object(line).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Trace;
    use futures::executor::block_on;

    #[test]
    fn a_line_is_json_and_names_its_trace() {
        assert_eq!(line("tick", &[("tick", "sla".into())]), r#"{"relevo.event":"tick","relevo.tick":"sla"}"#);
        let trace = Trace::fresh();
        let traced = block_on(trace::scope(Some(trace.clone()), async { line("a\nb", &[]) }));
        assert!(!traced.contains('\n'), "{traced}");
        let read: Value = serde_json::from_str(&traced).expect("JSON");
        assert_eq!(read["relevo.trace"], trace.id.as_str());
    }
}
