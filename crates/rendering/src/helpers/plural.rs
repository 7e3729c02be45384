//! `plural`: the form of a word that fits a number.

use super::{misuse, number};
use crate::values::Context;
use fixed_decimal::Decimal;
use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralOperands, PluralRules};
use minijinja::value::Kwargs;
use minijinja::{Error, State, Value};

/// Names of the categories.
const CATEGORIES: [(&str, PluralCategory); 6] = [
    ("zero", PluralCategory::Zero),
    ("one", PluralCategory::One),
    ("two", PluralCategory::Two),
    ("few", PluralCategory::Few),
    ("many", PluralCategory::Many),
    ("other", PluralCategory::Other),
];

/// Picks the form for a number by the language's rules (CLDR); `{}` in it becomes the number as `number` writes it.
///
/// Every form that whole numbers below a million need has to be given, whatever the number at hand, so that a
/// missing one is found when the pack is validated: `one` and `other` in English, Spanish, French and Portuguese,
/// `one`, `few` and `many` in Russian. `other` (in Russian: of fractions) and `many` (of millions in the Romance
/// languages) may be added. A form that the language does not have is an error.
///
/// ```
/// use relevo_rendering::{Preview, TemplateSet};
/// let source = "{{ n | plural(one='{} день', few='{} дня', many='{} дней') }}";
/// for (n, expected) in [(1, "1 день"), (3, "3 дня"), (11, "11 дней"), (21, "21 день")] {
///     let data = serde_json::json!({ "n": n });
///     let preview = Preview { source, channel: "text", data: &data, locale: "ru", time_zone: None };
///     assert_eq!(TemplateSet::default().preview(&preview).unwrap().text, expected);
/// }
/// ```
pub fn plural(state: &State<'_, '_>, value: &Value, forms: Kwargs) -> Result<String, Error> {
    let context = Context::of(state)?;
    let rules = rules(&context.locale)?;
    let mut given = Vec::new();
    for (name, category) in CATEGORIES {
        let form: Option<String> = forms.get(name)?;
        given.extend(form.map(|form| (category, form)));
    }
    forms.assert_all_used()?;
    let needed = needed(&rules);
    for (name, category) in CATEGORIES {
        let known = rules.categories().any(|c| c == category) || category == PluralCategory::Other;
        let has = given.iter().any(|(c, _)| *c == category);
        if has && !known {
            return Err(misuse(format!("{} has no plural form \"{name}\"", context.locale)));
        }
        if !has && needed.contains(&category) {
            return Err(misuse(format!("the plural form \"{name}\" is missing for {}", context.locale)));
        }
    }

    let plain = number::digits(value, None).ok_or_else(|| misuse("plural needs a number"))?;
    let decimal: Decimal = plain.parse().map_err(|_| misuse("plural needs a smaller number"))?;
    let operands = PluralOperands::from(&decimal);
    let category = rules.category_for(operands);
    let form = [category, PluralCategory::Other, PluralCategory::Few]
        .iter()
        .find_map(|wanted| given.iter().find(|(c, _)| c == wanted))
        .map(|(_, form)| form.as_str())
        .ok_or_else(|| misuse("no plural form fits"))?;
    if form.contains("{}") {
        let written = context.conventions.map_or_else(|| plain.clone(), |c| c.number(&plain));
        return Ok(context.spaces(form.replace("{}", &written)));
    }
    Ok(form.to_owned())
}

fn rules(locale: &str) -> Result<PluralRules, Error> {
    let tag: Locale = locale.parse().map_err(|_| misuse(format!("\"{locale}\" is no language tag")))?;
    PluralRules::try_new_cardinal((&tag).into())
        .map_err(|_| misuse(format!("no plural rules for \"{locale}\"")))
}

/// The categories of the whole numbers that messages speak of.
fn needed(rules: &PluralRules) -> Vec<PluralCategory> {
    (0u32..=120).map(|n| rules.category_for(n)).fold(Vec::new(), |mut seen, category| {
        if !seen.contains(&category) {
            seen.push(category);
        }
        seen
    })
}

#[cfg(test)]
mod tests {
    use crate::helpers::test_support::{rendered, x};
    use serde_json::json;

    const TWO: &str = "{{ x | plural(one='{} día', other='{} días') }}";
    const RU: &str = "{{ x | plural(one='{} день', few='{} дня', many='{} дней', other='{} дня') }}";

    #[test]
    fn each_language() {
        for (source, locale, number, expected) in [
            (TWO, "es", json!(0), "0 días"),
            (TWO, "es", json!(1), "1 día"),
            (TWO, "es", json!(12_345), "12.345 días"),
            (TWO, "es", json!(1_000_000), "1.000.000 días"),
            (TWO, "es", json!(1.5), "1,5 días"),
            (TWO, "fr", json!(0), "0 día"),
            (TWO, "fr", json!(1.5), "1,5 día"),
            (TWO, "fr", json!(2), "2 días"),
            (TWO, "en", json!(0), "0 días"),
            (TWO, "en", json!(1), "1 día"),
            (TWO, "pt", json!(0), "0 día"),
            (TWO, "pt-PT", json!(0), "0 días"),
            (RU, "ru", json!(0), "0 дней"),
            (RU, "ru", json!(1), "1 день"),
            (RU, "ru", json!(2), "2 дня"),
            (RU, "ru", json!(5), "5 дней"),
            (RU, "ru", json!(11), "11 дней"),
            (RU, "ru", json!(21), "21 день"),
            (RU, "ru", json!(112), "112 дней"),
            (RU, "ru", json!(1.5), "1,5 дня"),
        ] {
            assert_eq!(
                rendered(source, locale, &x(number.clone())).as_deref(),
                Ok(expected),
                "{locale} {number}"
            );
        }
    }

    #[test]
    fn many_is_for_millions_in_the_romance_languages() {
        let source = "{{ x | plural(one='{} día', many='{} de días', other='{} días') }}";
        assert_eq!(rendered(source, "es", &x(1_000_000)).as_deref(), Ok("1.000.000 de días"));
        assert_eq!(rendered(source, "es", &x(1_000_001)).as_deref(), Ok("1.000.001 días"));
    }

    #[test]
    fn a_language_without_number_table_has_plain_digits() {
        assert_eq!(rendered(TWO, "de", &x(12_345)).as_deref(), Ok("12345 días"));
    }

    #[test]
    fn missing_and_foreign_forms_are_found_whatever_the_number() {
        for (source, locale, expected) in [
            ("{{ x | plural(one='a', other='b') }}", "ru", "\"few\" is missing for ru"),
            ("{{ x | plural(one='a', few='b') }}", "ru", "\"many\" is missing for ru"),
            ("{{ x | plural(other='b') }}", "es", "\"one\" is missing for es"),
            ("{{ x | plural(one='b') }}", "es", "\"other\" is missing for es"),
            ("{{ x | plural(one='a', few='c', other='b') }}", "es", "es has no plural form \"few\""),
            ("{{ x | plural(one='a', others='b') }}", "es", "unknown keyword argument"),
        ] {
            let message = rendered(source, locale, &x(1)).unwrap_err();
            assert!(message.contains(expected), "{source}: {message}");
        }
        assert!(rendered(TWO, "es", &x("3")).unwrap_err().contains("needs a number"));
    }
}
