//! Money: how many decimals a currency has, and an amount in whole units of it.

use serde_json::{Value, json};

/// Currencies whose minor unit is not a hundredth (ISO 4217, list one of 2026-01-01), with its decimals.
const DECIMALS: [(&str, u32); 26] = [
    ("BHD", 3),
    ("BIF", 0),
    ("CLF", 4),
    ("CLP", 0),
    ("DJF", 0),
    ("GNF", 0),
    ("IQD", 3),
    ("ISK", 0),
    ("JOD", 3),
    ("JPY", 0),
    ("KMF", 0),
    ("KRW", 0),
    ("KWD", 3),
    ("LYD", 3),
    ("OMR", 3),
    ("PYG", 0),
    ("RWF", 0),
    ("TND", 3),
    ("UGX", 0),
    ("UYI", 0),
    ("UYW", 4),
    ("VND", 0),
    ("VUV", 0),
    ("XAF", 0),
    ("XOF", 0),
    ("XPF", 0),
];

/// Decimals of a currency's minor unit.
pub fn decimals(currency: &str) -> u32 {
    DECIMALS.iter().find(|(code, _)| *code == currency).map_or(2, |(_, decimals)| *decimals)
}

/// Whether a text is the code of a currency.
pub fn is_currency(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase())
}

/// An amount of minor units as a decimal number of whole units of its currency: 1250 cents are `12.50`.
pub fn in_units(minor: i64, currency: &str) -> String {
    let (sign, decimals) = (if minor < 0 { "-" } else { "" }, decimals(currency));
    let scale = 10u64.saturating_pow(decimals);
    let (whole, part) = (minor.unsigned_abs() / scale, minor.unsigned_abs() % scale);
    match usize::try_from(decimals) {
        Ok(width) if width > 0 => format!("{sign}{whole}.{part:0width$}"),
        _ => format!("{sign}{whole}"),
    }
}

/// The amount in whole units of a value that is money; none: it is none.
pub fn amount(value: &Value) -> Option<String> {
    let members = value.as_object().filter(|members| members.len() == 2)?;
    let currency = members.get("currency")?.as_str().filter(|code| is_currency(code))?;
    Some(in_units(members.get("minor")?.as_i64()?, currency))
}

/// Money as people write it: `1200.00 EUR`, `1.200,00 EUR`, `EUR 1200`, `12,50 €`. None if it can be read in two ways
/// (`1.200 EUR`) or has more decimals than its currency.
pub fn read(text: &str) -> Option<Value> {
    let text = text.trim();
    let is_unit = |c: char| c.is_ascii_alphabetic() || c == '€';
    let (number, unit) = match text.find(is_unit)? {
        0 => {
            let (unit, number) = text.split_at(text.find(|c| !is_unit(c))?);
            (number, unit)
        }
        at => text.split_at(at),
    };
    let code = if unit.trim() == "€" { "EUR".to_owned() } else { unit.trim().to_uppercase() };
    let number: String = number.chars().filter(|c| !c.is_whitespace()).collect();
    let (sign, number) = number.strip_prefix('-').map_or((1, number.as_str()), |rest| (-1, rest));
    let (whole, part) = match number.rfind(['.', ',']) {
        Some(at) => (number.get(..at)?, number.get(at.saturating_add(1)..)?),
        None => (number, ""),
    };
    let decimals = usize::try_from(decimals(&code)).ok()?;
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let has_point = number.len() > whole.len();
    if !is_currency(&code) || part.len() > decimals || has_point && !all_digits(part) {
        return None;
    }
    let point = number.as_bytes().get(whole.len()).copied();
    let whole = match whole.find(['.', ',']) {
        None => whole.to_owned(),
        // Thousands stand apart by the other of the two signs, three digits each.
        Some(first) => {
            let sign = whole.get(first..=first).filter(|sign| sign.bytes().next() != point)?;
            let (head, groups) = whole.split_once(sign)?;
            if !(1..=3).contains(&head.len()) || groups.split(sign).any(|group| group.len() != 3) {
                return None;
            }
            whole.replace(sign, "")
        }
    };
    if !all_digits(&whole) {
        return None;
    }
    let minor: i64 = format!("{whole}{part:0<decimals$}").parse().ok()?;
    Some(json!({"minor": minor.checked_mul(sign)?, "currency": code}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_read_as_people_write_it_and_not_where_it_says_two_things() {
        for (text, minor, currency) in [
            ("1200.00 EUR", 120_000, "EUR"),
            ("1200,00 EUR", 120_000, "EUR"),
            ("1.200,00 EUR", 120_000, "EUR"),
            ("1,234,567.8 usd", 123_456_780, "USD"),
            ("1 200,50€", 120_050, "EUR"),
            ("EUR 1200", 120_000, "EUR"),
            ("-0,05 EUR", -5, "EUR"),
            ("1200 JPY", 1_200, "JPY"),
            ("1,250 KWD", 1_250, "KWD"),
        ] {
            assert_eq!(read(text), Some(json!({"minor": minor, "currency": currency})), "{text}");
        }
        for text in [
            "",
            "1200",
            "EUR",
            "1.200 EUR",
            "1,200 EUR",
            "1200.123 EUR",
            "12.00 JPY",
            "1.2.3,00 EUR",
            ".50 EUR",
            "1200. EUR",
            "1200 EURO",
            "12x00 EUR",
            "--1 EUR",
            "1200 EUR 3",
            "1.200.00 EUR",
            "99999999999999999999 EUR",
            "€€ 3",
            "12 ñ",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn an_amount_is_told_in_whole_units() {
        for (minor, currency, expected) in
            [(120_000, "EUR", "1200.00"), (-5, "EUR", "-0.05"), (7, "JPY", "7"), (1_250, "KWD", "1.250")]
        {
            let money = json!({"minor": minor, "currency": currency});
            assert_eq!(amount(&money).as_deref(), Some(expected));
        }
        for other in
            [json!({"minor": 1}), json!({"minor": "1", "currency": "EUR"}), json!(1), json!({"a": 1, "b": 2})]
        {
            assert_eq!(amount(&other), None, "{other}");
        }
    }
}
