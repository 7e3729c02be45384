//! The registry of figures, by name.

use super::time::{self, Clock, Measure, Statistic};
use super::{Cohort, Kpi, Part, Tally, Unit, answers, surveys, targets, tickets};
use crate::quality::Listed;
use crate::rows::{SurveyRow, TicketRow};

/// A figure.
#[derive(Clone, Copy)]
pub struct Figure {
    /// Its name.
    pub name: &'static str,
    /// The report that it is part of, beside `overview`.
    pub report: &'static str,
    rule: Rule,
}

#[derive(Clone, Copy)]
enum Rule {
    Answers(Unit, Scale, fn(&Listed) -> Part<'_>, &'static str),
    Surveys(Unit, Scale, fn(&SurveyRow) -> Part<'_>, &'static str),
    Tickets(fn(&TicketRow) -> Part<'static>, &'static str),
    Targets(Option<&'static str>, bool),
    Time(Measure, Clock, Statistic),
}

/// The lowest and the highest value.
type Scale = (f64, f64);

const SHARE: Scale = (0.0, 1.0);

const fn answers(
    name: &'static str,
    (unit, scale): (Unit, Scale),
    part: fn(&Listed) -> Part<'_>,
    definition: &'static str,
) -> Figure {
    Figure { name, report: "audits", rule: Rule::Answers(unit, scale, part, definition) }
}

const fn surveys(
    name: &'static str,
    report: &'static str,
    (unit, scale): (Unit, Scale),
    part: fn(&SurveyRow) -> Part<'_>,
    definition: &'static str,
) -> Figure {
    Figure { name, report, rule: Rule::Surveys(unit, scale, part, definition) }
}

const fn tickets(
    name: &'static str,
    part: fn(&TicketRow) -> Part<'static>,
    definition: &'static str,
) -> Figure {
    Figure { name, report: "resolution", rule: Rule::Tickets(part, definition) }
}

const fn target(name: &'static str, target: Option<&'static str>, excusing: bool) -> Figure {
    Figure { name, report: "sla", rule: Rule::Targets(target, excusing) }
}

const fn time(name: &'static str, measure: Measure, clock: Clock, statistic: Statistic) -> Figure {
    let report = match measure {
        Measure::FirstResponse => "first_response",
        Measure::FirstResolution | Measure::FullResolution => "resolution",
    };
    Figure { name, report, rule: Rule::Time(measure, clock, statistic) }
}

/// All figures, by name.
#[rustfmt::skip] // one line each: this is a table
pub static FIGURES: &[Figure] = &[
    answers("audit_critical_rate", (Unit::Ratio, SHARE), answers::critical, "Share of audits in which something failed that must not, of the answers that people gave in the period. Numerator: audits with such a failure; denominator: answers audited. Excluded: not_sampled, not_audited, disputed (and not resolved yet)."),
    answers("audit_done_rate", (Unit::Ratio, SHARE), answers::done, "Share of the sample that was audited, of the answers that people gave in the period. Numerator: answers audited; denominator: answers sampled. Excluded: not_sampled."),
    answers("audit_score_mean", (Unit::Score, (0.0, 100.0)), answers::score, "Mean result of audits, 0 to 100 percent of the points by weight, of the answers that people gave in the period. Numerator: the sum of the whole percents; denominator: answers audited. Excluded: not_sampled, not_audited, disputed (and not resolved yet)."),
    answers("audit_share", (Unit::Ratio, SHARE), answers::audited, "Share of the answers that people gave in the period that were audited. Numerator: answers audited; denominator: answers given. Excluded: none."),
    surveys("csat_mean", "csat", (Unit::Score, (1.0, 5.0)), surveys::score, "Mean score, 1 to 5, of the surveys issued in the period. Numerator: the sum of the scores; denominator: the surveys answered. Excluded: not_answered, asked_something_else (another kind of survey), disputed and excluded (by a lead, with a reason), and solutions about which nobody was asked, by reason."),
    surveys("csat_share", "csat", (Unit::Ratio, SHARE), surveys::positive, "Share of scores 4 and 5 (3 is not positive) of the surveys issued in the period. Numerator: scores 4 and 5; denominator: the surveys answered. Excluded: not_answered, asked_something_else (another kind of survey), disputed and excluded (by a lead, with a reason), and solutions about which nobody was asked, by reason."),
    surveys("effort_mean", "csat", (Unit::Score, (1.0, 7.0)), surveys::effort, "Mean answer, 1 to 7, to how easy it was, of the surveys issued in the period. Numerator: the sum of the scores; denominator: the surveys answered. Excluded: not_answered, asked_something_else (another kind of survey), disputed and excluded (by a lead, with a reason), and solutions about which nobody was asked, by reason."),
    tickets("fcr_no_escalation", tickets::no_escalation, "Share of tickets solved without being handed to another team, of those opened in the period and solved at least once. Numerator: those never escalated; denominator: those solved. Excluded: spam, not_solved, merged (into another ticket), recovery (opened after a negative rating)."),
    tickets("fcr_one_touch", tickets::one_touch, "Share of tickets solved with at most one reply of a person, of those opened in the period and solved at least once. Numerator: those with no or one reply; denominator: those solved. Excluded: spam, not_solved, merged (into another ticket), recovery (opened after a negative rating)."),
    time("first_resolution_business_mean", Measure::FirstResolution, Clock::Business, Statistic::Mean),
    time("first_resolution_business_median", Measure::FirstResolution, Clock::Business, Statistic::Median),
    time("first_resolution_business_p90", Measure::FirstResolution, Clock::Business, Statistic::P90),
    time("first_resolution_mean", Measure::FirstResolution, Clock::Calendar, Statistic::Mean),
    time("first_resolution_median", Measure::FirstResolution, Clock::Calendar, Statistic::Median),
    time("first_resolution_p90", Measure::FirstResolution, Clock::Calendar, Statistic::P90),
    time("first_response_business_mean", Measure::FirstResponse, Clock::Business, Statistic::Mean),
    time("first_response_business_median", Measure::FirstResponse, Clock::Business, Statistic::Median),
    time("first_response_business_p90", Measure::FirstResponse, Clock::Business, Statistic::P90),
    time("first_response_mean", Measure::FirstResponse, Clock::Calendar, Statistic::Mean),
    time("first_response_median", Measure::FirstResponse, Clock::Calendar, Statistic::Median),
    time("first_response_p90", Measure::FirstResponse, Clock::Calendar, Statistic::P90),
    time("full_resolution_business_mean", Measure::FullResolution, Clock::Business, Statistic::Mean),
    time("full_resolution_business_median", Measure::FullResolution, Clock::Business, Statistic::Median),
    time("full_resolution_business_p90", Measure::FullResolution, Clock::Business, Statistic::P90),
    time("full_resolution_mean", Measure::FullResolution, Clock::Calendar, Statistic::Mean),
    time("full_resolution_median", Measure::FullResolution, Clock::Calendar, Statistic::Median),
    time("full_resolution_p90", Measure::FullResolution, Clock::Calendar, Statistic::P90),
    tickets("knowledge_link_rate", tickets::with_article, "Share of the tickets opened in the period and solved or closed now to which an article of the knowledge base is linked. Numerator: those with an article; denominator: those solved or closed. Excluded: spam, not_closed, merged (into another ticket), recovery (opened after a negative rating)."),
    surveys("nps", "csat", (Unit::Ratio, (-1.0, 1.0)), surveys::promoter, "Share of scores 9 and 10 less share of scores 0 to 6, of the surveys issued in the period. Numerator: scores 9 and 10 less scores 0 to 6; denominator: the surveys answered. Excluded: not_answered, asked_something_else (another kind of survey), disputed and excluded (by a lead, with a reason), and solutions about which nobody was asked, by reason."),
    tickets("reopen_rate", tickets::reopened, "Share of tickets that were opened again, of those opened in the period and solved at least once. Numerator: those opened again; denominator: those solved. Excluded: spam, not_solved, merged (into another ticket), recovery (opened after a negative rating)."),
    tickets("resolution_rate", tickets::completed, "Share of the tickets opened in the period that are solved or closed now. Numerator: those solved or closed; denominator: those accepted. Excluded: spam, merged (into another ticket), recovery (opened after a negative rating)."),
    surveys("response_rate", "response_rate", (Unit::Ratio, SHARE), surveys::answered, "Share of surveys that were answered, of those issued in the period, one for each solution for which a rating was due. Numerator: ratings received; denominator: surveys issued. Excluded: solutions for which no rating was due, by reason."),
    target("sla_all", None, false),
    target("sla_all_excusing", None, true),
    target("sla_first_resolution", Some("first_resolution"), false),
    target("sla_first_resolution_excusing", Some("first_resolution"), true),
    target("sla_first_response", Some("first_response"), false),
    target("sla_first_response_excusing", Some("first_response"), true),
    target("sla_full_resolution", Some("full_resolution"), false),
    target("sla_full_resolution_excusing", Some("full_resolution"), true),
    target("sla_next_response", Some("next_response"), false),
    target("sla_next_response_excusing", Some("next_response"), true),
    target("sla_periodic_update", Some("periodic_update"), false),
    target("sla_periodic_update_excusing", Some("periodic_update"), true),
    surveys("thumbs_up_share", "csat", (Unit::Ratio, SHARE), surveys::thumbs, "Share of thumbs up of the surveys issued in the period. Numerator: thumbs up; denominator: the surveys answered. Excluded: not_answered, asked_something_else (another kind of survey), disputed and excluded (by a lead, with a reason), and solutions about which nobody was asked, by reason."),
];

impl Figure {
    /// Is it about surveys?
    pub fn is_about_surveys(&self) -> bool {
        matches!(self.rule, Rule::Surveys(..))
    }

