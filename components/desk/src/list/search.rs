//! `GET …/tickets?q=`: what people said, found by its words. Newest first, as far as one call looks.
//!
//! The index gives the tickets that may fit; whether one does is seen in what it says, which is read for that. So nothing is
//! found by what was erased, and nothing by an index that lags.

use super::query::Query;
use crate::call::Call;
use crate::contacts;
use futures::future::try_join_all;
use http::StatusCode;
use relevo_domain::conversation::passage::{Passage, Place, field_text, passages};
use relevo_domain::conversation::{Conversation, Ticket, view as shapes};
use relevo_domain::rows::TicketRow;
use relevo_edge::http::{Response, json};
use relevo_edge::problem::Problem;
use relevo_edge::{cursor, ids, internal};
use relevo_journal::Fold;
use relevo_projections::shards;
use relevo_projections::words::{self, Code, Found};
use relevo_search::words::folded;
use relevo_search::{Query as LookedFor, Text};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Segments of the index that one call looks into.
const SEGMENTS_PER_CALL: usize = 100;

/// Tickets that one call reads; where few fit the answer may hold fewer items than the limit and a cursor to go on with.
const TICKETS_PER_CALL: usize = 400;

/// Tickets read at once.
const AT_ONCE: usize = 16;

/// Pieces of text that are shown of one ticket.
const PIECES: usize = 3;

/// The tickets that fit.
pub async fn tickets(
    call: &Call<'_>,
    query: &Query,
    looked_for: &LookedFor,
    limit: usize,
) -> Result<Response, Problem> {
    internal::follow(call.context.desk.as_str()).await?;
    internal::follow_words(call.context.desk.as_str()).await?;
    let mut search = Search {
        call,
        query,
        looked_for,
        limit,
        of_contact: false,
        items: Vec::new(),
        read: 0,
        reached: None,
    };
    let complete = search.run().await?;
    let next = search.reached.filter(|_| !complete).map(cursor::below);
    let order = json!({"by": query.order.as_str(), "explained": query.order.explained()});
    Ok(json(StatusCode::OK, &json!({"items": search.items, "next": next, "order": order})))
}

struct Search<'a> {
    call: &'a Call<'a>,
    query: &'a Query,
    looked_for: &'a LookedFor,
    limit: usize,
    /// The tickets are those of whom the address is that was looked for.
    of_contact: bool,
    items: Vec<Value>,
    /// Tickets that were read.
    read: usize,
    /// The lowest number that is done with.
    reached: Option<u64>,
}

