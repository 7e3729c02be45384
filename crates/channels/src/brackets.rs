//! Forms whose names nest as PHP writes them: `message[add][0][text]=…`.

use serde_json::{Map, Value};

/// Deeper names than any provider's are cut off here.
const MAX_DEPTH: usize = 12;

/// The fields as nested objects; objects whose names are 0, 1, 2 … become lists. Where a name is used both for a
/// value and for an object, the later one stays.
pub(crate) fn nest<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Map<String, Value> {
    let mut root = Map::new();
    for (name, value) in fields {
        let (first, rest) = name.split_once('[').unwrap_or((name, ""));
        let mut path = vec![first];
        path.extend(rest.split('[').map(|part| part.trim_end_matches(']')).filter(|_| !rest.is_empty()));
        path.truncate(MAX_DEPTH);
        insert(&mut root, &path, value);
    }
    root.into_iter().map(|(key, value)| (key, lists(value))).collect()
}

fn insert(map: &mut Map<String, Value>, path: &[&str], value: &str) {
    let Some((name, rest)) = path.split_first() else { return };
    // `name[]` takes the next free number.
    let name = if name.is_empty() { map.len().to_string() } else { (*name).to_owned() };
    if rest.is_empty() {
        map.insert(name, value.into());
        return;
    }
    let child = map.entry(name).or_insert_with(|| Value::Object(Map::new()));
    if !child.is_object() {
        *child = Value::Object(Map::new());
    }
    if let Value::Object(child) = child {
        insert(child, rest, value);
    }
}

fn lists(value: Value) -> Value {
    let Value::Object(map) = value else { return value };
    let numbered = !map.is_empty() && (0..map.len()).all(|i| map.contains_key(&i.to_string()));
    if !numbered {
        return Value::Object(map.into_iter().map(|(key, value)| (key, lists(value))).collect());
    }
    let mut items: Vec<(usize, Value)> =
        map.into_iter().map(|(key, value)| (key.parse().unwrap_or(usize::MAX), lists(value))).collect();
    items.sort_by_key(|(i, _)| *i);
    items.into_iter().map(|(_, value)| value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Value {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        Value::Object(nest(pairs.iter().map(|(k, v)| (k.as_str(), v.as_str()))))
    }

    #[test]
    fn names_nest_and_numbers_make_lists() {
        assert_eq!(
            read("m[add][0][id]=1&m[add][1][id]=2&account[id]=7&x=y"),
            json!({ "m": { "add": [{ "id": "1" }, { "id": "2" }] }, "account": { "id": "7" }, "x": "y" })
        );
        assert_eq!(read("v[]=a&v[]=b&w[1]=x"), json!({ "v": ["a", "b"], "w": { "1": "x" } }));
        let eleven: String = (0..11).map(|i| format!("v[{i}]={i}&")).collect();
        assert_eq!(read(&eleven)["v"][10], "10");
    }

    #[test]
    fn odd_names_lose_nothing_else() {
        assert_eq!(read("a=1&a[b]=2&c=3"), json!({ "a": { "b": "2" }, "c": "3" }));
        assert_eq!(read("[=1&]=2&a[=3"), json!({ "0": "1", "]": "2", "a": "3" }));
        let deep = format!("a{}=1&b=2", "[x]".repeat(10_000));
        assert_eq!(read(&deep)["b"], "2");
    }
}
