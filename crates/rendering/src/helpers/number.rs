//! `number`: a number with the locale's separators.

use super::misuse;
use crate::values::Context;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, State, Value};

/// The most decimals that can be asked for.
const MAX_DECIMALS: usize = 12;

/// Writes a number; `decimals` rounds it to as many. A whole number that is printed without this filter has no
/// separators (a ticket number), a fraction has the locale's decimal separator.
///
/// ```
/// use relevo_rendering::{Preview, TemplateSet};
/// let data = serde_json::json!({ "km": 12345.678 });
/// let preview = Preview {
///     source: "{{ km | number(decimals=1) }} km",
///     channel: "text", data: &data, locale: "es", time_zone: None,
/// };
/// assert_eq!(TemplateSet::default().preview(&preview).unwrap().text, "12.345,7 km");
/// ```
pub fn number(state: &State<'_, '_>, value: &Value, options: Kwargs) -> Result<String, Error> {
    let context = Context::of(state)?;
    let decimals: Option<usize> = options.get("decimals")?;
    options.assert_all_used()?;
    if decimals.is_some_and(|n| n > MAX_DECIMALS) {
        return Err(misuse(format!("at most {MAX_DECIMALS} decimals")));
    }
    let plain = digits(value, decimals).ok_or_else(|| misuse("expected a number"))?;
    Ok(context.spaces(context.conventions()?.number(&plain)))
}

/// A number in plain decimal digits; none for what is not a finite number.
pub(crate) fn digits(value: &Value, decimals: Option<usize>) -> Option<String> {
    if value.kind() != ValueKind::Number {
        return None;
    }
    match i128::try_from(value.clone()) {
        Ok(whole) if value.is_integer() => Some(match decimals {
            Some(n) if n > 0 => format!("{whole}.{:0n$}", 0),
            _ => whole.to_string(),
        }),
        _ => {
            let float = f64::try_from(value.clone()).ok().filter(|f| f.is_finite())?;
            let text = decimals.map_or_else(|| format!("{float}"), |n| format!("{float:.n$}"));
            // Rounding may leave a zero with a sign.
            let zero = text.trim_start_matches('-').bytes().all(|b| matches!(b, b'0' | b'.'));
            Some(if zero { text.trim_start_matches('-').to_owned() } else { text })
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::helpers::test_support::{on, rendered, x};

    #[test]
    fn each_locale() {
        for (locale, four, large) in [
            ("es", "1234,5", "1.234.567,5"),
            ("es-MX", "1,234.5", "1,234,567.5"),
            ("fr", "1\u{202f}234,5", "1\u{202f}234\u{202f}567,5"),
            ("ru", "1\u{a0}234,5", "1\u{a0}234\u{a0}567,5"),
            ("en", "1,234.5", "1,234,567.5"),
            ("pt", "1.234,5", "1.234.567,5"),
            ("pt-PT", "1234,5", "1\u{a0}234\u{a0}567,5"),
        ] {
            assert_eq!(rendered("{{ x | number }}", locale, &x(1234.5)).as_deref(), Ok(four), "{locale}");
            assert_eq!(
                rendered("{{ x | number }}", locale, &x(1_234_567.5)).as_deref(),
                Ok(large),
                "{locale}"
            );
        }
    }

    #[test]
    fn decimals_round() {
        for (value, decimals, expected) in
            [(2.345, 1, "2,3"), (2.0, 2, "2,00"), (-0.001, 1, "0,0"), (-1.5, 0, "-2"), (0.999, 2, "1,00")]
        {
            let source = format!("{{{{ x | number(decimals={decimals}) }}}}");
            assert_eq!(rendered(&source, "es", &x(value)).as_deref(), Ok(expected), "{value}");
        }
        assert_eq!(rendered("{{ x | number(decimals=2) }}", "es", &x(12345)).as_deref(), Ok("12.345,00"));
    }

    #[test]
    fn without_the_filter() {
        assert_eq!(rendered("{{ x }}", "es", &x(1_234_567)).as_deref(), Ok("1234567"));
        assert_eq!(rendered("{{ x }}", "es", &x(0.5)).as_deref(), Ok("0,5"));
        assert_eq!(rendered("{{ x }}", "en", &x(0.5)).as_deref(), Ok("0.5"));
        assert_eq!(on("sms", "{{ x | number }}", "fr", &x(12_345)).as_deref(), Ok("12 345"));
    }

    #[test]
    fn misuse_is_explained() {
        assert!(rendered("{{ x | number }}", "es", &x("7")).unwrap_err().contains("expected a number"));
        assert!(rendered("{{ x | number }}", "es", &x(true)).unwrap_err().contains("expected a number"));
        assert!(rendered("{{ x | number(decimals=99) }}", "es", &x(7)).unwrap_err().contains("at most 12"));
        assert!(rendered("{{ 1.0 / 0 * x }}", "es", &x(7)).is_err());
    }
}
