//! `default`: what stands in the place of a value that is missing.

use minijinja::{Error, Value};

/// The value, or another if it is missing or blank.
///
/// A blank text counts as missing: `Hola ,` is no better than a gap.
///
/// ```
/// use relevo_rendering::{Preview, TemplateSet};
/// let data = serde_json::json!({ "name": " " });
/// let preview = Preview {
///     source: "Hola, {{ name | default('cliente') }}",
///     channel: "text", data: &data, locale: "es", time_zone: None,
/// };
/// assert_eq!(TemplateSet::default().preview(&preview).unwrap().text, "Hola, cliente");
/// ```
pub fn default(value: Value, other: Value) -> Result<Value, Error> {
    let blank =
        value.is_undefined() || value.is_none() || value.as_str().is_some_and(|text| text.trim().is_empty());
    Ok(if blank { other } else { value })
}

#[cfg(test)]
mod tests {
    use crate::helpers::test_support::{rendered, x};
    use serde_json::{Value, json};

    #[test]
    fn only_what_is_missing_or_blank_is_replaced() {
        for (value, expected) in [
            (json!("Ana"), "Ana"),
            (json!(""), "–"),
            (json!(" \n"), "–"),
            (Value::Null, "–"),
            (json!(0), "0"),
        ] {
            assert_eq!(
                rendered("{{ x | default('–') }}", "es", &x(value.clone())).as_deref(),
                Ok(expected),
                "{value}"
            );
        }
    }

    #[test]
    fn the_other_value_must_be_given() {
        assert!(rendered("{{ x | default }}", "es", &x("a")).is_err());
    }
}
