//! WhatsApp templates: their values, and whether these fit what was approved.

use super::message::{ButtonValue, HeaderValue, RenderError, WhatsAppMessage};
use super::validate::place_of;
use crate::document::Template;
use crate::document::whatsapp::{
    Button, ButtonKind, Header, HeaderKind, Parameters, WhatsApp, filled, variables,
};
use crate::limits::{self, Limit};
use crate::problem::Problem;
use std::collections::{BTreeMap, BTreeSet};

/// Most buttons of a template.
const BUTTONS: usize = 10;

/// Renders each value with `render`, which takes a path; also gives the text as the contact sees it, if it is known.
pub(super) fn message(
    whatsapp: &WhatsApp,
    render: impl Fn(&str) -> Result<String, RenderError>,
) -> Result<(WhatsAppMessage, Option<String>), RenderError> {
    let value = |path: String| -> Result<String, RenderError> { render(&format!("whatsapp/{path}")) };
    let checked = |path: String, refused: fn(&str) -> Option<&'static str>| {
        let text = value(path.clone())?;
        refused(&text).map_or(Ok(text), |reason| Err(RenderError::Parameter { path, reason }))
    };
    let mut parameters = BTreeMap::new();
    let mut message = WhatsAppMessage {
        name: whatsapp.name.clone(),
        language: whatsapp.language.clone(),
        parameters: Vec::new(),
        names: Vec::new(),
        header: None,
        buttons: Vec::new(),
    };
    for (variable, path, _) in whatsapp.parameters.each() {
        let text = checked(format!("parameters/{path}"), refused_parameter)?;
        if matches!(whatsapp.parameters, Parameters::Named(_)) {
            message.names.push(variable.clone());
        }
        parameters.insert(variable, text.clone());
        message.parameters.push(text);
    }
    let mut above = None;
    if let Some(header) = &whatsapp.header {
        let refused = if header.kind == HeaderKind::Text { refused_parameter } else { refused_address };
        let given =
            header.value.is_some().then(|| checked("header/value".to_owned(), refused)).transpose()?;
        above = header.text.as_ref().map(|text| filled(text, |_| given.clone()));
        let variable = header.text.as_deref().and_then(|text| variables(text).first().copied());
        let name = variable.filter(|name| name.parse::<usize>().is_err()).map(str::to_owned);
        message.header = given.map(|value| HeaderValue { kind: header.kind, value, name });
    }
    for (index, button) in (0_u8..).zip(&whatsapp.buttons).filter(|(_, button)| button.value.is_some()) {
        let value = checked(format!("buttons/{index}/value"), refused_button)?;
        message.buttons.push(ButtonValue { index, kind: button.kind, value });
    }
    let shown = match &whatsapp.body {
        Some(body) if body.len() > limits::APPROVED_BYTES => return Err(Limit::Source.into()),
        Some(body) => {
            let body = filled(body, |name| parameters.get(name).cloned());
            Some(above.map_or_else(|| body.clone(), |above| format!("{above}\n\n{body}")))
        }
        None => None,
    };
    Ok((message, shown))
}

/// Why the provider would refuse a parameter's value.
fn refused_parameter(value: &str) -> Option<&'static str> {
    if value.trim().is_empty() {
        Some("is empty")
    } else if value.contains(['\n', '\r', '\t', '\u{c}']) {
        Some("has a line break or a tab")
    } else if value.contains("    ") {
        Some("has more than three spaces in a row")
    } else if value.encode_utf16().count() > 1_024 {
        Some("is longer than 1024 characters")
    } else {
        None
    }
}

fn refused_address(value: &str) -> Option<&'static str> {
    let is_address = value.strip_prefix("https://").is_some_and(|rest| !rest.is_empty());
    if !is_address || value.contains(char::is_whitespace) {
        Some("is no address that the provider could fetch a file from (https://…)")
    } else if value.len() > 2_048 {
        Some("is longer than 2048 characters")
    } else {
        None
    }
}

fn refused_button(value: &str) -> Option<&'static str> {
    if value.trim().is_empty() {
        Some("is empty")
    } else if value.contains(|c: char| c.is_whitespace() || c.is_control()) {
        Some("has white space")
    } else if value.len() > 256 {
        Some("is longer than 256 characters")
    } else {
        None
    }
}

