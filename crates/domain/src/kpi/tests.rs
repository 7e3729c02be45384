//! Each figure against small cohorts, by tables: what is counted, what is left out and why.

use super::*;
use crate::category::Category;
use crate::pack::Priority;
use crate::rows::Elapsed;
use crate::sla::Outcomes;
use crate::survey::{SurveyKind, Verdict};
use relevo_calendar::Zone;
use std::collections::BTreeSet;

fn ticket() -> TicketRow {
    TicketRow {
        conversation: "abcdefghijklmnopqrstuvwxyz".into(),
        ordinal: 1,
        number: 1,
        status: "open".into(),
        category: Category::Open,
        queue: "support".into(),
        team: None,
        agent: None,
        priority: Priority::Normal,
        channel: "whatsapp".into(),
        contact: "ctc_abcdefghijklmnopqrstuvwxyz".into(),
        opened_ms: 0,
        by_customer: true,
        first_response: None,
        first_resolution: None,
        full_resolution: None,
        solved_by: None,
        replies: 0,
        reopenings: 0,
        escalated: false,
        recovery: false,
        merged: false,
        article: false,
        not_eligible: Vec::new(),
        targets: BTreeMap::new(),
        sla_due_ms: None,
        due_ms: None,
        tags: Default::default(),
        silent_since_ms: None,
        snoozed_until_ms: None,
        survey_due_ms: None,
        automations: Default::default(),
    }
}

fn took(calendar_s: i64, business_s: Option<i64>) -> Option<Elapsed> {
    Some(Elapsed { calendar_s, business_s })
}

fn answered_after(calendar_s: i64) -> TicketRow {
    TicketRow { first_response: took(calendar_s, None), ..ticket() }
}

fn solved() -> TicketRow {
    let after = took(100, Some(10));
    TicketRow { category: Category::Solved, first_resolution: after, full_resolution: after, ..ticket() }
}

fn survey(score: Option<u8>) -> SurveyRow {
    SurveyRow {
        ticket: "tkt_abcdefghijklmnopqrstuvwxyz_1".into(),
        number: 1,
        agent: None,
        queue: "support".into(),
        channel: "whatsapp".into(),
        issued_ms: 0,
        score,
        answered_ms: None,
        comment: false,
        not_eligible: None,
        kind: SurveyKind::Csat,
        topic: None,
        verdict: None,
        due_ms: None,
    }
}

fn unasked(why: &str) -> SurveyRow {
    SurveyRow { not_eligible: Some(why.into()), ..survey(None) }
}

fn kpi(name: &str, tickets: &[TicketRow], surveys: &[SurveyRow]) -> Kpi {
    let figure = FIGURES.iter().find(|figure| figure.name == name).expect("a figure of this name");
    figure.of(&Cohort {
        tickets: tickets.iter().collect(),
        surveys: surveys.iter().collect(),
        answers: Vec::new(),
    })
}

/// Value, numerator, denominator and exclusions as `reason=n`.
fn figures(kpi: &Kpi) -> (Option<f64>, i64, u64, String) {
    let excluded: Vec<_> = kpi.excluded.iter().map(|(reason, n)| format!("{reason}={n}")).collect();
    (kpi.value, kpi.numerator, kpi.denominator, excluded.join(" "))
}

#[track_caller]
fn of_tickets(name: &str, tickets: &[TicketRow], expected: (Option<f64>, i64, u64, &str)) {
    let kpi = kpi(name, tickets, &[]);
    assert_eq!(figures(&kpi), (expected.0, expected.1, expected.2, expected.3.to_owned()), "{name}");
}

#[track_caller]
fn of_surveys(name: &str, surveys: &[SurveyRow], expected: (Option<f64>, i64, u64, &str)) {
    let kpi = kpi(name, &[], surveys);
    assert_eq!(figures(&kpi), (expected.0, expected.1, expected.2, expected.3.to_owned()), "{name}");
}

#[test]
fn the_registry_is_alphabetical_and_every_figure_is_in_a_known_report() {
    let names: Vec<_> = FIGURES.iter().map(|figure| figure.name).collect();
    let sorted: BTreeSet<_> = names.iter().copied().collect();
    assert_eq!(names, sorted.into_iter().collect::<Vec<_>>());
    assert!(FIGURES.iter().all(|figure| REPORTS.contains(&figure.report)));
    for report in REPORTS {
        assert!(Report::parse(report).expect("known").figures().count() > 0, "{report}");
    }
    assert_eq!(Report::parse("weather"), None);
}

