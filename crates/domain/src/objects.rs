//! Documents of others, in which an object is an object: what serde derives would take a list for a struct too, its
//! fields by their place, and that is nothing that anybody documents or means.

use serde::Deserializer;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde_json::{Map, Value};

/// Reads a document.
///
/// # Errors
/// The place where reading stopped, and why.
pub fn read<T: DeserializeOwned>(
    document: Value,
) -> Result<T, serde_path_to_error::Error<serde_json::Error>> {
    serde_path_to_error::deserialize(Document(document))
}

/// What holds no objects is left to the value itself.
macro_rules! as_they_are {
    ($($name:ident)*) => {
        $(fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            self.0.$name(visitor)
        })*
    };
}

/// A value of a document.
struct Document(Value);

impl<'de> IntoDeserializer<'de, serde_json::Error> for Document {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Document {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Array(items) => list(items, visitor),
            Value::Object(members) => object(members, visitor),
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Array(items) => list(items, visitor),
            other => other.deserialize_seq(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Object(members) => object(members, visitor),
            other => other.deserialize_map(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        if self.0.is_array() {
            return Err(Self::Error::invalid_type(Unexpected::Seq, &"an object"));
        }
        self.deserialize_map(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.deserialize_unit(visitor)
    }

    as_they_are! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32
        deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_unit deserialize_identifier deserialize_ignored_any
    }
}

fn list<'de, V: Visitor<'de>>(items: Vec<Value>, visitor: V) -> Result<V::Value, serde_json::Error> {
    let mut items = SeqDeserializer::new(items.into_iter().map(Document));
    let read = visitor.visit_seq(&mut items)?;
    items.end()?;
    Ok(read)
}

fn object<'de, V: Visitor<'de>>(
    members: Map<String, Value>,
    visitor: V,
) -> Result<V::Value, serde_json::Error> {
    let members = members.into_iter().map(|(name, value)| (name, Document(value)));
    let mut members = MapDeserializer::new(members);
    let read = visitor.visit_map(&mut members)?;
    members.end()?;
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Order {
        name: Option<String>,
        lines: Vec<Line>,
        by_name: BTreeMap<String, Line>,
        kind: Option<Kind>,
        price: f64,
        pair: Option<(i64, bool)>,
        rest: Value,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    struct Line {
        #[serde(default)]
        count: u8,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Plain,
        Of(Line),
    }

    fn refused(document: Value) -> (String, String) {
        let error = read::<Order>(document).unwrap_err();
        (error.path().to_string(), error.into_inner().to_string())
    }

    #[test]
    fn a_document_is_read_as_it_is_without_this() {
        for document in [
            json!({}),
            json!({"name": "a", "lines": [{"count": 3}, {}], "by_name": {"x": {"count": 1}}}),
            json!({"name": null, "kind": "plain", "price": 3, "pair": [-1, true], "rest": [{"a": [1]}, null]}),
            json!({"kind": {"of": {"count": 2}}, "price": 1.5, "rest": {"a": 1}}),
        ] {
            assert_eq!(read::<Order>(document.clone()).unwrap(), serde_json::from_value(document).unwrap());
        }
    }

    #[test]
    fn a_list_is_no_object_wherever_it_stands() {
        let why = "invalid type: sequence, expected an object".to_owned();
        assert_eq!(refused(json!([])), (".".into(), why.clone()));
        assert_eq!(refused(json!(["a", []])), (".".into(), why.clone()));
        assert_eq!(refused(json!({"lines": [{}, [1]]})), ("lines[1]".into(), why.clone()));
        assert_eq!(refused(json!({"by_name": {"x": [1]}})), ("by_name.x".into(), why));
    }

    #[test]
    fn what_else_is_wrong_is_named_with_its_place() {
        assert_eq!(refused(json!({"lines": [{"count": 256}]})).0, "lines[0].count");
        assert_eq!(refused(json!({"pair": [1, true, 2]})).0, "pair");
        assert_eq!(refused(json!({"nam": 1})).0, "nam");
        assert_eq!(refused(json!("a")).0, ".");
    }
}
