//! Holidays from iCalendar files (RFC 5545).
//!
//! The parsers on the registry read all of the format with ten times the code and accept what is not sound; of an
//! official list of holidays only the all-day events, their names and yearly repetitions are of interest, and what is
//! not understood must be refused with its line rather than become a missing holiday.

mod lines;
mod repeat;

use crate::hours::{date_of, day_of};
use chrono::NaiveDate;
use lines::{Line, unfold};
use repeat::Repeat;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// Longest event, in days.
const MAX_DAYS: i64 = 366;

/// Most holidays of a file.
const MAX_DATES: usize = 20_000;

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct IcalProblem {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

/// An event that is being read.
#[derive(Default)]
struct Event {
    line: usize,
    start: Option<NaiveDate>,
    end: Option<NaiveDate>,
    days: Option<i64>,
    summary: String,
    repeat: Option<Repeat>,
    more: Vec<NaiveDate>,
    except: BTreeSet<NaiveDate>,
    cancelled: bool,
}

/// The dates of all-day events with their names, by date; those of events over several days each. Yearly repetitions
/// are written out; all dates outside of `years` are left out.
///
/// # Errors
/// Everything that cannot be read as a holiday, with its line: times of the day, other repetitions, broken lines.
pub fn parse_holidays(
    text: &str,
    years: RangeInclusive<i32>,
) -> Result<Vec<(NaiveDate, String)>, Vec<IcalProblem>> {
    let mut problems = Vec::new();
    let mut found = BTreeSet::new();
    let mut open: Vec<String> = Vec::new();
    let mut event: Option<Event> = None;
    let mut last = 1;
    for line in unfold(text) {
        last = line.number;
        let line = match Line::parse(&line) {
            Ok(line) => line,
            Err(message) => {
                problems.push(IcalProblem { line: last, message });
                continue;
            }
        };
        match line.name.as_str() {
            "BEGIN" => {
                let component = line.value.trim().to_ascii_uppercase();
                if component == "VEVENT" {
                    event = Some(Event { line: last, ..Event::default() });
                }
                open.push(component);
            }
            "END" => {
                let component = line.value.trim().to_ascii_uppercase();
                if open.pop().as_ref() != Some(&component) {
                    problems.push(IcalProblem {
                        line: last,
                        message: format!("END:{component} without its BEGIN"),
                    });
                }
                if component == "VEVENT"
                    && let Some(event) = event.take()
                    && let Err(message) = event.dates(&years, &mut found)
                {
                    problems.push(IcalProblem { line: event.line, message });
                }
            }
            // Alarms inside events have properties of the same names.
            _ if open.last().is_some_and(|component| component == "VEVENT") => {
                if let Some(event) = &mut event
                    && let Err(message) = event.read(&line)
                {
                    problems.push(IcalProblem { line: last, message });
                }
            }
            _ => {}
        }
    }
    match open.first() {
        Some(component) => {
            problems.push(IcalProblem { line: last, message: format!("{component} does not end") })
        }
        None if problems.is_empty() && last == 1 => {
            problems.push(IcalProblem { line: 1, message: "this is not an iCalendar file".to_owned() });
        }
        None => {}
    }
    if problems.is_empty() { Ok(found.into_iter().collect()) } else { Err(problems) }
}

impl Event {
    fn read(&mut self, line: &Line) -> Result<(), String> {
        match line.name.as_str() {
            "DTSTART" => self.start = Some(line.date()?),
            "DTEND" => self.end = Some(line.date()?),
            "DURATION" => self.days = Some(days(&line.value)?),
            "SUMMARY" => self.summary = line.text(),
            "RRULE" if self.repeat.is_some() => return Err("an event repeats by one rule at most".to_owned()),
            "RRULE" => self.repeat = Some(Repeat::parse(&line.value)?),
            "RDATE" => self.more.extend(line.dates()?),
            "EXDATE" => self.except.extend(line.dates()?),
            "STATUS" => self.cancelled = line.value.trim().eq_ignore_ascii_case("CANCELLED"),
            "RECURRENCE-ID" => {
                return Err(
                    "changed single dates of a repetition cannot be read; give that event its own UID"
                        .to_owned(),
                );
            }
            _ => {}
        }
        Ok(())
    }

    fn dates(
        &self,
        years: &RangeInclusive<i32>,
        found: &mut BTreeSet<(NaiveDate, String)>,
    ) -> Result<(), String> {
        if self.cancelled {
            return Ok(());
        }
        let start =
            self.start.ok_or("an event without DTSTART has no date; add one or leave the event out")?;
        let until_end = self.end.map(|end| day_of(end) - day_of(start));
        // Some write the day itself as its end.
        let days = until_end.map(|days| if days == 0 { 1 } else { days }).or(self.days).unwrap_or(1);
        if !(1..=MAX_DAYS).contains(&days) {
            return Err(format!(
                "an event lasts 1 to {MAX_DAYS} days, not {days}; DTEND is the day after its last"
            ));
        }
        let mut starts: BTreeSet<NaiveDate> = BTreeSet::from([start]);
        if found.len() > MAX_DATES {
            return Ok(());
        }
        if let Some(repeat) = &self.repeat {
            starts.extend(repeat.dates(start, *years.end())?);
        }
        starts.extend(&self.more);
        for start in starts.difference(&self.except) {
            let dates = (0..days).filter_map(|day| date_of(day_of(*start) + day));
            let dates = dates.filter(|date| years.contains(&chrono::Datelike::year(date)));
            found.extend(dates.map(|date| (date, self.summary.clone())));
            if found.len() > MAX_DATES {
                return Err(format!(
                    "with this event there are more than {MAX_DATES} holidays; import fewer years"
                ));
            }
        }
        Ok(())
    }
}

/// Whole days of a duration, as `P1D` or `P2W`.
fn days(value: &str) -> Result<i64, String> {
    let wrong = || format!("{value:?} is not a number of whole days; write P1D or P1W");
    let rest = value.trim().strip_prefix('P').ok_or_else(wrong)?;
    let (number, unit) = match (rest.strip_suffix('D'), rest.strip_suffix('W')) {
        (Some(number), _) => (number, 1),
        (_, Some(number)) => (number, 7),
        _ => return Err(wrong()),
    };
    let number = number.parse::<u16>().map_err(|_| wrong())?;
    Ok(i64::from(number) * unit)
}
