//! What customers answered. A survey is issued once per solution of a ticket, or is not, for a reason.

use super::Part;
use crate::rows::SurveyRow;

/// The lowest score that is positive: 3 is not.
const POSITIVE: u8 = 4;

/// The score.
pub(super) fn score(row: &SurveyRow) -> Part<'_> {
    of_answered(row, i64::from)
}

/// Was it positive?
pub(super) fn positive(row: &SurveyRow) -> Part<'_> {
    of_answered(row, |score| i64::from(score >= POSITIVE))
}

/// Was it answered?
pub(super) fn answered(row: &SurveyRow) -> Part<'_> {
    match &row.not_eligible {
        Some(reason) => Part::Excluded(reason),
        None => Part::Counted(i64::from(row.score.is_some())),
    }
}

fn of_answered(row: &SurveyRow, adds: impl Fn(u8) -> i64) -> Part<'_> {
    match (&row.not_eligible, row.score) {
        (Some(reason), _) => Part::Excluded(reason),
        (None, None) => Part::Excluded("not_answered"),
        (None, Some(score)) => Part::Counted(adds(score)),
    }
}
