//! Events of earlier versions, in today's form. Done when an event is read; what is stored stays as it is.

use serde_json::{Map, Value};

/// In the first version an event's name was a field among its others, and so were the names of what two of these hold.
const NAME: &str = "type";
const HELD: [(&str, &str); 2] = [("request", "to"), ("outcome", "result")];

/// The data of an event of the first version, its name before its fields; nothing for what is no such event.
pub(crate) fn named_among_fields(data: &str) -> Option<String> {
    let Value::Object(mut fields) = serde_json::from_str(data).ok()? else { return None };
    let name = take_name(&mut fields, NAME)?;
    for (field, tag) in HELD {
        if let Some(Value::Object(held)) = fields.get_mut(field)
            && let Some(name) = take_name(held, tag)
        {
            let held = std::mem::take(held);
            fields.insert(field.to_owned(), named(name, held));
        }
    }
    serde_json::to_string(&named(name, fields)).ok()
}

fn take_name(fields: &mut Map<String, Value>, tag: &str) -> Option<String> {
    match fields.remove(tag)? {
        Value::String(name) => Some(name),
        _ => None,
    }
}

fn named(name: String, fields: Map<String, Value>) -> Value {
    let fields = if fields.is_empty() { Value::Null } else { Value::Object(fields) };
    Value::Object(Map::from_iter([(name, fields)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, PartialEq, Deserialize)]
    enum Happened {
        #[serde(rename = "a.done")]
        Done { outcome: Outcome },
        #[serde(rename = "a.left")]
        Left,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Outcome {
        Sent { id: u32 },
    }

    #[test]
    fn the_name_comes_before_the_fields() {
        let read = |data: Value| {
            let today = named_among_fields(&data.to_string())?;
            serde_json::from_str::<Happened>(&today).ok()
        };
        let old = json!({"type": "a.done", "outcome": {"result": "sent", "id": 7}});
        assert_eq!(read(old), Some(Happened::Done { outcome: Outcome::Sent { id: 7 } }));
        assert_eq!(read(json!({"type": "a.left"})), Some(Happened::Left));
        for other in [json!({"a.left": null}), json!("a.left"), json!({"type": 7}), json!([])] {
            assert_eq!(named_among_fields(&other.to_string()), None, "{other}");
        }
    }
}
