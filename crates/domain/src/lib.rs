//! The rules of a support desk as pure functions: events, state and decisions. No I/O, no clock.

pub mod message;
mod private;

pub use private::Private;
