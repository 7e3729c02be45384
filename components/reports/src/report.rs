//! `GET …/reports/{report}`: the figures of a period, whole and by group.

use crate::{accept, load, period, write};
use relevo_domain::conversation::view::rfc3339;
use relevo_domain::kpi::{Cohort, GroupBy, Grouping, Kpi, REPORTS, Report};
use relevo_edge::app::DeskContext;
use relevo_edge::auth::Caller;
use relevo_edge::http::{Incoming, Response};
use relevo_edge::problem::Problem;
use relevo_edge::{internal, partitions};
use relevo_journal::store::Store;
use relevo_projections::answers;
use serde::Serialize;
use std::collections::BTreeMap;

/// A report as it is answered.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// Name of the report.
    pub report: &'static str,
    /// First instant of the period.
    pub from: String,
    /// First instant after it.
    pub to: String,
    /// The desk's time, in which days begin and end.
    pub time_zone: &'static str,
    /// Critical periods that fall into it, by id: figures of such a time are not those of another.
    pub periods: Vec<String>,
    /// The figures of the whole.
    pub kpis: Vec<Kpi>,
    /// The figures of each group, by key.
    pub groups: Vec<Group>,
}

/// The figures of a group.
#[derive(Debug, Serialize)]
pub struct Group {
    /// What the whole is divided by.
    pub by: &'static str,
    /// What the group has in common; none: nobody is assigned, there is no team.
    pub key: Option<String>,
    /// The figures.
    pub kpis: Vec<Kpi>,
}

/// `GET …/reports/{report}`
pub async fn read<S: Store>(
    context: &DeskContext<S>,
    caller: &Caller,
    request: &Incoming,
    name: &str,
) -> Result<Response, Problem> {
    let report = Report::parse(name).ok_or_else(|| {
        let detail = format!("there is no such report; the reports are {}", REPORTS.join(", "));
        Problem::not_found("unknown_report", detail)
    })?;
    let accepted =
        request.headers.get_all(http::header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let format = accept::negotiate(accepted)?;
    let by = group_by(request)?;
    let pack = context.pack().await?;
    let zone = period::desk_zone(&pack);
    let (from, to) = (request.parameter("from"), request.parameter("to"));
    let period = period::parse(from.as_deref(), to.as_deref(), &zone, context.now)?;
    internal::follow(context.desk.as_str()).await?;
    let mut tickets = if report.needs_tickets() { load::tickets(context, period).await? } else { Vec::new() };
    let mut surveys = if report.needs_surveys() { load::surveys(context, period).await? } else { Vec::new() };
    tickets.retain(|row| partitions::sees(&pack.pack, caller, &row.queue, row.team.as_deref()));
    surveys.retain(|row| partitions::sees(&pack.pack, caller, &row.queue, None));
    let mut answers = match report.needs_answers() {
        true => answers::of_period(context, period).await?,
        false => Vec::new(),
    };
    answers.retain(|(_, one)| {
        partitions::sees(&pack.pack, caller, &one.answer.queue, one.answer.team.as_deref())
    });
    let mut cohort = Cohort::of(period, &tickets, &surveys);
    cohort.answers.extend(answers.iter().map(|(_, one)| one));
    let mut groups = Vec::new();
    if let Some(by) = by {
        let needed = by.needs_ticket_of_survey();
        let of_surveys = if needed { load::tickets_of(context, &surveys).await? } else { BTreeMap::new() };
        let on = |day| pack.pack.period_on(day).map(|(id, _)| id.to_owned());
        let grouping = Grouping { by, periods: &on, zone: &zone, tickets: &of_surveys };
        let divided = grouping.groups(&cohort);
        let figures =
            divided.into_iter().map(|(key, cohort)| Group { by: by.as_str(), key, kpis: report.of(&cohort) });
        groups.extend(figures);
    }
    let answer = Answer {
        report: report.name(),
        from: rfc3339(period.from),
        to: rfc3339(period.to),
        time_zone: zone.name(),
        periods: pack.pack.periods_between(period.from, period.to),
        kpis: report.of(&cohort),
        groups,
    };
    write::response(&answer, format)
}

fn group_by(request: &Incoming) -> Result<Option<GroupBy>, Problem> {
    let Some(name) = request.parameter("group_by").filter(|name| !name.is_empty()) else { return Ok(None) };
    GroupBy::parse(&name).map(Some).ok_or_else(|| {
        let known = GroupBy::ALL.map(GroupBy::as_str).join(", ");
        Problem::bad_request("bad_group_by", format!("group_by is one of {known}"))
    })
}
