#![doc = include_str!("../README.md")]

mod analyse;
mod channel;
mod document;
mod engine;
mod guard;
pub mod helpers;
pub mod limits;
pub mod locale;
mod markup;
mod mjml;
mod problem;
mod sanitize;
mod schema;
pub mod segments;
mod set;
pub mod transliterate;
mod values;

pub use channel::Channel;
pub use document::whatsapp::{Button, ButtonKind, Header, HeaderKind, Parameters};
pub use document::{
    Action, Documents, Kinds, Locales, Partial, PartialText, Parts, Template, WhatsApp, is_name,
};
pub use limits::Limit;
pub use problem::Problem;
pub use schema::{DataProblem, Field, FieldType, Schema};
pub use segments::{Encoding, Segments};
pub use set::{
    ActionText, ButtonValue, HeaderValue, Preview, Previewed, RenderError, Rendered, Request, TemplateSet,
    WhatsAppMessage,
};
pub use values::is_time_zone;