#[test]
fn every_definition_names_its_numerator_denominator_exclusions_and_period() {
    for figure in FIGURES {
        let definition = figure.definition();
        for part in ["Numerator: ", "denominator: ", "Excluded: ", "period"] {
            assert!(definition.contains(part), "{}: {definition}", figure.name);
        }
        assert!(!definition.contains("  "), "{}: {definition}", figure.name);
    }
}

#[test]
fn without_a_cohort_every_value_is_null_and_nothing_divides_by_zero() {
    for figure in FIGURES {
        let kpi = figure.of(&Cohort::default());
        assert_eq!(figures(&kpi), (None, 0, 0, String::new()), "{}", figure.name);
        let json = serde_json::to_value(&kpi).expect("JSON");
        assert!(json["value"].is_null());
        let fields: Vec<_> = json.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(fields, ["definition", "denominator", "excluded", "name", "numerator", "unit", "value"]);
    }
}

#[test]
fn denominator_and_exclusions_add_up_to_the_cohort() {
    let spam = TicketRow { category: Category::Spam, ..solved() };
    let tickets = [ticket(), solved(), spam, answered_after(5), TicketRow { by_customer: false, ..solved() }];
    let surveys = [survey(None), survey(Some(3)), unasked("channel_excluded")];
    for figure in FIGURES {
        let kpi = kpi(figure.name, &tickets, &surveys);
        let whole = match (figure.is_about_surveys(), figure.is_about_answers()) {
            (true, _) => surveys.len(),
            (_, true) => 0,
            _ => tickets.len(),
        };
        let sum = kpi.denominator + kpi.excluded.values().sum::<u64>();
        assert_eq!(sum, whole as u64, "{}", figure.name);
    }
}

#[test]
fn first_response_times() {
    let tickets = [answered_after(60), answered_after(120), answered_after(600)];
    of_tickets("first_response_mean", &tickets, (Some(260.0), 780, 3, ""));
    of_tickets("first_response_median", &tickets, (Some(120.0), 780, 3, ""));
    of_tickets("first_response_p90", &tickets, (Some(600.0), 780, 3, ""));
    of_tickets("first_response_median", &tickets[..2], (Some(90.0), 180, 2, ""));
    let ties = [answered_after(30), answered_after(30), answered_after(30), answered_after(90)];
    of_tickets("first_response_median", &ties, (Some(30.0), 180, 4, ""));
    of_tickets("first_response_p90", &ties, (Some(90.0), 180, 4, ""));
    of_tickets("first_response_mean", &[answered_after(0)], (Some(0.0), 0, 1, ""));
}

#[test]
fn what_has_no_first_response_is_left_out_with_its_reason() {
    let by_agent = TicketRow { by_customer: false, ..answered_after(1) };
    let spam = TicketRow { category: Category::Spam, ..answered_after(1) };
    let tickets = [answered_after(40), by_agent, ticket(), ticket(), spam];
    let excluded = "not_yet=2 spam=1 started_by_agent=1";
    of_tickets("first_response_mean", &tickets, (Some(40.0), 40, 1, excluded));
    of_tickets("first_response_p90", &tickets[1..], (None, 0, 0, excluded));
}

#[test]
fn business_time_is_counted_apart_and_only_where_there_is_a_calendar() {
    let over_night = TicketRow { first_response: took(57_600, Some(1_800)), ..ticket() };
    let tickets = [over_night, answered_after(60)];
    of_tickets("first_response_mean", &tickets, (Some(28_830.0), 57_660, 2, ""));
    of_tickets("first_response_business_mean", &tickets, (Some(1_800.0), 1_800, 1, "no_calendar=1"));
    of_tickets("first_response_business_median", &tickets, (Some(1_800.0), 1_800, 1, "no_calendar=1"));
    of_tickets("first_response_business_p90", &tickets[1..], (None, 0, 0, "no_calendar=1"));
}

#[test]
fn of_what_is_closed_some_has_an_article() {
    let linked = TicketRow { article: true, ..solved() };
    let open = TicketRow { article: true, ..ticket() };
    let spam = TicketRow { category: Category::Spam, article: true, ..ticket() };
    let tickets = [linked, solved(), solved(), open, spam];
    of_tickets("knowledge_link_rate", &tickets, (Some(1.0 / 3.0), 1, 3, "not_closed=1 spam=1"));
    of_tickets("knowledge_link_rate", &tickets[3..], (None, 0, 0, "not_closed=1 spam=1"));
}