/// What of a template does not fit what was approved, and where its languages differ in it.
pub(super) fn problems(name: &str, template: &Template) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut counts: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for (locale, parts) in &template.locales {
        let Some(whatsapp) = &parts.whatsapp else { continue };
        let mut say = |part: &str, code: &'static str, message: String| {
            problems.push(place_of(name, locale, &format!("whatsapp/{part}")).problem(code, message));
        };
        let given = whatsapp.parameters.each().len();
        let too_long =
            |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > limits::APPROVED_BYTES);
        let header = whatsapp.header.as_ref();
        if too_long(&whatsapp.body) || header.is_some_and(|header| too_long(&header.text)) {
            let message = format!("an approved text has at most {} bytes", limits::APPROVED_BYTES);
            say("body", "limit", message);
            continue;
        }
        parameters(whatsapp, &mut say);
        if let Some(header) = header {
            self::header(header, &mut say);
        }
        buttons(&whatsapp.buttons, &mut say);
        let (first, count) = *counts.entry(&whatsapp.name).or_insert((locale, given));
        if count != given {
            let message = format!("{locale} has {given} parameters, {first} has {count}");
            say("parameters", "whatsapp_parameter_count", message);
        }
        for (part, text) in [("name", &whatsapp.name), ("language", &whatsapp.language)] {
            if !is_name(text) {
                let message = "write it as the provider knows it: letters, digits and \"_\"";
                say(part, "bad_name", message.to_owned());
            }
        }
    }
    problems
}

fn is_name(text: &str) -> bool {
    (1..=512).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn parameters(whatsapp: &WhatsApp, say: &mut impl FnMut(&str, &'static str, String)) {
    let each = whatsapp.parameters.each();
    if matches!(whatsapp.parameters, Parameters::Named(_)) {
        for (variable, path, _) in &each {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            if !is_name(variable) || !variable.bytes().all(plain) || variable.parse::<usize>().is_ok() {
                let message = "a parameter's name is small letters, digits and \"_\", and no number";
                say(&format!("parameters/{path}"), "bad_name", message.to_owned());
            }
        }
    }
    let Some(body) = &whatsapp.body else { return };
    let wanted: BTreeSet<&str> = variables(body).into_iter().collect();
    let given: BTreeSet<&str> = each.iter().map(|(variable, ..)| variable.as_str()).collect();
    if wanted != given {
        let list = |variables: &BTreeSet<&str>| variables.iter().copied().collect::<Vec<_>>().join(", ");
        let message = format!(
            "the approved text has the parameters [{}], the template gives [{}]; they are 1, 2 … without gaps, or names",
            list(&wanted),
            list(&given)
        );
        say("parameters", "whatsapp_parameter_count", message);
    }
}

fn header(header: &Header, say: &mut impl FnMut(&str, &'static str, String)) {
    let found = header.text.as_deref().map(variables).unwrap_or_default();
    let wrong = match (header.kind, &header.text, &header.value) {
        (HeaderKind::Text, None, _) => Some("a header of text needs its approved \"text\""),
        (HeaderKind::Text, Some(_), _) if found.len() > 1 => Some("a header has one parameter at most"),
        (HeaderKind::Text, Some(_), value) if value.is_some() != (found.len() == 1) => {
            Some("a header needs a \"value\" if its approved text has a parameter, and only then")
        }
        (HeaderKind::Text, ..) => None,
        (_, Some(_), _) => Some("a header is a text or a file, not both"),
        (_, None, None) => Some("a file in the header needs its address as \"value\""),
        (_, None, Some(_)) => None,
    };
    if let Some(wrong) = wrong {
        say("header", "whatsapp_parameter_count", wrong.to_owned());
    }
}

fn buttons(buttons: &[Button], say: &mut impl FnMut(&str, &'static str, String)) {
    if buttons.len() > BUTTONS {
        say("buttons", "whatsapp_parameter_count", format!("a template has at most {BUTTONS} buttons"));
    }
    for (n, button) in buttons.iter().enumerate() {
        let found = button.url.as_deref().map(variables).unwrap_or_default();
        let ends = button.url.as_deref().is_some_and(|url| url.trim_end().ends_with("}}"));
        let wrong = match (button.kind, &button.url, &button.value) {
            (ButtonKind::Url, None, _) => Some("a button that opens an address needs the approved \"url\""),
            (ButtonKind::Url, Some(_), _) if found.len() > 1 || (found.len() == 1 && !ends) => {
                Some("an address has one parameter, at its end")
            }
            (ButtonKind::Url, Some(_), value) if value.is_some() != (found.len() == 1) => {
                Some("a button needs a \"value\" if its approved address has a parameter, and only then")
            }
            (ButtonKind::Url, ..) => None,
            (_, Some(_), _) => Some("only a button that opens an address has a \"url\""),
            (ButtonKind::Phone, None, Some(_)) => Some("a button that calls has no parameter"),
            (ButtonKind::CopyCode, None, None) => Some("a code to copy is the button's \"value\""),
            _ => None,
        };
        if let Some(wrong) = wrong {
            say(&format!("buttons/{n}"), "whatsapp_parameter_count", wrong.to_owned());
        }
    }
}
