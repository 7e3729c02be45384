#![doc = include_str!("../README.md")]

pub mod erasure;
pub mod export;
pub mod hold;
pub mod ledger;
pub mod retention;
