//! Which of some rows fit filters that ask for custom fields. Those are personal and in no table: they are read from the
//! conversations, of each ticket once for a call and as far as one call reads.

use crate::call::Call;
use futures::future::try_join_all;
use relevo_domain::conversation::Conversation;
use relevo_domain::rows::TicketRow;
use relevo_domain::worklist::{Filter, Viewer};
use relevo_edge::problem::Problem;
use relevo_journal::Fold;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Tickets whose fields one call reads.
const TICKETS_PER_CALL: usize = 2_000;

/// Tickets read at once.
const AT_ONCE: usize = 32;

/// The fields of tickets that a call has read by now.
pub struct Looked<'a> {
    call: &'a Call<'a>,
    fields: BTreeMap<(String, u32), Map<String, Value>>,
}

impl<'a> Looked<'a> {
    /// None yet.
    pub fn new(call: &'a Call<'a>) -> Self {
        Self { call, fields: BTreeMap::new() }
    }

    /// The rows that fit all filters, and whether all that might fit were looked at.
    pub async fn fitting<'r>(
        &mut self,
        rows: &'r [TicketRow],
        filters: &[Filter],
    ) -> Result<(Vec<&'r TicketRow>, bool), Problem> {
        let viewer = Viewer { person: &self.call.caller.person, now: self.call.context.now };
        let fit = rows.iter().filter(|row| filters.iter().all(|filter| filter.admits(row, viewer)));
        let mut fit: Vec<&TicketRow> = fit.collect();
        if filters.iter().all(|filter| filter.fields.is_empty()) {
            return Ok((fit, true));
        }
        let missing: Vec<&TicketRow> =
            fit.iter().copied().filter(|row| !self.fields.contains_key(&key(row))).collect();
        let room = TICKETS_PER_CALL.saturating_sub(self.fields.len());
        let complete = missing.len() <= room;
        for some in missing.into_iter().take(room).collect::<Vec<_>>().chunks(AT_ONCE) {
            let read = try_join_all(some.iter().map(|row| self.read(row))).await?;
            self.fields.extend(some.iter().map(|row| key(row)).zip(read));
        }
        fit.retain(|row| {
            let fields = self.fields.get(&key(row));
            fields.is_some_and(|fields| filters.iter().all(|filter| filter.admits_fields(fields)))
        });
        Ok((fit, complete))
    }

    async fn read(&self, row: &TicketRow) -> Result<Map<String, Value>, Problem> {
        let context = &self.call.context;
        let stream = context.stream(Conversation::KIND, &row.conversation)?;
        let loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
        // Of duplicates at once each took a number, and a follower may have seen that of one that was dropped since.
        let ticket = loaded.state.ticket(row.ordinal).filter(|ticket| ticket.number == row.number);
        Ok(ticket.map(|ticket| ticket.fields.0.clone()).unwrap_or_default())
    }
}

fn key(row: &TicketRow) -> (String, u32) {
    (row.conversation.clone(), row.ordinal)
}
