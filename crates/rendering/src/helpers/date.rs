//! `date`: a day in the locale's words.

use super::style_of;
use crate::locale::format_date;
use crate::values::{Context, When, moment_of, parse_zone};
use chrono::NaiveDate;
use chrono_tz::Tz;
use minijinja::value::Kwargs;
use minijinja::{Error, State, Value};

/// Writes the day of a date or of a datetime in the contact's zone.
///
/// `{{ due | date }}`, `{{ due | date("short") }}`, `{{ due | date(style="full", zone="Europe/Paris") }}`.
/// Styles: `short`, `medium`, `long` (unless said otherwise), `full`.
///
/// ```
/// use relevo_rendering::{Preview, TemplateSet};
/// let data = serde_json::json!({ "due": "2026-11-23T23:30:00Z" });
/// let preview = Preview {
///     source: "Antes del {{ due | date }}",
///     channel: "text", data: &data, locale: "es", time_zone: Some("Europe/Madrid"),
/// };
/// assert_eq!(TemplateSet::default().preview(&preview).unwrap().text, "Antes del 24 de noviembre de 2026");
/// ```
pub fn date(
    state: &State<'_, '_>,
    value: &Value,
    style: Option<&str>,
    options: Kwargs,
) -> Result<String, Error> {
    let context = Context::of(state)?;
    let style = style_of(style, &options)?;
    let zone = zone_of(&context, &options)?;
    options.assert_all_used()?;
    let day = day_in(moment_of(value)?, zone);
    Ok(context.spaces(format_date(context.conventions()?, day, style)))
}

/// The zone that an option names, else the contact's.
pub(super) fn zone_of(context: &Context, options: &Kwargs) -> Result<Tz, Error> {
    let named: Option<String> = options.get("zone")?;
    match named {
        None => Ok(context.zone),
        Some(name) => parse_zone(&name).ok_or_else(|| {
            super::misuse(format!("no time zone \"{name}\": use an IANA name as \"Europe/Madrid\""))
        }),
    }
}

fn day_in(when: When, zone: Tz) -> NaiveDate {
    match when {
        When::Day(day) => day,
        When::Instant(at) => at.with_timezone(&zone).date_naive(),
    }
}

#[cfg(test)]
mod tests {
    use crate::helpers::test_support::{on, rendered, x};

    const DAY: &str = "2026-03-01";

    #[test]
    fn styles_of_each_locale() {
        for (locale, short, medium, long, full) in [
            ("es", "1/3/2026", "1 mar 2026", "1 de marzo de 2026", "domingo, 1 de marzo de 2026"),
            ("es-MX", "01/03/2026", "1 mar 2026", "1 de marzo de 2026", "domingo, 1 de marzo de 2026"),
            ("fr", "01/03/2026", "1er mars 2026", "1er mars 2026", "dimanche 1er mars 2026"),
            (
                "ru",
                "01.03.2026",
                "1 мар. 2026\u{a0}г.",
                "1 марта 2026\u{a0}г.",
                "воскресенье, 1 марта 2026\u{a0}г.",
            ),
            ("en", "3/1/2026", "Mar 1, 2026", "March 1, 2026", "Sunday, March 1, 2026"),
            ("en-GB", "01/03/2026", "1 Mar 2026", "1 March 2026", "Sunday 1 March 2026"),
            ("pt", "01/03/2026", "1 de mar. de 2026", "1 de março de 2026", "domingo, 1 de março de 2026"),
            ("pt-PT", "01/03/2026", "1/03/2026", "1 de março de 2026", "domingo, 1 de março de 2026"),
        ] {
            for (style, expected) in [("short", short), ("medium", medium), ("long", long), ("full", full)] {
                let source = format!("{{{{ x | date('{style}') }}}}");
                assert_eq!(rendered(&source, locale, &x(DAY)).as_deref(), Ok(expected), "{locale} {style}");
            }
            assert_eq!(
                rendered("{{ x | date }}", locale, &x(DAY)).as_deref(),
                Ok(long),
                "{locale}: long by default"
            );
        }
    }

    #[test]
    fn the_day_is_that_of_the_zone() {
        let night = x("2026-06-30T22:30:00Z");
        assert_eq!(rendered("{{ x | date('short') }}", "es", &night).as_deref(), Ok("1/7/2026"));
        let there = "{{ x | date('short', zone='America/Mexico_City') }}";
        assert_eq!(rendered(there, "es", &night).as_deref(), Ok("30/6/2026"));
    }

    #[test]
    fn an_sms_gets_plain_spaces() {
        assert_eq!(on("sms", "{{ x | date }}", "ru", &x(DAY)).as_deref(), Ok("1 марта 2026 г."));
    }

    #[test]
    fn misuse_is_explained() {
        for (source, value, expected) in [
            ("{{ x | date('tiny') }}", DAY, "no style \"tiny\""),
            ("{{ x | date(zone='Mars/Base') }}", DAY, "no time zone \"Mars/Base\""),
            ("{{ x | date(format='y') }}", DAY, "unknown keyword argument"),
            ("{{ x | date }}", "tomorrow", "expected a date"),
            ("{{ x | date }}", "2026-02-30", "expected a date"),
        ] {
            let message = rendered(source, "es", &x(value)).unwrap_err();
            assert!(message.contains(expected), "{source}: {message}");
        }
        assert!(rendered("{{ x | date }}", "de", &x(DAY)).unwrap_err().contains("not in \"de\""));
    }
}