impl Search<'_> {
    /// Returns whether everything was looked at.
    async fn run(&mut self) -> Result<bool, Problem> {
        let context = &self.call.context;
        let newest = context.newest_ticket_number().await?;
        if let Some(number) = self.looked_for.number.or(self.query.number) {
            let shard = shards::by_number(number.min(newest));
            let rows = self.rows(&[shard]).await?;
            return self.look_at(rows.into_iter().filter(|row| row.number == number).collect()).await;
        }
        if let Some(contact) = &self.query.contact {
            let rows = contacts::rows(self.call, contact).await?;
            return self.look_at(rows).await;
        }
        if let Some(address) = &self.looked_for.address {
            let rows = contacts::rows(self.call, address).await?;
            // One that is nobody's may still be said somewhere.
            if !rows.is_empty() {
                self.of_contact = true;
                return self.look_at(rows).await;
            }
        }
        let index = words::index(context).await?.state;
        let codes: Vec<Code> =
            self.looked_for.terms().iter().map(|term| Code::of(&context.keys, term)).collect();
        let below = self.query.after.map_or(u64::MAX, |after| u64::MAX - after.2);
        let last = words::segment_of(newest.min(below));
        for (looked, segment) in (0..=last).rev().enumerate() {
            let (first, _) = words::numbers_of(segment);
            if looked >= SEGMENTS_PER_CALL {
                return Ok(false);
            }
            let found = words::candidates(context, &index, segment, &codes).await?;
            if !self.look_into(segment, &found, newest.min(below)).await? {
                return Ok(false);
            }
            self.reached = Some(first);
        }
        Ok(true)
    }

    /// Looks at what may fit in a segment, newest first. False: enough was found or read.
    async fn look_into(&mut self, segment: u64, found: &Found, newest: u64) -> Result<bool, Problem> {
        let (first, end) = words::numbers_of(segment);
        let mut wanted: BTreeMap<u64, String> = BTreeMap::new();
        match found {
            Found::Only(numbers) => {
                wanted.extend(numbers.iter().map(|number| shards::by_number(*number)).filter_map(with_place));
            }
            Found::Any => {
                let names = shards::numbers_down_from(newest.min(end.saturating_sub(1)));
                let names = names.take_while(|name| shards::end_number(name).is_some_and(|end| end > first));
                wanted.extend(names.filter_map(with_place));
            }
        }
        for (_, shard) in wanted.into_iter().rev() {
            let mut rows = self.rows(&[shard]).await?;
            rows.retain(|row| match found {
                Found::Only(numbers) => numbers.contains(&row.number),
                Found::Any => true,
            });
            if !self.look_at(rows).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Looks at some tickets, newest first. False: enough was found or read.
    async fn look_at(&mut self, rows: Vec<TicketRow>) -> Result<bool, Problem> {
        let mut rows: Vec<TicketRow> = rows.into_iter().filter(|row| self.query.admits(row)).collect();
        rows.sort_by_key(|row| (std::cmp::Reverse(row.number), row.ordinal));
        for some in rows.chunks(AT_ONCE) {
            let items = try_join_all(some.iter().map(|row| self.item(row))).await?;
            for (row, item) in some.iter().zip(items) {
                if self.items.len() >= self.limit || self.read >= TICKETS_PER_CALL {
                    return Ok(false);
                }
                self.read = self.read.saturating_add(1);
                self.reached = Some(row.number);
                self.items.extend(item);
            }
        }
        Ok(true)
    }

    async fn rows(&self, shards: &[String]) -> Result<Vec<TicketRow>, Problem> {
        let tables = shards::load_all::<TicketRow, _>(&self.call.context, shards).await?;
        Ok(tables.iter().flat_map(|table| table.state.rows().map(|(_, row)| row.clone())).collect())
    }

    /// The ticket with the pieces that fit; none if it does not.
    async fn item(&self, row: &TicketRow) -> Result<Option<Value>, Problem> {
        let context = &self.call.context;
        let stream = context.stream(Conversation::KIND, &row.conversation)?;
        let (state, _) = context.journal.load_events::<Conversation>(&stream, None).await?;
        let (Some(party), Some(ticket)) = (&state.party, state.ticket(row.ordinal)) else { return Ok(None) };
        if ticket.number != row.number || !super::admits(self.query, ticket) {
            return Ok(None);
        }
        // What the caller's role does not see is not found either.
        let hidden = &self.call.hidden;
        let mut said = passages(&state, ticket);
        said.retain(|passage| !matches!(passage.place, Place::Field(name) if hidden.contains(name)));
        let asks_hidden = self.looked_for.fields.iter().any(|(name, _)| hidden.contains(name));
        if asks_hidden || (!self.of_contact && !fits(self.looked_for, ticket, &said)) {
            return Ok(None);
        }
        let mut item = shapes::item(&ids::ticket(&row.conversation, row.ordinal), party, ticket);
        if let Some(due) = row.sla_due_ms.and_then(chrono::DateTime::from_timestamp_millis) {
            item.insert("sla_due_at".to_owned(), json!(shapes::rfc3339(due)));
        }
        item.insert("why".to_owned(), self.query.order.why(row, context.now.timestamp_millis()));
        hidden.leave_out(&mut item);
        item.insert("matched".to_owned(), pieces(self.looked_for, &said));
        Ok(Some(Value::Object(item)))
    }
}

/// A shard by its place, to be gone through in order.
fn with_place(shard: String) -> Option<(u64, String)> {
    Some((shards::place(&shard)?, shard))
}

/// Whether all that is looked for is said, each phrase in one place.
fn fits(looked_for: &LookedFor, ticket: &Ticket, said: &[Passage<'_>]) -> bool {
    let texts: Vec<Text<'_>> = said.iter().map(|passage| Text::new(&passage.text)).collect();
    let is_said = |phrase: &Vec<String>| texts.iter().any(|text| text.has(phrase));
    let is_set = |(name, value): &(String, String)| {
        ticket.fields.0.get(name).is_some_and(|found| folded(&field_text(found)) == *value)
    };
    looked_for.phrases.iter().all(is_said) && looked_for.fields.iter().all(is_set)
}

/// The first pieces of text that show what was looked for.
fn pieces(looked_for: &LookedFor, said: &[Passage<'_>]) -> Value {
    let pieces = said.iter().filter_map(|passage| {
        let parts = Text::new(&passage.text).snippet(&looked_for.phrases)?;
        let parts: Vec<Value> =
            parts.iter().map(|part| json!({"text": part.text, "hit": part.hit})).collect();
        let (place, name) = match passage.place {
            Place::Subject => ("subject", None),
            Place::Message(id) => ("message", Some(id)),
            Place::Contact => ("contact", None),
            Place::Field(name) => ("field", Some(name)),
            Place::Tag => ("tag", None),
        };
        Some(json!({"in": place, "name": name, "parts": parts}))
    });
    pieces.take(PIECES).collect()
}
