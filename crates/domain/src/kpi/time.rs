//! Times: how long customers waited for an answer and for a solution.

use super::{Part, Tally};
use crate::category::Category;
use crate::rows::TicketRow;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    FirstResolution,
    FirstResponse,
    FullResolution,
}

/// By which clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    Business,
    Calendar,
}

/// What is said of the times of many tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statistic {
    Mean,
    Median,
    P90,
}

/// The seconds that a ticket took, or why it has none.
pub(super) fn part(measure: Measure, clock: Clock, row: &TicketRow) -> Part<'static> {
    if row.category == Category::Spam {
        return Part::Excluded("spam");
    }
    let elapsed = match measure {
        Measure::FirstResponse if !row.by_customer => return Part::Excluded("started_by_agent"),
        Measure::FirstResponse => row.first_response,
        Measure::FirstResolution => row.first_resolution,
        Measure::FullResolution => row.full_resolution,
    };
    let Some(elapsed) = elapsed else { return Part::Excluded("not_yet") };
    match clock {
        Clock::Calendar => Part::Counted(elapsed.calendar_s),
        Clock::Business => elapsed.business_s.map_or(Part::Excluded("no_calendar"), Part::Counted),
    }
}

/// The value of a statistic over parts, whose tally is given; none without any.
pub(super) fn value(statistic: Statistic, parts: &[Part<'_>], tally: &Tally) -> Option<f64> {
    let mut seconds: Vec<i64> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Counted(seconds) => Some(*seconds),
            Part::Excluded(_) => None,
        })
        .collect();
    seconds.sort_unstable();
    match statistic {
        Statistic::Mean => tally.quotient(),
        Statistic::Median => median(&seconds),
        Statistic::P90 => p90(&seconds),
    }
}

/// The middle of sorted values; of an even number of them the mean of the middle two.
#[allow(clippy::cast_precision_loss)] // seconds are far below 2^53
fn median(sorted: &[i64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper as f64);
    }
    let lower = *sorted.get((sorted.len() / 2).checked_sub(1)?)?;
    Some((lower as f64 + upper as f64) / 2.0)
}

/// The nearest rank: the smallest of sorted values that at least nine of ten do not exceed.
#[allow(clippy::cast_precision_loss)] // seconds are far below 2^53
fn p90(sorted: &[i64]) -> Option<f64> {
    let rank = sorted.len().checked_mul(9)?.div_ceil(10);
    sorted.get(rank.checked_sub(1)?).map(|seconds| *seconds as f64)
}

/// What a figure means, in words.
pub(super) fn definition(measure: Measure, clock: Clock, statistic: Statistic) -> String {
    let what = match measure {
        Measure::FirstResponse => {
            "from the first message of the customer to the first public reply of a person (automatic replies and \
             bots do not count)"
        }
        Measure::FirstResolution => "from opening to the first time it was solved",
        Measure::FullResolution => {
            "from opening to the last time it was solved (a ticket that was opened again counts once it is solved \
             again)"
        }
    };
    let (statistic, note) = match statistic {
        Statistic::Mean => ("Mean", ""),
        Statistic::Median => ("Median", " Of an even number of tickets, the mean of the middle two."),
        Statistic::P90 => (
            "90th percentile",
            " Nearest rank: the shortest time that at least nine of ten tickets did not exceed.",
        ),
    };
    let clock_words = match clock {
        Clock::Calendar => "seconds by the clock",
        Clock::Business => "seconds within the business hours of the ticket's service-level policy",
    };
    let mut excluded =
        vec!["spam", "merged (into another ticket)", "recovery (opened after a negative rating)"];
    if measure == Measure::FirstResponse {
        excluded.push("started_by_agent (nobody had asked anything)");
    }
    excluded.push(match measure {
        Measure::FirstResponse => "not_yet (no such reply so far)",
        Measure::FirstResolution | Measure::FullResolution => "not_yet (not solved so far)",
    });
    if clock == Clock::Business {
        excluded.push("no_calendar (its policy names no business calendar)");
    }
    let excluded = excluded.join(", ");
    format!(
        "{statistic} of the {clock_words} {what}, over the tickets opened in the period.{note} Numerator: the sum of \
         these seconds; denominator: the tickets measured. Excluded: {excluded}."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_middle_two() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[7]), Some(7.0));
        assert_eq!(median(&[1, 2]), Some(1.5));
        assert_eq!(median(&[1, 5, 5, 5, 9]), Some(5.0));
        assert_eq!(median(&[1, 5, 6, 100]), Some(5.5));
    }

    #[test]
    fn the_90th_percentile_is_the_nearest_rank() {
        assert_eq!(p90(&[]), None);
        assert_eq!(p90(&[7]), Some(7.0));
        let to = |n: i64| (1..=n).collect::<Vec<_>>();
        for (n, expected) in
            [(2, 2.0), (9, 9.0), (10, 9.0), (11, 10.0), (19, 18.0), (20, 18.0), (21, 19.0), (100, 90.0)]
        {
            assert_eq!(p90(&to(n)), Some(expected), "of {n}");
        }
        assert_eq!(p90(&[3, 3, 3, 3, 3, 3, 3, 3, 3, 60]), Some(3.0), "ties");
    }
}
