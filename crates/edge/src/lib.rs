//! Where components meet the outside: requests and answers, callers, keys, variables, the clock, the log.
//!
//! HTTP status codes exist here and in the components alone.

pub mod api;
pub mod app;
pub mod approval;
pub mod auth;
pub mod card_numbers;
pub mod clock;
pub mod cursor;
pub mod directory;
pub mod fields;
pub mod file_link;
pub mod guesses;
pub mod html;
pub mod http;
pub mod identity;
pub mod ids;
pub mod internal;
pub mod keys;
pub mod limits;
pub mod log;
pub mod merging;
pub mod meter;
mod misfit;
pub mod openapi;
pub mod outgoing;
pub mod partitions;
pub mod people;
pub mod personal;
pub mod presence;
pub mod problem;
pub mod reply_token;
pub mod roles;
pub mod rotation;
pub mod routes;
pub mod survey_link;
pub mod templated;
pub mod token;
pub mod trace;
pub mod variables;
