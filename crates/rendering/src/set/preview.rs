//! Renders a source that belongs to no template yet.

use super::render::size;
use super::{RenderError, TemplateSet};
use crate::analyse::Analysis;
use crate::channel::Channel;
use crate::engine::{Key, fault, run};
use crate::limits::{self, Limit};
use crate::locale::{Direction, direction};
use crate::markup::{has_unsafe_link, html_of, is_html, text_of};
use crate::mjml;
use crate::problem::{Place, Problem};
use crate::schema::{check, infer};
use crate::segments::{Hint, Segments, hint, segments};
use crate::values::{parse_zone, scope};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A source to try.
#[derive(Clone, Copy, Debug)]
pub struct Preview<'a> {
    /// One part of a template; of an e-mail a fragment of HTML or plain text.
    pub source: &'a str,
    /// Channel slug, or `email`, `sms`, `text`.
    pub channel: &'a str,
    /// The values in scope; their types are those that they look like.
    pub data: &'a Json,
    /// Language tag.
    pub locale: &'a str,
    /// IANA time zone; UTC if none.
    pub time_zone: Option<&'a str>,
}

/// What a source renders to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previewed {
    /// Plain text.
    pub text: String,
    /// HTML, of an e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// Segments, of an SMS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<Segments>,
    /// Of an SMS that needs UCS-2: why, and what it would come to without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Hint>,
    /// Which way it is written.
    pub direction: Direction,
}

impl TemplateSet {
    /// Renders a source with data, or says what is wrong with it. Pointers are into the request (`/source`, `/data`,
    /// `/channel`, `/time_zone`) or, for partials, into the pack. A message that is longer than its channel takes is
    /// rendered all the same: its author wants to see by how much.
    pub fn preview(&self, preview: &Preview<'_>) -> Result<Previewed, Vec<Problem>> {
        let wrong = |pointer: &str, code, message: String| {
            vec![Place { pointer: pointer.to_owned(), ..Place::default() }.problem(code, message)]
        };
        let channel = Channel::parse(preview.channel).ok_or_else(|| {
            let known: Vec<_> = Channel::slugs().collect();
            wrong(
                "/channel",
                "unknown_channel",
                format!("no channel of this name; known are {}", known.join(", ")),
            )
        })?;
        let zone = match preview.time_zone.map(parse_zone) {
            None => chrono_tz::UTC,
            Some(Some(zone)) => zone,
            Some(None) => {
                return Err(wrong("/time_zone", "unknown_time_zone", "no time zone of this name".to_owned()));
            }
        };
        if size(preview.data) > limits::DATA_BYTES {
            return Err(wrong("/data", "limit", Limit::Data.advice()));
        }
        let schema = infer(preview.data);
        let misfits = check(&schema, preview.data, "/data");
        if !misfits.is_empty() {
            return Err(misfits.into_iter().flat_map(|m| wrong(&m.pointer, m.code, m.message)).collect());
        }

        let locale = crate::document::canonical(preview.locale);
        let html = channel == Channel::Email && is_html(preview.source);
        let key = Key::Preview(&locale, html);
        let place = key.place(&self.documents);
        let mut analysis = Analysis::new(&self.documents, &schema);
        analysis.source(preview.source, place.clone(), &locale, html);
        let layout = html && mjml::is_mjml(preview.source);
        if layout {
            analysis.problems.extend(super::validate::layout(preview.source, &place));
        }
        if !analysis.problems.is_empty() {
            return Err(super::tidy(analysis.problems));
        }

        let context = self.context(&locale, &locale, zone, channel == Channel::Sms);
        let name = key.encode();
        let compiled = self.env.template_from_named_str(&name, preview.source).map_err(|error| fault(&error));
        let done = compiled.and_then(|compiled| run(&compiled, scope(&schema, preview.data, context)));
        let text = done.map_err(|fault| {
            let mut problem = self.problem_of(&fault);
            if problem.pointer.is_empty() || fault.name.as_deref() == Some(&name) {
                let at = fault.position(preview.source);
                problem = place.problem_at(at, fault.code(), fault.advice(preview.source));
            }
            vec![problem]
        })?;
        let direction = direction(&locale);
        let text = if layout {
            let compiled = mjml::compile(&text, &locale, direction.as_str());
            compiled.map_err(|what| vec![place.problem("mjml", what)])?
        } else {
            text
        };
        if html && has_unsafe_link(&text) {
            return Err(wrong("/source", "unsafe_link", RenderError::UnsafeLink("html").to_string()));
        }
        let plain = Previewed { text, html: None, segments: None, hint: None, direction };
        Ok(match channel {
            Channel::Email if html => {
                Previewed { html: Some(plain.text.clone()), text: text_of(&plain.text), ..plain }
            }
            Channel::Email => Previewed { html: Some(html_of(&plain.text)), ..plain },
            Channel::Sms => {
                Previewed { segments: Some(segments(&plain.text)), hint: hint(&plain.text), ..plain }
            }
            Channel::InApp | Channel::Text(_) | Channel::WhatsApp => plain,
        })
    }
}
