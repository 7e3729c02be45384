//! `money`: an amount in the locale's way.

use super::misuse;
use crate::values::{Context, Money};
use minijinja::{Error, State, Value};
use relevo_domain::money::{in_units, is_currency};

/// Writes money, or a whole number of minor units of a currency: `{{ amount | money }}`,
/// `{{ cents | money("EUR") }}`. Money that is printed without a filter is written the same way.
///
/// ```
/// use relevo_rendering::{Preview, TemplateSet};
/// let data = serde_json::json!({ "amount": { "minor": 1234550, "currency": "EUR" } });
/// let preview = Preview {
///     source: "{{ amount | money }}",
///     channel: "sms", data: &data, locale: "es", time_zone: None,
/// };
/// assert_eq!(TemplateSet::default().preview(&preview).unwrap().text, "12.345,50 €");
/// ```
pub fn money(state: &State<'_, '_>, value: &Value, currency: Option<&str>) -> Result<String, Error> {
    let context = Context::of(state)?;
    match (value.downcast_object_ref::<Money>(), currency) {
        (Some(_), Some(_)) => Err(misuse("money has a currency already")),
        (Some(money), None) => write(&context, money.minor, &money.currency),
        (None, Some(currency)) if is_currency(currency) => {
            let minor = value.as_i64().filter(|_| value.is_integer());
            write(&context, minor.ok_or_else(|| misuse("minor units are a whole number"))?, currency)
        }
        (None, Some(currency)) => {
            Err(misuse(format!("no currency \"{currency}\": use an ISO 4217 code as \"EUR\"")))
        }
        (None, None) => {
            Err(misuse("expected money; for a number of minor units name the currency: money(\"EUR\")"))
        }
    }
}

/// An amount of minor units in a context's locale.
pub(crate) fn write(context: &Context, minor: i64, currency: &str) -> Result<String, Error> {
    let conventions = context.conventions()?;
    Ok(context.spaces(conventions.money(&in_units(minor, currency), currency)))
}

#[cfg(test)]
mod tests {
    use crate::helpers::test_support::{on, rendered};
    use serde_json::json;

    #[test]
    fn each_locale_and_currency() {
        for (locale, minor, currency, expected) in [
            ("es", 1250, "EUR", "12,50\u{a0}€"),
            ("es", 123_456, "EUR", "1234,56\u{a0}€"),
            ("es", 1_234_567, "EUR", "12.345,67\u{a0}€"),
            ("es", -5, "EUR", "-0,05\u{a0}€"),
            ("es", 100, "MXN", "1,00\u{a0}MXN"),
            ("es-MX", 123_450, "MXN", "$1,234.50"),
            ("es-MX", 123_450, "EUR", "EUR\u{a0}1,234.50"),
            ("fr", 123_456, "EUR", "1\u{202f}234,56\u{a0}€"),
            ("ru", 123_456, "RUB", "1\u{a0}234,56\u{a0}₽"),
            ("en", 123_456, "USD", "$1,234.56"),
            ("en", -123_456, "USD", "-$1,234.56"),
            ("en", 100, "CHF", "CHF\u{a0}1.00"),
            ("en-GB", 100, "GBP", "£1.00"),
            ("pt", 123_456, "BRL", "R$\u{a0}1.234,56"),
            ("pt-PT", 123_456, "EUR", "1234,56\u{a0}€"),
            ("en", 5000, "JPY", "¥5,000"),
            ("es", 1500, "KWD", "1,500\u{a0}KWD"),
            ("es", i64::MIN, "EUR", "-92.233.720.368.547.758,08\u{a0}€"),
        ] {
            let data = json!({ "x": { "minor": minor, "currency": currency } });
            for source in ["{{ x | money }}", "{{ x }}", "{{ '' ~ x }}"] {
                assert_eq!(rendered(source, locale, &data).as_deref(), Ok(expected), "{locale} {source}");
            }
        }
    }

    #[test]
    fn minor_units_with_a_currency() {
        let data = json!({ "x": 1999 });
        assert_eq!(on("sms", "{{ x | money('EUR') }}", "fr", &data).as_deref(), Ok("19,99 €"));
    }

    #[test]
    fn parts_of_money_can_be_used() {
        let data = json!({ "x": { "minor": 0, "currency": "EUR" } });
        let source = "{% if x.minor == 0 %}gratis ({{ x.currency }}){% endif %}";
        assert_eq!(rendered(source, "es", &data).as_deref(), Ok("gratis (EUR)"));
    }

    #[test]
    fn misuse_is_explained() {
        let money = json!({ "x": { "minor": 1, "currency": "EUR" } });
        for (source, data, expected) in [
            ("{{ x | money }}", json!({ "x": 5 }), "name the currency"),
            ("{{ x | money('euro') }}", json!({ "x": 5 }), "no currency \"euro\""),
            ("{{ x | money('EUR') }}", json!({ "x": 5.5 }), "whole number"),
            ("{{ x | money('USD') }}", money, "has a currency already"),
        ] {
            let message = rendered(source, "es", &data).unwrap_err();
            assert!(message.contains(expected), "{source}: {message}");
        }
    }
}
