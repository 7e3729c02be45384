//! Yearly repetitions, as lists of holidays use them.

use super::lines::date;
use chrono::{Datelike, NaiveDate, TimeDelta, Weekday};

/// Nothing is written out past this year.
const LAST_YEAR: i32 = 2500;

/// `FREQ=YEARLY`, on the date of the start, or on days of named months.
pub(super) struct Repeat {
    interval: i32,
    count: Option<usize>,
    until: Option<NaiveDate>,
    months: Vec<u32>,
    days: Days,
}

enum Days {
    /// Those of the start.
    Start,
    /// Days of the month, from its end if negative.
    Numbers(Vec<i32>),
    /// The nth such day of the week in the month, from its end if negative.
    Weekdays(Vec<(i32, Weekday)>),
}

impl Repeat {
    pub fn parse(rule: &str) -> Result<Self, String> {
        let mut repeat =
            Self { interval: 1, count: None, until: None, months: Vec::new(), days: Days::Start };
        let mut yearly = false;
        for part in rule.trim().trim_end_matches(';').split(';') {
            let (name, value) = part.split_once('=').ok_or_else(|| format!("{part:?} is not NAME=value"))?;
            let wrong = || format!("{part:?} cannot be read");
            match name.trim().to_ascii_uppercase().as_str() {
                "FREQ" => yearly = value.eq_ignore_ascii_case("YEARLY"),
                "INTERVAL" => {
                    repeat.interval =
                        value.parse().ok().filter(|n| (1..=1000).contains(n)).ok_or_else(wrong)?
                }
                "COUNT" => repeat.count = Some(value.parse().map_err(|_| wrong())?),
                "UNTIL" => repeat.until = Some(date(value.split('T').next().unwrap_or(value))?),
                "BYMONTH" => {
                    repeat.months =
                        list(value, |n| n.parse().ok().filter(|n| (1..=12).contains(n))).ok_or_else(wrong)?
                }
                "BYMONTHDAY" => {
                    let number = |n: &str| n.parse().ok().filter(|n: &i32| (1..=31).contains(&n.abs()));
                    repeat.set_days(Days::Numbers(list(value, number).ok_or_else(wrong)?))?;
                }
                "BYDAY" => repeat.set_days(Days::Weekdays(list(value, weekday).ok_or_else(wrong)?))?,
                "WKST" => {}
                other => return Err(format!("repetitions by {other} cannot be read; write the dates out")),
            }
        }
        if !yearly {
            return Err("only yearly repetitions can be read; write the dates out".to_owned());
        }
        if repeat.months.is_empty() && !matches!(repeat.days, Days::Start) {
            return Err("days of a yearly repetition need BYMONTH; add it or write the dates out".to_owned());
        }
        Ok(repeat)
    }

    /// The dates of the repetition from its start to the end of a year.
    pub fn dates(&self, start: NaiveDate, last_year: i32) -> Result<Vec<NaiveDate>, String> {
        let mut dates = Vec::new();
        let step = usize::try_from(self.interval).map_err(|_| "a repetition has a positive interval")?;
        for year in (start.year()..=last_year.min(LAST_YEAR)).step_by(step) {
            let own = [start.month()];
            let months = if self.months.is_empty() { &own[..] } else { &self.months };
            let mut of_year: Vec<_> =
                months.iter().flat_map(|month| self.of_month(start, year, *month)).collect();
            of_year.sort_unstable();
            of_year.dedup();
            dates.extend(of_year.into_iter().filter(|date| *date >= start));
        }
        dates.truncate(self.count.unwrap_or(usize::MAX));
        dates.retain(|date| self.until.is_none_or(|until| *date <= until));
        Ok(dates)
    }

    fn of_month(&self, start: NaiveDate, year: i32, month: u32) -> Vec<NaiveDate> {
        match &self.days {
            Days::Start => NaiveDate::from_ymd_opt(year, month, start.day()).into_iter().collect(),
            Days::Numbers(numbers) => numbers.iter().filter_map(|n| numbered(year, month, *n)).collect(),
            Days::Weekdays(days) => days.iter().filter_map(|(n, day)| nth(year, month, *n, *day)).collect(),
        }
    }

    fn set_days(&mut self, days: Days) -> Result<(), String> {
        if !matches!(self.days, Days::Start) {
            return Err("BYDAY and BYMONTHDAY together cannot be read; write the dates out".to_owned());
        }
        self.days = days;
        Ok(())
    }
}

fn list<T>(value: &str, item: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    value.split(',').map(|text| item(text.trim())).collect()
}

/// `4TH`, `-1MO`.
fn weekday(text: &str) -> Option<(i32, Weekday)> {
    let (number, day) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let day = match day.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    };
    let number: i32 = number.parse().ok()?;
    (1..=5).contains(&number.abs()).then_some((number, day))
}

fn numbered(year: i32, month: u32, number: i32) -> Option<NaiveDate> {
    if number > 0 {
        return NaiveDate::from_ymd_opt(year, month, u32::try_from(number).ok()?);
    }
    let date = after(year, month)?.checked_add_signed(TimeDelta::days(i64::from(number)))?;
    (date.month() == month).then_some(date)
}

fn nth(year: i32, month: u32, number: i32, day: Weekday) -> Option<NaiveDate> {
    let date = if number > 0 {
        NaiveDate::from_weekday_of_month_opt(year, month, day, u8::try_from(number).ok()?)?
    } else {
        let last = after(year, month)?.pred_opt()?;
        let back = i64::from(last.weekday().days_since(day)) + 7 * (i64::from(number.abs()) - 1);
        last.checked_sub_signed(TimeDelta::days(back))?
    };
    (date.month() == month).then_some(date)
}

/// The first of the month after.
fn after(year: i32, month: u32) -> Option<NaiveDate> {
    if month == 12 {
        NaiveDate::from_ymd_opt(year.checked_add(1)?, 1, 1)
    } else {
        NaiveDate::from_ymd_opt(year, month + 1, 1)
    }
}