#[test]
fn a_ticket_that_is_open_again_has_a_first_resolution_and_no_full_one() {
    let again = TicketRow { category: Category::Open, full_resolution: None, reopenings: 1, ..solved() };
    let twice = TicketRow { full_resolution: took(900, Some(90)), reopenings: 1, ..solved() };
    let tickets = [solved(), again, twice, ticket()];
    of_tickets("first_resolution_mean", &tickets, (Some(100.0), 300, 3, "not_yet=1"));
    of_tickets("full_resolution_mean", &tickets, (Some(500.0), 1_000, 2, "not_yet=2"));
    of_tickets("full_resolution_business_p90", &tickets, (Some(90.0), 100, 2, "not_yet=2"));
    of_tickets("reopen_rate", &tickets, (Some(2.0 / 3.0), 2, 3, "not_solved=1"));
}

#[test]
fn what_an_agent_started_has_a_resolution_time() {
    let by_agent = TicketRow { by_customer: false, ..solved() };
    of_tickets("first_resolution_median", &[by_agent], (Some(100.0), 100, 1, ""));
}

#[test]
fn resolution_rate_is_of_what_was_accepted() {
    let in_category = |category| TicketRow { category, ..ticket() };
    let tickets: Vec<_> = Category::ALL.into_iter().map(in_category).collect();
    of_tickets("resolution_rate", &tickets, (Some(2.0 / 7.0), 2, 7, "spam=1"));
    of_tickets("resolution_rate", &[in_category(Category::Spam)], (None, 0, 0, "spam=1"));
}

#[test]
fn one_touch_is_at_most_one_reply_of_solved_tickets() {
    let with_replies = |replies| TicketRow { replies, ..solved() };
    let open = TicketRow { replies: 1, ..ticket() };
    let tickets = [with_replies(0), with_replies(1), with_replies(2), open];
    of_tickets("fcr_one_touch", &tickets, (Some(2.0 / 3.0), 2, 3, "not_solved=1"));
}

#[test]
fn no_escalation_is_of_solved_tickets() {
    let escalated = TicketRow { escalated: true, ..solved() };
    let open = TicketRow { escalated: true, ..ticket() };
    of_tickets("fcr_no_escalation", &[solved(), escalated, open], (Some(0.5), 1, 2, "not_solved=1"));
}

#[test]
fn three_is_not_positive() {
    let all: Vec<_> = (1..=5).map(|score| survey(Some(score))).collect();
    of_surveys("csat_share", &all, (Some(0.4), 2, 5, ""));
    of_surveys("csat_mean", &all, (Some(3.0), 15, 5, ""));
    of_surveys("csat_share", &[survey(Some(3))], (Some(0.0), 0, 1, ""));
    of_surveys("csat_share", &[survey(Some(4))], (Some(1.0), 1, 1, ""));
}

#[test]
fn satisfaction_is_of_those_who_answered_and_response_of_those_who_were_asked() {
    let surveys = [survey(Some(5)), survey(None), survey(None), survey(Some(1)), unasked("tagged_no_survey")];
    of_surveys("csat_mean", &surveys, (Some(3.0), 6, 2, "not_answered=2 tagged_no_survey=1"));
    of_surveys("response_rate", &surveys, (Some(0.5), 2, 4, "tagged_no_survey=1"));
    of_surveys("response_rate", &surveys[4..], (None, 0, 0, "tagged_no_survey=1"));
    of_surveys("csat_share", &surveys[1..3], (None, 0, 0, "not_answered=2"));
}

fn period(from: &str, to: &str) -> Period {
    let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
    Period { from: at(from), to: at(to) }
}

#[test]
fn a_period_holds_its_first_instant_and_not_its_last() {
    let period = period("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z");
    let first = period.from.timestamp_millis();
    let rows = [-1, 0, 86_399_999, 86_400_000].map(|ms| TicketRow { opened_ms: first + ms, ..ticket() });
    let surveys = rows.clone().map(|row| SurveyRow { issued_ms: row.opened_ms, ..survey(None) });
    let cohort = Cohort::of(period, &rows, &surveys);
    assert_eq!(cohort.tickets, [&rows[1], &rows[2]]);
    assert_eq!(cohort.surveys, [&surveys[1], &surveys[2]]);
}

