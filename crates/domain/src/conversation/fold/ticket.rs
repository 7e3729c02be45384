//! What happens to a ticket.

use crate::category::Category;
use crate::conversation::{Conversation, Said, Ticket};
use chrono::{DateTime, Utc};

impl Conversation {
    /// Something that targets may name and that changes nothing else.
    pub(super) fn happened(&mut self, ordinal: u32, at: DateTime<Utc>, name: &str) {
        if let Some(ticket) = self.touch(ordinal, at) {
            ticket.timeline.named_event(at, name);
        }
    }
}

impl Ticket {
    pub(in crate::conversation) fn replied(&mut self, said: Said) {
        let at = said.at;
        self.breaks_silence(at);
        self.last_said = Some(said.id.clone());
        self.keep_untold(said);
        self.moments.replied = self.moments.replied.max(Some(at));
        self.replies = self.replies.saturating_add(1);
        self.timeline.human_reply(at);
        self.timeline.named_event(at, "replied");
    }

    pub(in crate::conversation) fn assigned(
        &mut self,
        agent: Option<&str>,
        team: Option<&str>,
        at: DateTime<Utc>,
    ) {
        if self.agent.as_deref() != agent {
            self.timeline.named_event(at, if agent.is_some() { "assigned" } else { "unassigned" });
            self.agent = agent.map(str::to_owned);
        }
        if team.is_some() && self.team.as_deref() != team {
            self.team_event("left", at);
            self.team = team.map(str::to_owned);
            self.team_event("entered", at);
        }
    }

    pub(in crate::conversation) fn team_event(&mut self, what: &str, at: DateTime<Utc>) {
        if let Some(team) = &self.team {
            self.timeline.named_event(at, &format!("team.{what}.{team}"));
        }
    }

    pub(in crate::conversation) fn change_status(
        &mut self,
        status: &str,
        category: Category,
        at: DateTime<Utc>,
    ) {
        // Whoever did this at the same time as the merge did it to a ticket that is worked on elsewhere.
        if self.merged.is_some() {
            return;
        }
        self.breaks_silence(at);
        self.moments.status_changed = self.moments.status_changed.max(Some(at));
        self.moments.status_led_by.clear();
        let was_done = self.category.is_done();
        let named = self.status_events(status, category);
        named.iter().for_each(|event| self.timeline.stop_at(at, event));
        self.status = status.to_owned();
        if category == Category::Solved && self.category != Category::Solved {
            self.resolutions = self.resolutions.saturating_add(1);
            self.first_solved_at.get_or_insert(at);
            self.solved_at = Some(at);
            self.solved_by.clone_from(&self.agent);
        }
        if was_done && !category.is_done() {
            // What was closed unsolved, or was no spam after all, goes on: it is not reopened.
            if self.solved_at.is_some() && self.category != Category::Spam {
                self.reopenings = self.reopenings.saturating_add(1);
            }
            self.solved_at = None;
        }
        self.category = category;
        self.timeline.category_changed(at, category);
        named.iter().for_each(|event| self.timeline.start_at(at, event));
    }

    /// What a change of status is to targets that name their events. Solving, closing and spam take the ticket from
    /// its team.
    pub(in crate::conversation) fn status_events(&self, status: &str, category: Category) -> Vec<String> {
        let mut named = Vec::new();
        if self.status != status {
            named.extend([format!("status.left.{}", self.status), format!("status.entered.{status}")]);
        }
        if self.category != category {
            let (left, entered) = (self.category.as_str(), category.as_str());
            named.extend([format!("status.left.{left}"), format!("status.entered.{entered}")]);
        }
        if category == Category::Solved && self.category != category {
            named.push("solved".to_owned());
        }
        let crossed = match (self.category.is_done(), category.is_done()) {
            (false, true) => Some("left"),
            (true, false) => {
                named.push("reopened".to_owned());
                Some("entered")
            }
            _ => None,
        };
        named.extend(crossed.zip(self.team.as_ref()).map(|(what, team)| format!("team.{what}.{team}")));
        named
    }

    /// The customer wrote, as becomes known now.
    pub(in crate::conversation) fn customer_wrote(
        &mut self,
        said: Said,
        open_status: Option<&str>,
        at: DateTime<Utc>,
    ) {
        let since = said.at;
        self.breaks_silence(at);
        self.last_said = Some(said.id.clone());
        self.moments.customer_wrote = self.moments.customer_wrote.max(Some(since));
        self.snoozed_until = None;
        if !self.keep_untold(said) {
            self.reopen(open_status, at);
        }
        self.timeline.customer_message(since, at);
        self.timeline.named_event(at, "customer.wrote");
    }

    /// What a message of the customer does to the status.
    pub(in crate::conversation) fn reopen(&mut self, open_status: Option<&str>, at: DateTime<Utc>) {
        if matches!(self.category, Category::Solved | Category::Closed | Category::WaitingForCustomer) {
            self.change_status(open_status.unwrap_or(Category::Open.as_str()), Category::Open, at);
        }
    }
}
