//! What comes in: does it open a ticket, join one, or follow one up?

use super::{Published, Told, opening, status_id};
use crate::category::Category;
use crate::conversation::{
    CallReported, Conversation, ConversationEvent, MessageReceived, MessageSentElsewhere, Opening, Party,
};
use crate::message::{Automatic, CallDirection, CallReport, InboundMessage, MessageKind, OutgoingMessage};
use crate::pack::Pack;
use chrono::{DateTime, Duration, Utc};

/// Does the next message need a ticket number, because there is no ticket that it could join? A ticket that was
/// solved longer ago than the pack allows is followed up by another one.
pub fn opens_ticket(state: &Conversation, pack: &Pack, message: &InboundMessage, now: DateTime<Utc>) -> bool {
    let silent = message.kind == MessageKind::Reaction || by_machine(message);
    !silent && (state.current().is_none() || follows(state, pack, now).is_some())
}

/// A report or an automatic answer: it belongs to what it answers, and to the account if it answers nothing here.
pub fn by_machine(message: &InboundMessage) -> bool {
    let automatic = message.mail.as_ref().and_then(|mail| mail.automatic);
    matches!(automatic, Some(Automatic::Reply | Automatic::Bounce))
}

/// A program's own mail where a person has written, or one of us, is an answer to that whatever it says of itself: absence
/// notes of some systems say that they are a program's own.
pub fn is_answer_after_all(state: &Conversation, message: &InboundMessage) -> bool {
    let automatic = message.mail.as_ref().and_then(|mail| mail.automatic);
    automatic == Some(Automatic::Generated) && state.tickets.last().is_some_and(|ticket| !ticket.automatic)
}

/// Must it not make a conversation: a report, an automatic answer, a reaction to what was said in a group?
pub fn opens_nothing(message: &InboundMessage) -> bool {
    by_machine(message) || (message.kind == MessageKind::Reaction && message.reply_to.is_some())
}

/// The solved ticket that the next message would follow up rather than open again.
fn follows(state: &Conversation, pack: &Pack, now: DateTime<Utc>) -> Option<u32> {
    let days = i64::from(pack.reopen_within_days?);
    let current = state.current().filter(|ticket| ticket.category == Category::Solved)?;
    (now - current.solved_at? > Duration::days(days)).then_some(current.ordinal)
}

/// A message of a customer. `number` is the friendly number to use if it opens a ticket.
pub fn receive(
    state: &Conversation,
    published: Published<'_>,
    id: String,
    party: Party,
    message: InboundMessage,
    number: Option<u64>,
    now: DateTime<Utc>,
) -> ConversationEvent {
    let follows = follows(state, published.pack, now);
    let told = Told {
        subject: message.subject.as_ref().map(|subject| subject.0.as_str()),
        text: message.text.as_ref().map(|text| text.0.as_str()),
        fields: None,
    };
    let opening =
        number.map(|number| Opening { follows, ..opening(published, &party, number, Category::New, told) });
    let open_status = state.current().map(|_| status_id(published.pack, Category::Open));
    let open_status = open_status.filter(|status| status != Category::Open.as_str());
    let received = MessageReceived { id, party, message, opening, open_status, vote: None };
    ConversationEvent::MessageReceived(Box::new(received))
}

/// A message of one of us that another system has already sent. `number` as in [`receive`].
pub fn sent_elsewhere(
    published: Published<'_>,
    id: String,
    party: Party,
    message: OutgoingMessage,
    number: Option<u64>,
) -> ConversationEvent {
    let opening = number.map(|number| opening(published, &party, number, Category::Open, Told::default()));
    ConversationEvent::MessageSentElsewhere(Box::new(MessageSentElsewhere { id, party, message, opening }))
}

/// A report on a telephone call. `number` as in [`receive`].
pub fn called(
    state: &Conversation,
    published: Published<'_>,
    id: String,
    party: Option<Party>,
    call: CallReport,
    number: Option<u64>,
) -> ConversationEvent {
    let opening = party.as_ref().zip(number).map(|(party, number)| {
        let category =
            if call.direction == Some(CallDirection::Out) { Category::Open } else { Category::New };
        opening(published, party, number, category, Told::default())
    });
    let open_status = state.current().map(|_| status_id(published.pack, Category::Open));
    ConversationEvent::CallReported(Box::new(CallReported { id, party, call, opening, open_status }))
}