    /// Is it about answers and their audits?
    pub fn is_about_answers(&self) -> bool {
        matches!(self.rule, Rule::Answers(..))
    }

    /// What it is, in words.
    pub fn definition(&self) -> String {
        match self.rule {
            Rule::Answers(.., definition) | Rule::Surveys(.., definition) | Rule::Tickets(_, definition) => {
                definition.to_owned()
            }
            Rule::Targets(target, excusing) => targets::definition(target, excusing),
            Rule::Time(measure, clock, statistic) => time::definition(measure, clock, statistic),
        }
    }

    /// The figure over a cohort.
    pub fn of(&self, cohort: &Cohort<'_>) -> Kpi {
        let mut confidence_95 = None;
        let (unit, value, tally) = match self.rule {
            Rule::Answers(unit, scale, part, _) => {
                let tally: Tally = cohort.answers.iter().copied().map(part).collect();
                confidence_95 = tally.interval(scale);
                (unit, tally.quotient(), tally)
            }
            Rule::Surveys(unit, scale, part, _) => {
                let tally: Tally = cohort.surveys.iter().copied().map(part).collect();
                confidence_95 = tally.interval(scale);
                (unit, tally.quotient(), tally)
            }
            Rule::Tickets(part, _) => {
                let tally: Tally = cohort.tickets.iter().map(|row| own(row, part(row))).collect();
                (Unit::Ratio, tally.quotient(), tally)
            }
            Rule::Targets(target, excusing) => {
                let tally: Tally =
                    cohort.tickets.iter().map(|row| targets::met(target, excusing, row)).collect();
                (Unit::Ratio, tally.quotient(), tally)
            }
            Rule::Time(measure, clock, statistic) => {
                let parts: Vec<_> =
                    cohort.tickets.iter().map(|row| own(row, time::part(measure, clock, row))).collect();
                let tally: Tally = parts.iter().copied().collect();
                (Unit::Seconds, time::value(statistic, &parts, &tally), tally)
            }
        };
        Kpi {
            name: self.name,
            definition: self.definition(),
            value,
            numerator: tally.numerator,
            denominator: tally.denominator,
            excluded: tally.excluded,
            unit,
            confidence_95,
        }
    }
}

/// A ticket that a negative vote led to is no request of a customer, and one that is merged is counted where it went.
fn own<'a>(row: &TicketRow, part: Part<'a>) -> Part<'a> {
    match (row.merged, row.recovery) {
        (true, _) => Part::Excluded("merged"),
        (_, true) => Part::Excluded("recovery"),
        _ => part,
    }
}
