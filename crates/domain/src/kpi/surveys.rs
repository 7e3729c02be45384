//! What customers answered. A survey is issued once per solution of a ticket, or is not, for a reason.

use super::Part;
use crate::rows::SurveyRow;
use crate::survey::{Mood, SurveyKind, Verdict};

/// The score of a satisfaction survey.
pub(super) fn score(row: &SurveyRow) -> Part<'_> {
    of_votes(row, SurveyKind::Csat, i64::from)
}

/// Was satisfaction positive?
pub(super) fn positive(row: &SurveyRow) -> Part<'_> {
    share(row, SurveyKind::Csat)
}

/// How easy it was.
pub(super) fn effort(row: &SurveyRow) -> Part<'_> {
    of_votes(row, SurveyKind::Effort, i64::from)
}

/// Thumbs up.
pub(super) fn thumbs(row: &SurveyRow) -> Part<'_> {
    share(row, SurveyKind::Thumbs)
}

/// A promoter adds one, a detractor takes one away.
pub(super) fn promoter(row: &SurveyRow) -> Part<'_> {
    of_votes(row, SurveyKind::Nps, |score| match SurveyKind::Nps.mood(score) {
        Mood::Positive => 1,
        Mood::Neutral => 0,
        Mood::Negative => -1,
    })
}

/// Was it answered? What a lead decided about the answer does not matter here.
pub(super) fn answered(row: &SurveyRow) -> Part<'_> {
    match &row.not_eligible {
        Some(reason) => Part::Excluded(reason),
        None => Part::Counted(i64::from(row.score.is_some())),
    }
}

fn share(row: &SurveyRow, kind: SurveyKind) -> Part<'_> {
    of_votes(row, kind, |score| i64::from(kind.mood(score) == Mood::Positive))
}

fn of_votes(row: &SurveyRow, kind: SurveyKind, adds: impl Fn(u8) -> i64) -> Part<'_> {
    match (&row.not_eligible, row.score, row.verdict) {
        (Some(reason), ..) => Part::Excluded(reason),
        _ if row.kind != kind => Part::Excluded("asked_something_else"),
        (None, None, _) => Part::Excluded("not_answered"),
        (None, Some(_), Some(verdict @ (Verdict::Disputed | Verdict::Excluded))) => {
            Part::Excluded(verdict.as_str())
        }
        (None, Some(score), _) => Part::Counted(adds(score)),
    }
}
