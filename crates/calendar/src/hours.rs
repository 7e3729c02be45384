//! Times of the day, intervals and dates as they are written.

use chrono::{Datelike, NaiveDate};

/// Seconds of a day on the wall.
pub(crate) const DAY: i64 = 86_400;

/// Keys of the days of the week, Monday first.
pub(crate) const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// An interval of a day on the wall: seconds since its midnight, the end exclusive. An end past 24:00 lies on the
/// day after: 22:00–06:00 is 79 200 to 108 000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

impl Interval {
    /// The whole day.
    pub const DAY: Self = Self { start: 0, end: DAY };

    /// Reads `("22:00", "06:00")`: hours and minutes, seconds if there are any. The end may be 24:00; an end before
    /// the start is on the day after.
    ///
    /// # Errors
    /// What is wrong and what to write instead.
    pub fn parse(start: &str, end: &str) -> Result<Self, String> {
        let (from, until) = (time_of_day(start)?, time_of_day(end)?);
        if from == DAY {
            return Err("24:00 can only end an interval; start it at 00:00 of the day after".to_owned());
        }
        if from == until {
            let whole = if from == 0 { r#"; for the whole day write ["00:00","24:00"]"# } else { "" };
            return Err(format!("an interval from {start} to {end} has no length{whole}"));
        }
        Ok(Self { start: from, end: if until < from { until + DAY } else { until } })
    }

    /// Start, as it is written.
    pub fn start(&self) -> String {
        written(self.start)
    }

    /// End, as it is written: 24:00 at midnight, a time of the day after if it lies beyond.
    pub fn end(&self) -> String {
        written(if self.end > DAY { self.end - DAY } else { self.end })
    }
}

fn written(seconds: i64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if seconds == 0 {
        format!("{hours:02}:{minutes:02}")
    } else {
        format!("{hours:02}:{minutes:02}:{seconds:02}")
    }
}

/// `HH:MM` or `HH:MM:SS` up to 24:00, in seconds.
fn time_of_day(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is not a time of the day; write it as 09:30 or 09:30:15, at most 24:00");
    let digits = |part: &str| {
        let two = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        two.then(|| part.parse::<i64>().ok()).flatten().ok_or_else(wrong)
    };
    let mut parts = text.split(':');
    let (hours, minutes) = (digits(parts.next().unwrap_or(""))?, digits(parts.next().unwrap_or(""))?);
    let seconds = parts.next().map_or(Ok(0), digits)?;
    let total = hours * 3600 + minutes * 60 + seconds;
    if parts.next().is_some() || minutes > 59 || seconds > 59 || total > DAY {
        return Err(wrong());
    }
    Ok(total)
}

/// `YYYY-MM-DD`.
pub(crate) fn parse_date(text: &str) -> Result<NaiveDate, String> {
    let shaped = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(n, b)| if n == 4 || n == 7 { b == b'-' } else { b.is_ascii_digit() });
    let date = shaped.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten();
    date.ok_or_else(|| format!("{text:?} is not a date; write it as 2026-01-06"))
}

/// Days since 1970-01-01.
pub(crate) fn day_of(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 719_163
}

/// The reverse of [`day_of`], as far as dates go.
pub(crate) fn date_of(day: i64) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(i32::try_from(day.checked_add(719_163)?).ok()?)
}

/// Monday is 0; 1970-01-01 was a Thursday.
pub(crate) fn weekday(day: i64) -> usize {
    usize::try_from((day + 3).rem_euclid(7)).unwrap_or(0)
}
