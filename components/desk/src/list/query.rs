//! What the parameters of a work list ask for.

use crate::call::Call;
use crate::views;
use relevo_domain::pack::{Pack, Priority};
use relevo_domain::rows::TicketRow;
use relevo_domain::worklist::{Filter, Key, Order, View, Viewer};
use relevo_edge::problem::Problem;
use relevo_edge::{cursor, partitions};
use serde_json::Value;
use std::num::NonZeroU64;
use std::str::FromStr;

/// Longest due time that is asked for, in minutes: a year.
pub const MAX_MINUTES: u32 = 525_600;

/// A work list that is asked for.
pub struct Query {
    /// What tickets have to be like: all of these.
    pub filters: Vec<Filter>,
    /// In which order.
    pub order: Order,
    /// After which place.
    pub after: Option<Key>,
    /// Whatever fits is still to be worked on.
    pub live_only: bool,
    /// Contact id or address.
    pub contact: Option<String>,
    /// Friendly number.
    pub number: Option<u64>,
    /// Part of the subject, in small letters.
    pub subject: Option<String>,
    /// What is to be said in it.
    pub text: Option<relevo_search::Query>,
    pack: std::rc::Rc<relevo_edge::app::PublishedPack>,
    caller: relevo_edge::auth::Caller,
    now: chrono::DateTime<chrono::Utc>,
}

impl Query {
    /// Reads the parameters.
    pub async fn of(call: &Call<'_>) -> Result<Self, Problem> {
        let own = filter(call).await?;
        let view = view(call).await?;
        let order = match given(call, "order") {
            Some(name) => Order::parse(&name).ok_or_else(|| {
                let all = Order::ALL.map(Order::as_str).join(", ");
                Problem::bad_request("bad_order", format!("order is one of {all}"))
            })?,
            None => view.as_ref().map(|view| view.order).unwrap_or_default(),
        };
        let after = given(call, "cursor").map(|text| cursor::parse_in_order(order, &text)).transpose()?;
        let pack = call.context.pack().await?;
        let text = given(call, "q").map(|text| relevo_search::Query::parse(&text)).transpose();
        let text = text.map_err(|refused| Problem::bad_request("bad_q", refused.advice()))?;
        if text.is_some() && order != Order::Newest {
            return Err(Problem::bad_request("bad_order", "what is looked for with q is given newest first"));
        }
        let filters: Vec<Filter> = view.into_iter().map(|view| view.filter).chain([own]).collect();
        let live_only = order.is_of_work() || filters.iter().any(|filter| filter.is_live_only(&pack.pack));
        Ok(Self {
            order,
            after,
            live_only,
            filters,
            contact: given(call, "contact"),
            number: parsed(call, "number", "bad_number", "number is a ticket's friendly number, from 1")?
                .map(NonZeroU64::get),
            subject: given(call, "subject").map(|part| part.to_lowercase()),
            text,
            caller: call.caller.clone(),
            pack,
            now: call.context.now,
        })
    }

    /// Who looks.
    pub fn viewer(&self) -> Viewer<'_> {
        Viewer { person: &self.caller.person, now: self.now }
    }

    /// Does a ticket fit, and come after what was given already?
    pub fn admits(&self, row: &TicketRow) -> bool {
        self.after.is_none_or(|after| self.order.key(row) > after)
            && partitions::sees(&self.pack.pack, &self.caller, &row.queue, row.team.as_deref())
            && self.number.is_none_or(|number| number == row.number)
            && (!self.order.is_of_work() || relevo_domain::worklist::is_live(row))
            && self.filters.iter().all(|filter| filter.admits(row, self.viewer()))
    }
}

/// The filter in the parameters; one that names what the desk does not have is refused.
pub async fn filter(call: &Call<'_>) -> Result<Filter, Problem> {
    let pack = call.context.pack().await?;
    let priority =
        given(call, "priority").map(|word| serde_json::from_value::<Priority>(Value::String(word)));
    let priority = priority
        .transpose()
        .map_err(|_| Problem::bad_request("bad_priority", "priority is one of low, normal, high, urgent"))?;
    let minutes = "due_within_minutes is a number of minutes up to a year";
    let due_within_minutes: Option<u32> =
        parsed(call, "due_within_minutes", "bad_due_within_minutes", minutes)?;
    if due_within_minutes.is_some_and(|given| given > MAX_MINUTES) {
        return Err(Problem::bad_request("bad_due_within_minutes", minutes));
    }
    let field = given(call, "field").map(|text| match text.split_once(':') {
        Some((name, _)) if !knows(call, &pack.pack, name) => {
            Err(Problem::bad_request("unknown_field", "field names one of the desk's custom fields"))
        }
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(Problem::bad_request("bad_field", "field is a name and a value, as plan:pro")),
    });
    let filter = Filter {
        status: given(call, "status"),
        queue: given(call, "queue"),
        team: given(call, "team"),
        assignee: given(call, "assignee"),
        priority,
        channel: given(call, "channel"),
        tag: given(call, "tag"),
        breached: parsed(call, "breached", "bad_breached", "breached is true or false")?,
        due_within_minutes,
        snoozed: parsed(call, "snoozed", "bad_snoozed", "snoozed is true or false")?,
        fields: field.transpose()?.into_iter().collect(),
    };
    refuse_unknown(&filter, &pack.pack)?;
    Ok(filter)
}

/// The saved view that a parameter names.
pub async fn view(call: &Call<'_>) -> Result<Option<View>, Problem> {
    let Some(id) = call.request.parameter("view") else { return Ok(None) };
    let view = views::seen(call, &id).await?;
    view.map(Some)
        .ok_or_else(|| Problem::bad_request("unknown_view", "view is the id of a view that you may see"))
}

/// Whether the desk has a custom field, as far as the caller may know.
pub fn knows(call: &Call<'_>, pack: &Pack, field: &str) -> bool {
    !pack.declares_fields() || (pack.fields.contains_key(field) && !call.hidden.contains(field))
}

fn refuse_unknown(filter: &Filter, pack: &Pack) -> Result<(), Problem> {
    match filter.check(pack).into_iter().next() {
        Some((_, why)) => Err(Problem::bad_request("unknown_value", why)),
        None => Ok(()),
    }
}

fn given(call: &Call<'_>, name: &str) -> Option<String> {
    call.request.parameter(name).filter(|value| !value.is_empty())
}

fn parsed<T: FromStr>(
    call: &Call<'_>,
    name: &str,
    code: &'static str,
    what: &'static str,
) -> Result<Option<T>, Problem> {
    let parsed = call.request.parameter(name).map(|word| word.parse::<T>()).transpose();
    parsed.map_err(|_| Problem::bad_request(code, what))
}
