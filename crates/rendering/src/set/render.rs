//! Renders a template for a channel.

use super::TemplateSet;
use super::message::{ActionText, RenderError, Rendered, Request};
use super::whatsapp;
use crate::channel::Channel;
use crate::document::{Parts, Template, WhatsApp};
use crate::engine::{Fault, Key, fault, run};
use crate::limits::{self, Limit};
use crate::locale::direction;
use crate::markup::{has_unsafe_link, is_unsafe_url, text_of};
use crate::mjml;
use crate::problem::Problem;
use crate::sanitize::one_line;
use crate::schema::check;
use crate::segments::segments;
use crate::transliterate::transliterate;
use crate::values::{parse_zone, scope};
use serde_json::Value as Json;

impl TemplateSet {
    /// Renders a template for a channel.
    ///
    /// The data are checked against the template's schema, the language is found by the fallback chain, and the
    /// result is held against the limits of the channel. See the crate's README for the rules of each channel.
    pub fn render(&self, request: &Request<'_>) -> Result<Rendered, RenderError> {
        let (name, template) = self
            .documents
            .template(request.name)
            .ok_or_else(|| RenderError::UnknownTemplate(request.name.to_owned()))?;
        let channel = Channel::parse(request.channel)
            .ok_or_else(|| RenderError::UnknownChannel(request.channel.to_owned()))?;
        if size(request.data) > limits::DATA_BYTES {
            return Err(Limit::Data.into());
        }
        let wrong = check(&template.data, request.data, "/data");
        if !wrong.is_empty() {
            return Err(RenderError::Data(wrong));
        }
        self.render_checked(name, template, channel, request)
    }

    /// Renders with data that were checked.
    pub(super) fn render_checked(
        &self,
        name: &str,
        template: &Template,
        channel: Channel,
        request: &Request<'_>,
    ) -> Result<Rendered, RenderError> {
        let zone = match request.time_zone {
            None => chrono_tz::UTC,
            Some(zone) => parse_zone(zone).ok_or_else(|| RenderError::UnknownTimeZone(zone.to_owned()))?,
        };
        let layers = self.documents.layers(template, request.locale);
        let Some((resolved, _)) = layers.first().copied() else {
            return Err(RenderError::MissingTranslation {
                name: name.to_owned(),
                locale: request.locale.to_owned(),
            });
        };
        let context = self.context(request.locale, resolved, zone, channel == Channel::Sms);
        let page = Page { set: self, name, layers, scope: scope(&template.data, request.data, context) };
        let mut out = Rendered {
            subject: None,
            text: String::new(),
            html: None,
            whatsapp: None,
            segments: None,
            action: None,
            locale: resolved.to_owned(),
            direction: direction(resolved),
        };
        match channel {
            Channel::Email => {
                out.subject = Some(page.line(page.needed("subject")?)?);
                out.html = page.html(resolved)?;
                if out.html.as_deref().is_some_and(has_unsafe_link) {
                    return Err(RenderError::UnsafeLink("html"));
                }
                out.text = match (page.part("text")?, &out.html) {
                    (Some(text), _) => text,
                    (None, Some(html)) => text_of(html),
                    (None, None) => return Err(page.missing("text")),
                };
            }
            Channel::InApp => {
                out.subject = page.part("title")?.map(|title| page.line(title)).transpose()?;
                out.text = page.part("body")?.map_or_else(|| page.needed("text"), Ok)?;
                out.action = page.action()?;
            }
            Channel::Sms => {
                let text = page.part("sms")?.map_or_else(|| page.needed("text"), Ok)?;
                out.text = if template.gsm7 { transliterate(&text) } else { text };
                out.segments = Some(segments(&out.text));
            }
            Channel::Text(_) => out.text = page.needed("text")?,
            Channel::WhatsApp => match page.whatsapp() {
                None => out.text = page.needed("text")?,
                Some((locale, whatsapp)) => {
                    let (message, shown) = whatsapp::message(whatsapp, |path| page.compiled(locale, path))?;
                    out.text = shown.map_or_else(|| page.needed("text"), Ok)?;
                    out.whatsapp = Some(message);
                }
            },
        }
        if out.text.encode_utf16().count() > channel.max_units() {
            return Err(Limit::Channel.into());
        }
        Ok(out)
    }

