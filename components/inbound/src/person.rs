//! Whose key an item is sealed under, and what it tells of the person.

use crate::intake::{BY, Origin};
use relevo_channels::reach;
use relevo_domain::contact::ContactEvent;
use relevo_domain::conversation::{Conversation, Party};
use relevo_domain::message::{Address, Inbound, InboundMessage};
use relevo_domain::opt_out::{self, Wish};
use relevo_domain::pack::Pack;
use relevo_edge::app::event;
use relevo_edge::ids;
use relevo_edge::personal::{Persons, Sighting};
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use relevo_journal::{Commit, Loaded, NewEvent};
use serde_json::Value;

/// Whom a message is from or to.
pub struct Met {
    /// Who and where.
    pub party: Party,
    /// The person; replies may go elsewhere.
    pub address: Address,
    /// By what else they are known, as this message is the first to tell.
    pub further: Vec<Address>,
    /// It may open a ticket.
    pub opens_ticket: bool,
    /// Whether they want to be written to, if they say so.
    pub wish: Option<NewEvent<ContactEvent>>,
}

/// STOP, START and their translations, as a whole message. `hash` names the message.
pub fn wish(
    pack: &Pack,
    party: &Party,
    message: &InboundMessage,
    hash: &str,
) -> Option<NewEvent<ContactEvent>> {
    let (channel, account) = (party.channel.clone(), Some(party.account.clone()));
    let settings = pack.account(&party.channel, &party.account).map(|account| &account.settings);
    let sender = settings.and_then(reach::shared_sender).map(str::to_owned);
    let data = match opt_out::wish(&message.text.as_ref()?.0, channel == "twilio-sms")? {
        Wish::Stop => ContactEvent::OptedOut { channel, account, sender },
        Wish::Start => ContactEvent::OptedIn { channel, account, sender },
    };
    event(format!("wish.{hash}"), BY, 0, data).ok()
}

/// The conversation with the key for a message, and what the message tells of its sender noted.
pub async fn seal<S: Store>(
    persons: &mut Persons<'_, S>,
    commit: &mut Commit,
    loaded: Loaded<Conversation>,
    name: &str,
    met: Met,
) -> Result<Loaded<Conversation>, Problem> {
    let known = loaded.state.party.as_ref().filter(|known| known.contact == met.party.contact);
    let is_news = !met.further.is_empty()
        || known.is_none_or(|known| {
            (met.party.name.is_some() && met.party.name != known.name) || met.party.address != known.address
        });
    let contact = met.party.contact.strip_prefix(ids::CONTACT).unwrap_or_default();
    let (key, is_made) = match (loaded.key(), known) {
        (Some(key), Some(_)) if !met.opens_ticket => (key.clone(), false),
        _ => persons.key(commit, contact, Some(name), met.opens_ticket).await?,
    };
    for address in met.further.iter().chain([&met.address]).filter(|_| is_news || is_made) {
        let sighting = Sighting {
            contact,
            channel: &met.party.channel,
            address,
            name: met.party.name.as_ref(),
            conversation: name,
        };
        persons.learn(commit, sighting, &key, is_made).await?;
    }
    if let Some(wish) = met.wish {
        persons.note(commit, contact, wish).await?;
    }
    Ok(loaded.sealed_under(key))
}

/// Keeps a report about somebody who is known with that person; gives back any other.
pub async fn report_on_person<S: Store>(
    persons: &mut Persons<'_, S>,
    commit: &mut Commit,
    origin: Origin<'_>,
    item: Inbound,
) -> Result<Option<Inbound>, Problem> {
    let (person, external_id) = match &item {
        Inbound::Status(report) => {
            (report.recipient.as_ref(), format!("{}/{:?}", report.external_id, report.state))
        }
        Inbound::Call(call) => (call.person.as_ref(), call.external_id.clone()),
        Inbound::Other(other) => (other.from.as_ref(), other.external_id.clone()),
        _ => return Ok(Some(item)),
    };
    let Some(person) = person else { return Ok(Some(item)) };
    let keys = persons.keys();
    let contact = ids::contact(keys, origin.channel, person);
    let id = format!("event.{}", keys.id("event", &[origin.channel, origin.account, &external_id]));
    let mut data = serde_json::to_value(&item).unwrap_or_default();
    let kind = data.get_mut("item").map(Value::take).unwrap_or_default();
    let report = ContactEvent::ReportReceived {
        channel: origin.channel.to_owned(),
        account: origin.account.to_owned(),
        kind: kind.as_str().unwrap_or("item").to_owned(),
        data: data.into(),
    };
    Ok(if persons.report(commit, &contact, &id, report).await? { None } else { Some(item) })
}
