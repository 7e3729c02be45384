//! How a language and region write dates, times, numbers and money.
//!
//! One small table per language, from CLDR 47 (departures are marked). `icu_datetime` with its data for all
//! languages would add about a megabyte to a component; POSIX locales lack the
//! patterns (`23 de noviembre de 2026`). A pack in a language without a table may use everything but these
//! helpers: they say so when the pack is validated.

mod en;
mod es;
mod fr;
mod pattern;
mod pt;
mod ru;

pub use pattern::{format_date, format_time};

use serde::{Deserialize, Serialize};

/// Conventions of one language and region.
#[derive(Debug, PartialEq, Eq)]
pub struct Conventions {
    /// BCP 47 tag.
    pub tag: &'static str,
    /// Decimal separator.
    pub decimal: char,
    /// Separator of thousands.
    pub group: char,
    /// Digits that must stand before the first separator of thousands (2: `1234`, but `12.345`).
    pub min_grouping: usize,
    /// Pattern of money: `¤` is the symbol, `0` the number.
    pub money: &'static str,
    /// Symbols of currencies; others are written as their code.
    pub symbols: &'static [(&'static str, &'static str)],
    /// Months as written in a date.
    pub months: [&'static str; 12],
    /// Abbreviated months as written in a date.
    pub short_months: [&'static str; 12],
    /// Days of the week from Monday.
    pub weekdays: [&'static str; 7],
    /// How the first of a month is written, where it is not `1`.
    pub first_of_month: Option<&'static str>,
    /// Patterns of dates: short, medium, long, full.
    pub dates: [&'static str; 4],
    /// What stands between date and time: short, medium, long, full.
    pub joiners: [&'static str; 4],
    /// Pattern of a time.
    pub time: &'static str,
}

/// How long a date is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `23/11/2026`.
    Short,
    /// `23 nov 2026`.
    Medium,
    /// `23 de noviembre de 2026`.
    Long,
    /// `lunes, 23 de noviembre de 2026`.
    Full,
}

impl Style {
    /// A style by its name in a template.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "short" => Some(Self::Short),
            "medium" => Some(Self::Medium),
            "long" => Some(Self::Long),
            "full" => Some(Self::Full),
            _ => None,
        }
    }

    fn pick(self, [short, medium, long, full]: [&'static str; 4]) -> &'static str {
        match self {
            Self::Short => short,
            Self::Medium => medium,
            Self::Long => long,
            Self::Full => full,
        }
    }
}

/// Which way a language is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Left to right.
    Ltr,
    /// Right to left.
    Rtl,
}

impl Direction {
    /// As in HTML.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ltr => "ltr",
            Self::Rtl => "rtl",
        }
    }
}

/// The direction of a locale's usual script.
pub fn direction(locale: &str) -> Direction {
    match base(locale) {
        "ar" | "arc" | "ckb" | "dv" | "fa" | "he" | "iw" | "ku" | "ps" | "sd" | "ug" | "ur" | "yi" => {
            Direction::Rtl
        }
        _ => Direction::Ltr,
    }
}

/// The language of a tag (`es` of `es-MX`).
pub fn base(locale: &str) -> &str {
    locale.split(['-', '_']).next().unwrap_or(locale)
}

/// The conventions of a locale: of its region if there are any, else of its language.
pub fn conventions(locale: &str) -> Option<&'static Conventions> {
    let region = locale.split(['-', '_']).skip(1).find(|part| part.len() == 2 || part.len() == 3);
    let region = region.map(str::to_ascii_uppercase);
    let region = region.as_deref();
    match base(locale).to_ascii_lowercase().as_str() {
        "en" if matches!(region, None | Some("US" | "PH" | "PR")) => Some(&en::US),
        "en" => Some(&en::GB),
        "es" => Some(match region {
            Some("MX" | "419" | "US" | "GT" | "HN" | "NI" | "PA" | "PE" | "PR" | "SV" | "DO") => &es::MX,
            _ => &es::ES,
        }),
        "fr" => Some(&fr::FR),
        "pt" if matches!(region, Some("PT" | "AO" | "MZ" | "CV")) => Some(&pt::PT),
        "pt" => Some(&pt::BR),
        "ru" => Some(&ru::RU),
        _ => None,
    }
}

impl Conventions {
    /// What stands between a date and a time.
    pub fn joiner(&self, style: Style) -> &'static str {
        style.pick(self.joiners)
    }

    /// A decimal number in digits (`-1234.50`) with this locale's separators.
    pub fn number(&self, plain: &str) -> String {
        let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |rest| ("-", rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let mut out = String::from(sign);
        let grouped = whole.len() >= self.min_grouping.saturating_add(3);
        for (at, digit) in whole.char_indices() {
            if grouped && at > 0 && whole.len().saturating_sub(at).is_multiple_of(3) {
                out.push(self.group);
            }
            out.push(digit);
        }
        if !fraction.is_empty() {
            out.push(self.decimal);
            out.push_str(fraction);
        }
        out
    }

    /// An amount in digits with its currency.
    pub fn money(&self, plain: &str, currency: &str) -> String {
        let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |rest| ("-", rest));
        let symbol = self.symbols.iter().find(|(code, _)| *code == currency).map(|(_, symbol)| *symbol);
        let number = self.number(digits);
        let amount = match symbol {
            Some(symbol) => self.money.replace('¤', symbol),
            // A code is always set off by a space.
            None if self.money.starts_with("¤0") => format!("{currency}\u{a0}0"),
            None => self.money.replace('¤', currency),
        };
        format!("{sign}{}", amount.replace('0', &number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&Conventions; 7] = [&en::US, &en::GB, &es::ES, &es::MX, &fr::FR, &pt::BR, &pt::PT];

    #[test]
    fn locales_have_the_conventions_of_their_region() {
        for (locale, tag) in [
            ("es", "es-ES"),
            ("es-MX", "es-MX"),
            ("es_419", "es-MX"),
            ("es-AR", "es-ES"),
            ("EN-gb", "en-GB"),
            ("en", "en-US"),
            ("en-AU", "en-GB"),
            ("pt", "pt-BR"),
            ("pt-PT", "pt-PT"),
            ("fr-CA", "fr-FR"),
            ("ru-RU", "ru-RU"),
        ] {
            assert_eq!(conventions(locale).map(|c| c.tag), Some(tag), "{locale}");
        }
        assert_eq!(conventions("de"), None);
        assert_eq!(conventions(""), None);
    }

    #[test]
    fn tables_are_complete() {
        for table in ALL.into_iter().chain([&ru::RU]) {
            for word in table.months.iter().chain(&table.short_months).chain(&table.weekdays) {
                assert!(!word.is_empty() && word.trim() == *word, "{}: {word:?}", table.tag);
            }
            assert!(table.money.contains('¤') && table.money.contains('0'), "{}", table.tag);
        }
    }

    #[test]
    fn directions() {
        assert_eq!(direction("es-MX"), Direction::Ltr);
        assert_eq!(direction("he"), Direction::Rtl);
        assert_eq!(direction("ar-MA"), Direction::Rtl);
    }
}
