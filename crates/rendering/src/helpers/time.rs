//! `time`: a time of day.

use super::date::zone_of;
use super::misuse;
use crate::locale::format_time;
use crate::values::{Context, When, moment_of};
use minijinja::value::Kwargs;
use minijinja::{Error, State, Value};

/// Writes the time of day of an instant in the contact's zone, to the minute; `zone` as for `date`.
///
/// ```
/// use relevo_rendering::{Preview, TemplateSet};
/// let data = serde_json::json!({ "due": "2026-11-23T08:05:00Z" });
/// let preview = Preview {
///     source: "{{ due | time }} · {{ due | time(zone='Europe/Moscow') }}",
///     channel: "text", data: &data, locale: "es", time_zone: Some("Europe/Madrid"),
/// };
/// assert_eq!(TemplateSet::default().preview(&preview).unwrap().text, "9:05 · 11:05");
/// ```
pub fn time(state: &State<'_, '_>, value: &Value, options: Kwargs) -> Result<String, Error> {
    let context = Context::of(state)?;
    let zone = zone_of(&context, &options)?;
    options.assert_all_used()?;
    match moment_of(value)? {
        When::Day(_) => Err(misuse("a date has no time of day: declare a datetime")),
        When::Instant(at) => {
            let local = at.with_timezone(&zone).time();
            Ok(context.spaces(format_time(context.conventions()?, local)))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::helpers::test_support::{rendered, x};

    #[test]
    fn each_locale() {
        for (locale, morning, midnight) in [
            ("es", "9:05", "0:00"),
            ("fr", "09:05", "00:00"),
            ("ru", "09:05", "00:00"),
            ("en", "9:05\u{202f}AM", "12:00\u{202f}AM"),
            ("en-GB", "09:05", "00:00"),
            ("pt", "09:05", "00:00"),
        ] {
            let source = "{{ x | time }}";
            assert_eq!(
                rendered(source, locale, &x("2026-01-05T08:05:00Z")).as_deref(),
                Ok(morning),
                "{locale}"
            );
            assert_eq!(
                rendered(source, locale, &x("2026-01-05T23:00:00Z")).as_deref(),
                Ok(midnight),
                "{locale}"
            );
        }
    }

    #[test]
    fn misuse_is_explained() {
        assert!(rendered("{{ x | time }}", "es", &x("2026-01-05")).unwrap_err().contains("no time of day"));
        assert!(rendered("{{ x | time }}", "es", &x(5)).unwrap_err().contains("expected a date"));
        assert!(rendered("{{ x | time('short') }}", "es", &x("2026-01-05T08:05:00Z")).is_err());
    }
}