fn keys(by: GroupBy, zone: &str, tickets: &[TicketRow], surveys: &[SurveyRow]) -> Vec<String> {
    let zone = Zone::parse(zone).expect("a zone");
    let of_surveys =
        tickets.iter().map(|row| ("tkt_abcdefghijklmnopqrstuvwxyz_1".to_owned(), row.clone())).collect();
    let period =
        |day: chrono::NaiveDate| (day.to_string().as_str() >= "2026-03-02").then(|| "start".to_owned());
    let grouping = Grouping { by, periods: &period, zone: &zone, tickets: &of_surveys };
    let cohort =
        Cohort { tickets: tickets.iter().collect(), surveys: surveys.iter().collect(), answers: Vec::new() };
    let groups = grouping.groups(&cohort);
    let shown = |(key, cohort): (&Option<String>, &Cohort<'_>)| {
        format!("{} {}+{}", key.as_deref().unwrap_or("-"), cohort.tickets.len(), cohort.surveys.len())
    };
    groups.iter().map(shown).collect()
}

#[test]
fn a_ticket_belongs_to_who_solved_it_else_to_who_has_it() {
    let of = |agent: Option<&str>, solved_by: Option<&str>| TicketRow {
        agent: agent.map(Into::into),
        solved_by: solved_by.map(Into::into),
        ..ticket()
    };
    let tickets = [of(None, None), of(Some("ana"), None), of(Some("ana"), Some("bob"))];
    let surveys = [SurveyRow { agent: Some("bob".into()), ..survey(None) }];
    assert_eq!(keys(GroupBy::Agent, "UTC", &tickets, &surveys), ["- 1+0", "ana 1+0", "bob 1+1"]);
}

#[test]
fn days_are_those_of_the_desk() {
    let late = "2026-03-01T23:30:00Z".parse::<DateTime<Utc>>().expect("an instant").timestamp_millis();
    let tickets = [TicketRow { opened_ms: late, ..ticket() }];
    let surveys = [SurveyRow { issued_ms: late + 3_600_000, ..survey(None) }];
    assert_eq!(keys(GroupBy::Day, "UTC", &tickets, &surveys), ["2026-03-01 1+0", "2026-03-02 0+1"]);
    assert_eq!(keys(GroupBy::Day, "Europe/Madrid", &tickets, &surveys), ["2026-03-02 1+1"]);
}

#[test]
fn figures_of_a_critical_period_are_apart() {
    let late = "2026-03-01T23:30:00Z".parse::<DateTime<Utc>>().expect("an instant").timestamp_millis();
    let tickets = [TicketRow { opened_ms: late, ..ticket() }];
    let surveys = [SurveyRow { issued_ms: late + 3_600_000, ..survey(None) }];
    assert_eq!(keys(GroupBy::Period, "Europe/Madrid", &tickets, &surveys), ["- 1+0", "start 0+1"]);
}

#[test]
fn a_survey_has_the_priority_and_the_team_of_its_ticket() {
    let row = TicketRow { priority: Priority::Urgent, team: Some("two".into()), ..ticket() };
    let foreign = SurveyRow { ticket: "tkt_zzzzzzzzzzzzzzzzzzzzzzzzzz_1".into(), ..survey(None) };
    let surveys = [survey(None), foreign];
    assert_eq!(keys(GroupBy::Priority, "UTC", std::slice::from_ref(&row), &surveys), ["- 0+1", "urgent 1+1"]);
    assert_eq!(keys(GroupBy::Team, "UTC", &[row], &surveys), ["- 0+1", "two 1+1"]);
}

#[test]
fn a_name_leads_back_to_what_cohorts_are_divided_by() {
    for by in GroupBy::ALL {
        assert_eq!(GroupBy::parse(by.as_str()), Some(by));
    }
    assert_eq!(GroupBy::parse("weather"), None);
}

