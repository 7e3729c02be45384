//! `truncate`: the beginning of a text.

use crate::values::Context;
use minijinja::value::Kwargs;
use minijinja::{Error, State, Value};

/// At most `length` characters, cut between words where there is one, with `end` (an ellipsis) if something was cut;
/// `end` counts. An SMS gets three dots, which its alphabet has.
///
/// ```
/// use relevo_rendering::{Preview, TemplateSet};
/// let data = serde_json::json!({ "title": "No puedo entrar en la plataforma" });
/// let preview = Preview {
///     source: "{{ title | truncate(16) }}",
///     channel: "text", data: &data, locale: "es", time_zone: None,
/// };
/// assert_eq!(TemplateSet::default().preview(&preview).unwrap().text, "No puedo entrar…");
/// ```
pub fn truncate(
    state: &State<'_, '_>,
    value: &Value,
    length: usize,
    options: Kwargs,
) -> Result<String, Error> {
    let context = Context::of(state)?;
    let end: Option<String> = options.get("end")?;
    options.assert_all_used()?;
    let text = value.as_str().ok_or_else(|| super::misuse("truncate needs a text"))?;
    if text.chars().count() <= length {
        return Ok(text.to_owned());
    }
    let end = end.unwrap_or_else(|| if context.plain_spaces { "..." } else { "…" }.to_owned());
    let room = length.saturating_sub(end.chars().count());
    let kept: String = text.chars().take(room).collect();
    let between_words = text.chars().nth(room).is_none_or(char::is_whitespace);
    let kept = match kept.rfind(char::is_whitespace) {
        Some(at) if !between_words => kept.get(..at).unwrap_or(&kept),
        _ => &kept,
    };
    Ok(format!("{}{end}", kept.trim_end()))
}

#[cfg(test)]
mod tests {
    use crate::helpers::test_support::{on, rendered, x};

    #[test]
    fn cut_between_words() {
        for (text, length, expected) in [
            ("uno dos tres", 12, "uno dos tres"),
            ("uno dos tres", 11, "uno dos…"),
            ("uno dos tres", 8, "uno dos…"),
            ("uno dos tres", 7, "uno…"),
            ("palabrota", 5, "pala…"),
            ("a👩‍👩‍👧", 1, "…"),
            ("áéíóú", 5, "áéíóú"),
            ("áéíóú", 0, "…"),
        ] {
            let source = format!("{{{{ x | truncate({length}) }}}}");
            assert_eq!(rendered(&source, "es", &x(text)).as_deref(), Ok(expected), "{text} {length}");
        }
    }

    #[test]
    fn an_sms_gets_dots() {
        assert_eq!(on("sms", "{{ x | truncate(8) }}", "es", &x("uno dos tres")).as_deref(), Ok("uno..."));
        assert_eq!(rendered("{{ x | truncate(4, end='') }}", "es", &x("uno dos")).as_deref(), Ok("uno"));
    }

    #[test]
    fn misuse_is_explained() {
        assert!(rendered("{{ x | truncate(4) }}", "es", &x(12_345)).unwrap_err().contains("needs a text"));
        assert!(rendered("{{ x | truncate }}", "es", &x("a")).is_err());
        assert!(rendered("{{ x | truncate(-1) }}", "es", &x("a")).is_err());
    }
}
