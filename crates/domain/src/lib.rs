//! The rules of a support desk as pure functions: events, state and decisions. No I/O, no clock.

pub mod account;
pub mod account_silence;
pub mod assignment;
pub mod breaker;
pub mod bulk;
pub mod card_number;
pub mod category;
pub mod config;
pub mod contact;
pub mod conversation;
pub mod draft;
pub mod erasure;
pub mod field;
pub mod iban;
pub mod identity;
pub mod issue;
pub mod kpi;
pub mod message;
pub mod objects;
pub mod opt_out;
pub mod outbox;
pub mod pack;
pub mod playbook;
pub mod presence;
mod private;
pub mod refusal;
pub mod retention;
pub mod rows;
pub mod sla;
pub mod survey;
pub mod table;
pub mod template;
pub mod tokens;
pub mod tone;
pub mod worklist;

pub use private::Private;