#[test]
fn targets_are_kept_with_and_without_what_was_excused() {
    let with = |name: &str, met: u32, breached: u32, excused: u32, cancelled: u32, running: u32| TicketRow {
        targets: [(name.to_owned(), Outcomes { met, breached, excused, cancelled, running })].into(),
        ..ticket()
    };
    let rows = [
        with("first_response", 1, 0, 0, 0, 0),
        with("next_response", 2, 1, 0, 0, 0),
        with("next_response", 2, 1, 1, 0, 1),
        with("next_response", 0, 1, 1, 0, 0),
        with("next_response", 0, 0, 0, 2, 0),
        with("next_response", 0, 0, 0, 1, 1),
        TicketRow { category: Category::Spam, ..with("next_response", 0, 9, 0, 0, 0) },
        ticket(),
    ];
    let cohort = Cohort { tickets: rows.iter().collect(), surveys: Vec::new(), answers: Vec::new() };
    let of = |name: &str| {
        let kpi = FIGURES.iter().find(|figure| figure.name == name).expect("a figure").of(&cohort);
        let excluded: Vec<_> = kpi.excluded.iter().map(|(why, n)| format!("{why} {n}")).collect();
        (kpi.numerator, kpi.denominator, excluded.join(", "))
    };
    let left_out = "cancelled 1, no_target 2, not_yet 1, spam 1";
    assert_eq!(of("sla_next_response"), (0, 3, left_out.to_owned()));
    let left_out = "cancelled 1, excused 1, no_target 2, not_yet 1, spam 1";
    assert_eq!(of("sla_next_response_excusing"), (1, 2, left_out.to_owned()));
    assert_eq!((of("sla_all").0, of("sla_all").1), (1, 4));
    assert_eq!((of("sla_all_excusing").0, of("sla_all_excusing").1), (2, 3));
}

#[test]
fn each_kind_of_survey_has_its_own_figure_and_leaves_the_others_out() {
    let of = |kind: SurveyKind, score: u8| SurveyRow { kind, ..survey(Some(score)) };
    let surveys = [
        of(SurveyKind::Nps, 10),
        of(SurveyKind::Nps, 9),
        of(SurveyKind::Nps, 8),
        of(SurveyKind::Nps, 0),
        of(SurveyKind::Effort, 7),
        of(SurveyKind::Thumbs, 1),
        of(SurveyKind::Thumbs, 0),
        of(SurveyKind::Csat, 4),
    ];
    of_surveys("nps", &surveys, (Some(0.25), 1, 4, "asked_something_else=4"));
    of_surveys("effort_mean", &surveys, (Some(7.0), 7, 1, "asked_something_else=7"));
    of_surveys("thumbs_up_share", &surveys, (Some(0.5), 1, 2, "asked_something_else=6"));
    of_surveys("csat_mean", &surveys, (Some(4.0), 4, 1, "asked_something_else=7"));
    of_surveys("response_rate", &surveys, (Some(1.0), 8, 8, ""));
}

#[test]
fn what_a_lead_left_out_is_told_and_still_was_an_answer() {
    let reviewed = |verdict| SurveyRow { verdict: Some(verdict), ..survey(Some(1)) };
    let surveys = [
        reviewed(Verdict::Excluded),
        reviewed(Verdict::Disputed),
        reviewed(Verdict::Counted),
        survey(Some(5)),
        survey(None),
    ];
    of_surveys("csat_mean", &surveys, (Some(3.0), 6, 2, "disputed=1 excluded=1 not_answered=1"));
    of_surveys("response_rate", &surveys, (Some(0.8), 4, 5, ""));
}

#[test]
fn a_figure_of_few_answers_says_how_far_it_can_be_trusted() {
    let width = |name: &str, surveys: &[SurveyRow]| {
        kpi(name, &[], surveys).confidence_95.map(|interval| interval.high - interval.low)
    };
    let few = [survey(Some(5)), survey(Some(1))];
    let many: Vec<_> = few.iter().cloned().cycle().take(200).collect();
    for name in ["csat_mean", "csat_share"] {
        assert!(width(name, &few) > width(name, &many), "{name}");
        assert_eq!(width(name, &[]), None);
    }
    assert_eq!(kpi("reopen_rate", &[solved()], &few).confidence_95, None, "of tickets all are counted");
    let value = kpi("csat_share", &[], &few);
    let interval = value.confidence_95.expect("an interval");
    assert!(interval.low < 0.5 && interval.high > 0.5, "{interval:?}");
}

#[test]
fn surveys_are_grouped_by_topic() {
    let about = |topic: &str| SurveyRow { topic: Some(topic.into()), ..survey(None) };
    let surveys = [about("billing"), survey(None), about("billing")];
    assert_eq!(keys(GroupBy::Topic, "UTC", &[], &surveys), ["- 0+1", "billing 0+2"]);
}

#[test]
fn a_ticket_that_a_vote_led_to_is_not_counted_among_the_customers() {
    let recovery = TicketRow { recovery: true, ..solved() };
    of_tickets("resolution_rate", &[solved(), recovery.clone()], (Some(1.0), 1, 1, "recovery=1"));
    of_tickets("first_resolution_mean", &[recovery], (None, 0, 0, "recovery=1"));
}
