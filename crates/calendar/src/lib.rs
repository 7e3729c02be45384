#![doc = include_str!("../README.md")]

mod calendar;
mod days;
pub mod deadline;
mod document;
mod hours;
pub mod ical;
mod preview;
mod problem;
mod timeline;
mod zone;

pub use calendar::Calendar;
pub use hours::Interval;
pub use preview::{preview, rfc3339};
pub use problem::Problem;
pub use timeline::{HORIZON_DAYS, HorizonError, Shift};
pub use zone::{UnknownZone, Zone};
