//! The ticket that a run is about.

use relevo_domain::conversation::{Conversation, Party, Ticket, decide};
use relevo_domain::pack::Pack;
use relevo_edge::ids;
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_edge::routes::Call;
use relevo_journal::{Commit, DataKey, Fold, Loaded};

/// A ticket and its conversation.
pub struct OnTicket {
    /// Its conversation.
    pub loaded: Loaded<Conversation>,
    /// Its ordinal there.
    pub ordinal: u32,
}

impl OnTicket {
    /// Loads a ticket by its public id.
    pub async fn load(call: &Call<'_>, id: &str) -> Result<Self, Problem> {
        let (conversation, ordinal) = ids::parse_ticket(id)?;
        let stream = call.context.stream(Conversation::KIND, conversation)?;
        let loaded = call.context.journal.load::<Conversation>(&stream, call.context.now).await?;
        decide::existing(&loaded.state, ordinal)?;
        Ok(Self { loaded, ordinal })
    }

    /// The ticket.
    pub fn ticket(&self) -> Result<&Ticket, Problem> {
        Ok(decide::existing(&self.loaded.state, self.ordinal)?)
    }

    /// Whose it is.
    pub fn party(&self) -> Option<&Party> {
        self.loaded.state.party.as_ref()
    }

    /// The partition that it belongs to, if the caller may see it.
    pub fn partition<'p>(&self, call: &Call<'_>, pack: &'p Pack) -> Result<Option<&'p str>, Problem> {
        let ticket = self.ticket()?;
        let partition = pack.partition_of_ticket(&ticket.queue, ticket.team.as_deref());
        if pack.sees(&call.caller.person, call.caller.role, partition) {
            return Ok(partition);
        }
        Err(Problem::not_found("unknown_ticket", "there is no such ticket at this desk"))
    }

    /// The key of its contact for this conversation: whatever is sealed under it goes when the contact is erased.
    pub async fn key(&self, call: &Call<'_>, commit: &mut Commit) -> Result<Option<DataKey>, Problem> {
        let Some(party) = self.party() else { return Ok(None) };
        let contact = party.contact.strip_prefix(ids::CONTACT).unwrap_or(&party.contact);
        let actor = call.caller.actor();
        let mut persons = Persons::new(&call.context, &actor);
        let (key, _) = persons.key(commit, contact, Some(self.loaded.stream().name()), false).await?;
        Ok(Some(key))
    }
}
