#![doc = include_str!("../README.md")]

pub mod query;
pub mod rank;
pub mod snippet;
pub mod words;

pub use query::{Query, Refused};
pub use snippet::{Part, Text};
