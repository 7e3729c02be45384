//! The period that a caller asks about: `from` and `to` as days in the desk's time, or as instants.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use relevo_calendar::Zone;
use relevo_domain::kpi::Period;
use relevo_edge::app::PublishedPack;
use relevo_edge::problem::Problem;

/// Days before its end at which a period starts if nothing else is said.
const DEFAULT_DAYS: u64 = 30;

/// Longest period in days.
const MAX_DAYS: i64 = 400;

/// The desk's time; UTC without calendars.
pub fn desk_zone(pack: &PublishedPack) -> Zone {
    // A published pack names no zone that there is not.
    pack.pack.time_zone().and_then(|name| Zone::parse(name).ok()).unwrap_or_else(Zone::utc)
}

/// The period of a request. A day given as `to` belongs to the period, an instant does not. Without `to` it ends with
/// today; without `from` it starts 30 days before its end.
///
/// # Errors
/// 400 for what is neither a day nor an instant, an end that is not after the start, or more than 400 days
/// until it ends or until now.
pub fn parse(
    from: Option<&str>,
    to: Option<&str>,
    zone: &Zone,
    now: DateTime<Utc>,
) -> Result<Period, Problem> {
    let to = match to {
        Some(text) => bound("to", text, zone, 1)?,
        None => midnight(zone.local(now).date(), 1, zone).ok_or_else(|| unusable("to"))?,
    };
    let from = match from {
        Some(text) => bound("from", text, zone, 0)?,
        None => {
            let local = zone.local(to).checked_sub_days(Days::new(DEFAULT_DAYS));
            local.and_then(|local| zone.instant(local)).ok_or_else(|| unusable("from"))?
        }
    };
    if to <= from {
        return Err(Problem::bad_request("bad_period", "the period is empty: to must be after from"));
    }
    // By the wall, so that a change of the clocks within makes no difference; what is still to come costs nothing.
    if zone.local(to.min(now)) - zone.local(from) > TimeDelta::days(MAX_DAYS) {
        let detail =
            format!("a period has at most {MAX_DAYS} days; ask for shorter ones, one after the other");
        return Err(Problem::bad_request("period_too_long", detail));
    }
    Ok(Period { from, to })
}

fn bound(name: &str, text: &str, zone: &Zone, days_after: u64) -> Result<DateTime<Utc>, Problem> {
    let parsed = match date(text) {
        Some(date) => midnight(date, days_after, zone),
        None => DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()),
    };
    parsed.ok_or_else(|| unusable(name))
}

/// `2026-03-01` and nothing like it.
fn date(text: &str) -> Option<NaiveDate> {
    let shape = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    shape.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())?
}

fn midnight(date: NaiveDate, days_after: u64, zone: &Zone) -> Option<DateTime<Utc>> {
    zone.instant(date.checked_add_days(Days::new(days_after))?.and_time(NaiveTime::MIN))
}

fn unusable(name: &str) -> Problem {
    let detail = format!(
        "{name} is a day in the desk's time such as 2026-03-01, or an instant in RFC 3339 such as \
         2026-03-01T09:00:00Z (a + in it is written %2B)"
    );
    Problem::bad_request("bad_period", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn period(from: Option<&str>, to: Option<&str>) -> Result<(String, String), &'static str> {
        let zone = Zone::parse("Europe/Madrid").expect("a zone");
        let period = parse(from, to, &zone, at("2026-03-31T22:30:00Z")).map_err(|problem| {
            assert_eq!(problem.status, 400);
            problem.code
        })?;
        Ok((period.from.to_rfc3339(), period.to.to_rfc3339()))
    }

    #[track_caller]
    fn is(from: Option<&str>, to: Option<&str>, expected: (&str, &str)) {
        let (from, to) = period(from, to).expect("a period");
        assert_eq!(
            (from.as_str(), to.as_str()),
            (&*expected.0.replace('Z', "+00:00"), &*expected.1.replace('Z', "+00:00"))
        );
    }

    #[test]
    fn a_day_is_whole_and_in_the_desks_time() {
        is(Some("2026-03-01"), Some("2026-03-31"), ("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"));
        is(Some("2026-03-29"), Some("2026-03-29"), ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"));
    }

    #[test]
    fn an_instant_is_meant_as_it_is() {
        let from = Some("2026-03-01T10:00:00+01:00");
        is(from, Some("2026-03-01T10:00:01Z"), ("2026-03-01T09:00:00Z", "2026-03-01T10:00:01Z"));
        is(from, Some("2026-03-01"), ("2026-03-01T09:00:00Z", "2026-03-01T23:00:00Z"));
    }

    #[test]
    fn without_bounds_it_is_the_last_thirty_days_with_today() {
        // At 22:30 UTC it is already April in Madrid.
        is(None, None, ("2026-03-02T23:00:00Z", "2026-04-01T22:00:00Z"));
        is(Some("2026-04-01"), None, ("2026-03-31T22:00:00Z", "2026-04-01T22:00:00Z"));
        is(None, Some("2026-01-31"), ("2026-01-01T23:00:00Z", "2026-01-31T23:00:00Z"));
    }

    #[test]
    fn what_is_no_day_and_no_instant_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-3-1",
            "2026-02-30",
            "20260301",
            "2026-03-01T10:00:00",
            "+2026-03-0",
            "99999-01-01",
        ] {
            assert_eq!(period(Some(text), None), Err("bad_period"), "{text}");
            assert_eq!(period(None, Some(text)), Err("bad_period"), "{text}");
        }
    }

    #[test]
    fn an_empty_or_reversed_period_is_refused() {
        assert_eq!(period(Some("2026-03-02"), Some("2026-03-01")), Err("bad_period"));
        let same = Some("2026-03-01T00:00:00Z");
        assert_eq!(period(same, same), Err("bad_period"));
        assert_eq!(period(Some("2026-05-01"), None), Err("bad_period"), "after today");
    }

    #[test]
    fn four_hundred_days_are_the_limit_whatever_the_clocks_do() {
        assert!(period(Some("2025-01-01"), Some("2026-02-04")).is_ok());
        assert!(period(Some("2025-03-01"), Some("2026-04-04")).is_ok(), "an hour more by the clock");
        assert_eq!(period(Some("2025-01-01"), Some("2026-02-05")), Err("period_too_long"));
        assert_eq!(period(Some("0001-01-01"), Some("9999-12-31")), Err("period_too_long"));
        assert!(period(Some("2026-01-01"), Some("2030-01-01")).is_ok(), "most of it is still to come");
    }
}
