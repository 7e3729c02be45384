//! What audits found of the answers that people gave.

use super::Part;
use crate::quality::{Listed, State};

/// Was it audited?
pub(super) fn audited(one: &Listed) -> Part<'_> {
    Part::Counted(i64::from(one.result.is_some()))
}

/// Was it audited, of those that were to be?
pub(super) fn done(one: &Listed) -> Part<'_> {
    match one.answer.sampled {
        true => audited(one),
        false => Part::Excluded("not_sampled"),
    }
}

/// Percent of the points.
pub(super) fn score(one: &Listed) -> Part<'_> {
    match &one.result {
        None => Part::Excluded(if one.answer.sampled { "not_audited" } else { "not_sampled" }),
        Some(result) if result.state == State::Disputed => Part::Excluded("disputed"),
        Some(result) => Part::Counted(i64::from(result.score) / 100),
    }
}

/// Something failed that must not.
pub(super) fn critical(one: &Listed) -> Part<'_> {
    match (&one.result, score(one)) {
        (Some(result), Part::Counted(_)) => Part::Counted(i64::from(result.critical)),
        (_, excluded) => excluded,
    }
}

#[cfg(test)]
mod tests {
    use crate::kpi::{Cohort, GroupBy, Grouping, Report};
    use crate::quality::{Answer, Listed, Outcome, State};
    use std::collections::BTreeMap;

    fn answer(person: &str, sampled: bool, result: Option<(u32, bool, State)>) -> Listed {
        let (ticket, queue, channel) = ("tkt".into(), "general".into(), "whatsapp".into());
        Listed {
            answer: Answer { ticket, person: person.into(), queue, team: None, channel, sampled },
            at: chrono::DateTime::UNIX_EPOCH,
            result: result.map(|(score, critical, state)| Outcome { score, critical, state }),
        }
    }

    #[test]
    fn figures_of_audits_count_what_was_sampled_audited_and_not_disputed() {
        let all = [
            answer("ana", true, Some((8_000, false, State::Done))),
            answer("ana", true, Some((0, true, State::Resolved))),
            answer("ana", true, Some((1_000, false, State::Disputed))),
            answer("eva", true, None),
            answer("eva", false, None),
        ];
        let cohort = Cohort { answers: all.iter().collect(), ..Cohort::default() };
        let of = |cohort: &Cohort<'_>| {
            let kpis = Report::parse("audits").expect("a report").of(cohort);
            kpis.into_iter().map(|kpi| (kpi.name, kpi.numerator, kpi.denominator)).collect::<Vec<_>>()
        };
        assert_eq!(
            of(&cohort),
            [
                ("audit_critical_rate", 1, 2),
                ("audit_done_rate", 3, 4),
                ("audit_score_mean", 80, 2),
                ("audit_share", 3, 5),
            ]
        );
        let (zone, tickets) = (relevo_calendar::Zone::utc(), BTreeMap::new());
        let grouping = Grouping { by: GroupBy::Agent, periods: &|_| None, zone: &zone, tickets: &tickets };
        let groups = grouping.groups(&cohort);
        assert_eq!(of(&groups[&Some("eva".to_owned())])[3], ("audit_share", 0, 2));
        assert!(
            Report::parse("overview").expect("a report").figures().all(|figure| !figure.is_about_answers())
        );
    }
}