    /// A fault of a render as a problem of its source.
    pub(super) fn problem_of(&self, fault: &Fault) -> Problem {
        let key = fault.name.as_deref().and_then(Key::decode);
        let place = key.as_ref().map(|key| key.place(&self.documents)).unwrap_or_default();
        let source = key.and_then(|key| key.source(&self.documents)).unwrap_or("");
        place.problem_at(fault.position(source), fault.code(), fault.advice(source))
    }
}

/// One template in one language, with the data in scope.
struct Page<'s> {
    set: &'s TemplateSet,
    name: &'s str,
    layers: Vec<(&'s str, &'s Parts)>,
    scope: minijinja::Value,
}

impl<'s> Page<'s> {
    fn missing(&self, part: &'static str) -> RenderError {
        let locale = self.layers.first().map(|(tag, _)| (*tag).to_owned()).unwrap_or_default();
        RenderError::MissingPart { name: self.name.to_owned(), locale, part }
    }

    fn needed(&self, part: &'static str) -> Result<String, RenderError> {
        self.part(part)?.ok_or_else(|| self.missing(part))
    }

    /// A part of the first layer that has it.
    fn part(&self, part: &str) -> Result<Option<String>, RenderError> {
        let layer = self.layers.iter().find(|(_, parts)| parts.source(part).is_some());
        layer.map(|(locale, _)| self.compiled(locale, part)).transpose()
    }

    /// The HTML of the first layer that has any, written so or in MJML.
    fn html(&self, resolved: &str) -> Result<Option<String>, RenderError> {
        let layers = &mut self.layers.iter();
        let Some((locale, parts)) = layers.find(|(_, parts)| parts.html.is_some() || parts.mjml.is_some())
        else {
            return Ok(None);
        };
        if parts.html.is_some() {
            return self.compiled(locale, "html").map(Some);
        }
        let rendered = self.compiled(locale, "mjml")?;
        let html = mjml::compile(&rendered, resolved, direction(resolved).as_str()).map_err(|what| {
            let place = Key::Template(self.name, locale, "mjml").place(&self.set.documents);
            RenderError::Template(Box::new(place.problem("mjml", what)))
        })?;
        if html.len() > limits::OUTPUT_BYTES {
            return Err(Limit::Output.into());
        }
        Ok(Some(html))
    }

    fn compiled(&self, locale: &str, part: &str) -> Result<String, RenderError> {
        let key = Key::Template(self.name, locale, part).encode();
        let compiled = self.set.env.get_template(&key).map_err(|error| fault(&error));
        compiled.and_then(|compiled| run(&compiled, self.scope.clone())).map_err(|fault| {
            let problem = Box::new(self.set.problem_of(&fault));
            match fault.limit {
                Some(limit) => RenderError::Limit { limit, at: Some(problem) },
                None => RenderError::Template(problem),
            }
        })
    }

    /// A text that goes into a header or a title.
    fn line(&self, text: String) -> Result<String, RenderError> {
        let line = one_line(&text);
        let short = line.encode_utf16().count() <= limits::SUBJECT_UNITS;
        short.then_some(line).ok_or(Limit::Subject.into())
    }

    fn action(&self) -> Result<Option<ActionText>, RenderError> {
        Ok(match (self.part("action/label")?, self.part("action/url")?) {
            (Some(_), Some(url)) if is_unsafe_url(&url) => return Err(RenderError::UnsafeLink("action/url")),
            (Some(label), Some(url)) => Some(ActionText { label: self.line(label)?, url: one_line(&url) }),
            _ => None,
        })
    }

    fn whatsapp(&self) -> Option<(&'s str, &'s WhatsApp)> {
        self.layers.iter().find_map(|(locale, parts)| Some((*locale, parts.whatsapp.as_ref()?)))
    }
}

/// About the bytes of data as JSON.
pub(super) fn size(data: &Json) -> usize {
    match data {
        Json::String(text) => text.len().saturating_add(2),
        Json::Array(items) => items.iter().fold(2, |sum: usize, item| sum.saturating_add(size(item))),
        Json::Object(map) => map
            .iter()
            .fold(2, |sum: usize, (name, item)| sum.saturating_add(name.len()).saturating_add(size(item))),
        _ => 8,
    }
}
