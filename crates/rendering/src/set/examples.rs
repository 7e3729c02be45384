//! Renders every template with its examples, and with one thing changed at a time, so that branches are taken both
//! ways before a customer's data take them.

use super::validate::place_of;
use super::{RenderError, Request, TemplateSet};
use crate::channel::Channel;
use crate::document::Template;
use crate::problem::Problem;
use crate::schema::FieldType;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Variants that are rendered; further ones are left out.
const MAX_VARIANTS: usize = 48;

impl TemplateSet {
    /// Renders every locale for every channel that shows a part of its own.
    pub(super) fn examples(&self, name: &str, template: &Template) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (data, why) in variants(template) {
            for locale in template.locales.keys() {
                let layers = self.documents.layers(template, locale);
                let parts: BTreeSet<&str> = layers.iter().flat_map(|(_, parts)| parts.kinds()).collect();
                for (slug, channel) in channels(&parts) {
                    let request = Request { name, locale, channel: slug, data: &data, time_zone: None };
                    if let Err(error) = self.render_checked(name, template, channel, &request) {
                        let costly = matches!(error, RenderError::Limit { .. });
                        problems.push(problem(name, locale, slug, why.as_deref(), error));
                        if costly {
                            return problems;
                        }
                    }
                }
            }
        }
        problems
    }
}

/// Channels that together show every part.
fn channels(parts: &BTreeSet<&str>) -> Vec<(&'static str, Channel)> {
    let has = |names: &[&str]| names.iter().any(|name| parts.contains(name));
    let text_only = !has(&["subject", "html", "sms", "whatsapp", "title", "body", "action"]);
    [
        ("email", Channel::Email, has(&["subject", "html"])),
        ("in-app", Channel::InApp, has(&["title", "body", "action"])),
        ("sms", Channel::Sms, has(&["sms"])),
        ("text", Channel::Text(Channel::WhatsApp.max_units()), has(&["text"]) || text_only),
        ("whatsapp", Channel::WhatsApp, has(&["whatsapp"])),
    ]
    .into_iter()
    .filter(|(.., shown)| *shown)
    .map(|(slug, channel, _)| (slug, channel))
    .collect()
}

/// The examples, then with all and with each optional variable missing, each boolean the other way, each list empty.
fn variants(template: &Template) -> Vec<(Value, Option<String>)> {
    let fields = &template.data;
    let full: Map<String, Value> =
        fields.iter().filter_map(|(name, field)| Some((name.clone(), field.example.clone()?))).collect();
    let mut out = vec![(full.clone(), None)];
    let mut bare = full.clone();
    bare.retain(|name, _| fields.get(name).is_some_and(|field| !field.optional));
    if bare.len() < full.len() {
        out.push((bare, Some("every optional variable is missing".to_owned())));
    }
    for (name, field) in fields {
        let mut without = full.clone();
        if field.optional && without.remove(name).is_some() {
            out.push((without, Some(format!("\"{name}\", which is optional, is missing"))));
        }
        let changed = match (field.kind, full.get(name)) {
            (FieldType::Boolean, Some(Value::Bool(is))) => {
                Some((json!(!is), format!("\"{name}\" is {}", !is)))
            }
            (FieldType::List, Some(Value::Array(items))) if !items.is_empty() => {
                Some((json!([]), format!("\"{name}\" is empty")))
            }
            _ => None,
        };
        if let Some((value, why)) = changed {
            let mut other = full.clone();
            other.insert(name.clone(), value);
            out.push((other, Some(why)));
        }
    }
    out.truncate(MAX_VARIANTS);
    out.into_iter().map(|(map, why)| (Value::Object(map), why)).collect()
}

fn problem(name: &str, locale: &str, channel: &str, why: Option<&str>, error: RenderError) -> Problem {
    let when = why.map(|why| format!(" (when {why})")).unwrap_or_default();
    match error {
        RenderError::Template(fault) if fault.code == "undefined" && why.is_some() => Problem {
            code: "may_be_missing",
            message: format!("{}: use `default`, or ask `{{% if … is defined %}}`{when}", fault.message),
            ..*fault
        },
        RenderError::Template(fault) | RenderError::Limit { at: Some(fault), .. } => {
            Problem { message: format!("{}{when}", fault.message), ..*fault }
        }
        RenderError::Parameter { ref path, .. } => {
            let part = format!("whatsapp/{path}");
            place_of(name, locale, &part).problem("whatsapp_parameter", format!("{error}{when}"))
        }
        RenderError::MissingPart { part, .. } => {
            let message = format!("the channel \"{channel}\" needs \"{part}\"{when}");
            place_of(name, locale, "").problem("missing_part", message)
        }
        other => {
            let message = format!("{other} (channel \"{channel}\"){when}");
            place_of(name, locale, "").problem(other.code(), message)
        }
    }
}
