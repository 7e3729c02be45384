//! Dates and times by the patterns of CLDR (the few fields that the tables use).

use super::{Conventions, Style};
use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};

/// A date in a locale's words.
pub fn format_date(conventions: &Conventions, date: NaiveDate, style: Style) -> String {
    fill(style.pick(conventions.dates), |field| match field {
        "d" => match conventions.first_of_month {
            Some(first) if date.day() == 1 && style != Style::Short => first.to_owned(),
            _ => date.day().to_string(),
        },
        "dd" => format!("{:02}", date.day()),
        "M" => date.month().to_string(),
        "MM" => format!("{:02}", date.month()),
        "MMM" => word(&conventions.short_months, date.month0()),
        "MMMM" => word(&conventions.months, date.month0()),
        "y" => date.year().to_string(),
        "EEEE" => word(&conventions.weekdays, date.weekday().num_days_from_monday()),
        other => other.to_owned(),
    })
}

/// A time of day in a locale's way, to the minute.
pub fn format_time(conventions: &Conventions, time: NaiveTime) -> String {
    fill(conventions.time, |field| match field {
        "HH" => format!("{:02}", time.hour()),
        "H" => time.hour().to_string(),
        "h" => time.hour12().1.to_string(),
        "mm" => format!("{:02}", time.minute()),
        "a" => if time.hour12().0 { "PM" } else { "AM" }.to_owned(),
        other => other.to_owned(),
    })
}

/// Replaces the fields of a pattern (runs of one letter); text in single quotes and everything else is kept.
fn fill(pattern: &str, value: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let length = if c == '\'' {
            let literal = rest.get(1..).and_then(|r| r.split('\'').next()).unwrap_or("");
            out.push_str(literal);
            literal.len().saturating_add(2)
        } else if c.is_ascii_alphabetic() {
            let run = rest.len().saturating_sub(rest.trim_start_matches(c).len());
            out.push_str(&value(rest.get(..run).unwrap_or("")));
            run
        } else {
            out.push(c);
            c.len_utf8()
        };
        rest = rest.get(length..).unwrap_or("");
    }
    out
}

fn word<const N: usize>(words: &[&str; N], index: u32) -> String {
    usize::try_from(index).ok().and_then(|i| words.get(i)).copied().unwrap_or("").to_owned()
}
