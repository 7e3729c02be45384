//! What is derived from streams and kept so that lists, ticks and figures need not read them all.
//!
//! [`follow`] reads a desk's feed from a cursor, loads the streams that changed and writes what follows from
//! their states: rows of tables ([`shards`]), entries of the agenda ([`agenda`]), messages to subscribers
//! ([`fanout`]). Everything written is a function of a stream's state, so followers may overlap or stall.

pub mod account_silence;
pub mod agenda;
pub mod anchors;
pub mod answers;
pub mod articles;
pub mod assignment;
pub mod automations;
pub mod claims;
pub mod desks;
pub mod fanout;
pub mod follow;
pub mod heads;
pub mod housekeeping;
pub mod notices;
pub mod overdue;
pub mod shards;
pub mod silence;
#[cfg(test)]
mod test_desk;
pub mod verify;
pub mod vitals;
pub mod words;
