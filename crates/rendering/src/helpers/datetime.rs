//! `datetime`: a day and a time in the locale's words.

use super::date::zone_of;
use super::{misuse, style_of};
use crate::locale::{Conventions, Style, format_date, format_time};
use crate::values::{Context, When, moment_of};
use chrono_tz::Tz;
use minijinja::value::Kwargs;
use minijinja::{Error, State, Value};

/// Writes an instant in the contact's zone; options as for `date`.
///
/// ```
/// use relevo_rendering::{Preview, TemplateSet};
/// let data = serde_json::json!({ "due": "2026-11-23T13:05:00Z" });
/// let preview = Preview {
///     source: "{{ due | datetime }}",
///     channel: "text", data: &data, locale: "fr", time_zone: Some("Europe/Paris"),
/// };
/// assert_eq!(TemplateSet::default().preview(&preview).unwrap().text, "23 novembre 2026 à 14:05");
/// ```
pub fn datetime(
    state: &State<'_, '_>,
    value: &Value,
    style: Option<&str>,
    options: Kwargs,
) -> Result<String, Error> {
    let context = Context::of(state)?;
    let style = style_of(style, &options)?;
    let zone = zone_of(&context, &options)?;
    options.assert_all_used()?;
    let when = moment_of(value)?;
    if let When::Day(_) = when {
        return Err(misuse("a date has no time of day: use `date`, or declare a datetime"));
    }
    Ok(context.spaces(write(context.conventions()?, when, zone, style)))
}

/// A point in time; a day has no time of day.
pub(crate) fn write(conventions: &Conventions, when: When, zone: Tz, style: Style) -> String {
    match when {
        When::Day(day) => format_date(conventions, day, style),
        When::Instant(at) => {
            let local = at.with_timezone(&zone).naive_local();
            let day = format_date(conventions, local.date(), style);
            format!("{day}{}{}", conventions.joiner(style), format_time(conventions, local.time()))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::helpers::test_support::{on, rendered, x};

    const AT: &str = "2026-11-23T13:05:59+01:00";

    #[test]
    fn styles_of_each_locale() {
        for (locale, short, long) in [
            ("es", "23/11/2026, 13:05", "23 de noviembre de 2026, 13:05"),
            ("fr", "23/11/2026 13:05", "23 novembre 2026 à 13:05"),
            ("ru", "23.11.2026, 13:05", "23 ноября 2026\u{a0}г. в 13:05"),
            ("en", "11/23/2026, 1:05\u{202f}PM", "November 23, 2026 at 1:05\u{202f}PM"),
            ("en-GB", "23/11/2026, 13:05", "23 November 2026 at 13:05"),
            ("pt", "23/11/2026, 13:05", "23 de novembro de 2026 às 13:05"),
        ] {
            assert_eq!(
                rendered("{{ x | datetime('short') }}", locale, &x(AT)).as_deref(),
                Ok(short),
                "{locale}"
            );
            assert_eq!(rendered("{{ x | datetime }}", locale, &x(AT)).as_deref(), Ok(long), "{locale}");
        }
    }

    #[test]
    fn summer_time_is_that_of_the_zone() {
        let source = "{{ x | datetime('short') }}";
        assert_eq!(rendered(source, "es", &x("2026-10-25T00:59:00Z")).as_deref(), Ok("25/10/2026, 2:59"));
        assert_eq!(rendered(source, "es", &x("2026-10-25T01:00:00Z")).as_deref(), Ok("25/10/2026, 2:00"));
        assert_eq!(rendered(source, "es", &x("2026-03-29T01:00:00Z")).as_deref(), Ok("29/3/2026, 3:00"));
    }

    #[test]
    fn an_sms_gets_plain_spaces() {
        let expected = "11/23/2026, 1:05 PM";
        assert_eq!(on("sms", "{{ x | datetime('short') }}", "en", &x(AT)).as_deref(), Ok(expected));
    }

    #[test]
    fn a_day_has_no_time() {
        let message = rendered("{{ x | datetime }}", "es", &x("2026-11-23")).unwrap_err();
        assert!(message.contains("no time of day"), "{message}");
    }
}
