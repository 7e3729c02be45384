//! Everything that an author could have got wrong.

use super::{TemplateSet, tidy, whatsapp};
use crate::analyse::Analysis;
use crate::document::{Documents, Locales, Template, pointer_of};
use crate::engine::Key;
use crate::locale::base;
use crate::mjml;
use crate::problem::{Place, Problem, line_and_column, pointer_step};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

impl TemplateSet {
    /// Reads and checks the templates and partials of a pack (objects by name; `null` is none). There is a set only
    /// if there is no problem.
    pub fn load(templates: &Value, partials: &Value, locales: Locales) -> Result<Self, Vec<Problem>> {
        let (documents, mut problems) = Documents::parse(templates, partials, locales);
        let set = Self::new(documents);
        problems.extend(set.validate());
        if problems.is_empty() { Ok(set) } else { Err(tidy(problems)) }
    }

    /// Reads the templates of a pack that was checked when it was published, without checking them again. What cannot
    /// be read is left out; what is faulty is an error when it is rendered.
    pub fn published(templates: &Value, partials: &Value, locales: Locales) -> Self {
        Self::new(Documents::parse(templates, partials, locales).0)
    }

    /// Checks every template: syntax and names of every part, translations, parameters, and renders with examples.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, template) in &self.documents.templates {
            let mut analysis = Analysis::new(&self.documents, &template.data);
            for (locale, parts) in &template.locales {
                for (part, source) in parts.sources() {
                    let key = Key::Template(name, locale, &part);
                    let place = key.place(&self.documents);
                    analysis.source(source, place.clone(), locale, key.is_html());
                    if part == "mjml" {
                        analysis.problems.extend(layout(source, &place));
                    }
                }
                if parts.html.is_some() && parts.mjml.is_some() {
                    let place = place_of(name, locale, "mjml");
                    let message = "the HTML of a mail is written in HTML or in MJML: take one of them out";
                    analysis.problems.push(place.problem("wrong_shape", message));
                }
            }
            let sound = analysis.problems.is_empty();
            // A source that could not be read may use anything.
            let unread = |p: &Problem| matches!(p.code, "syntax" | "limit" | "missing_include");
            let all_read = !analysis.problems.iter().any(unread);
            let unused =
                template.data.keys().filter(|name| all_read && !analysis.used.contains(name.as_str()));
            problems.extend(unused.map(|variable| unused_variable(name, variable)));
            problems.extend(analysis.problems);
            problems.extend(translations(name, template, &self.documents.locales));
            problems.extend(whatsapp::problems(name, template));
            if sound {
                problems.extend(self.examples(name, template));
            }
        }
        problems.extend(shortcuts(&self.documents));
        problems.extend(self.partials());
        tidy(problems)
    }

    /// The syntax of partials, which may be in use by no template yet.
    fn partials(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, partial) in &self.documents.partials {
            for (locale, html, source) in partial.sources() {
                let key = Key::Partial(name, locale, html);
                let syntax = crate::analyse::syntax_problem(source, &key.place(&self.documents));
                problems.extend(syntax);
            }
        }
        problems
    }
}

/// What is wrong with a document of MJML.
pub(super) fn layout(source: &str, place: &Place) -> Vec<Problem> {
    let faults = mjml::faults(source).into_iter();
    faults.map(|(at, what)| place.problem_at(line_and_column(source, at), "mjml", what)).collect()
}

/// The place of a part of a template; of the whole locale if the part is empty.
pub(super) fn place_of(name: &str, locale: &str, part: &str) -> Place {
    let mut pointer = pointer_of(name, locale);
    if !part.is_empty() {
        pointer = format!("{pointer}/{part}");
    }
    Place { template: name.to_owned(), locale: locale.to_owned(), part: part.to_owned(), pointer }
}

fn unused_variable(name: &str, variable: &str) -> Problem {
    let place = Place {
        template: name.to_owned(),
        locale: String::new(),
        part: format!("data/{variable}"),
        pointer: format!("/templates/{}/data/{}", pointer_step(name), pointer_step(variable)),
    };
    place.problem(
        "unused_variable",
        format!("\"{variable}\" is declared and no part uses it: use it or remove it"),
    )
}

/// Each shortcut can be typed and leads to one template.
fn shortcuts(documents: &Documents) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, template) in &documents.templates {
        let Some(shortcut) = &template.shortcut else { continue };
        let place = Place {
            template: name.clone(),
            pointer: format!("/templates/{}/shortcut", pointer_step(name)),
            ..Place::default()
        };
        let typed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !(1..=32).contains(&shortcut.len()) || !shortcut.bytes().all(typed) {
            problems.push(
                place.problem("bad_name", "a shortcut is 1 to 32 of a-z, 0-9 and \"-\", without the \"/\""),
            );
        }
        if let Some(other) = known.insert(shortcut, name) {
            problems.push(place.problem("shortcut_taken", format!("\"{other}\" has this shortcut already")));
        }
    }
    problems
}

/// The languages that a template must have, and the parts that one language has and another lacks.
fn translations(name: &str, template: &Template, locales: &Locales) -> Vec<Problem> {
    let mut problems = Vec::new();
    let required: BTreeSet<&String> =
        locales.required.iter().chain([&locales.default]).filter(|tag| !tag.is_empty()).collect();
    for tag in required {
        if !template.locales.keys().any(|own| base(own) == base(tag)) {
            let place = Place {
                template: name.to_owned(),
                locale: tag.clone(),
                pointer: format!("/templates/{}/locales", pointer_step(name)),
                ..Place::default()
            };
            problems.push(
                place.problem("missing_translation", format!("the template is not translated to {tag}")),
            );
        }
    }
    let mut languages: BTreeMap<&str, (&str, BTreeSet<&str>)> = BTreeMap::new();
    for (locale, parts) in &template.locales {
        languages.entry(base(locale)).or_insert((locale, BTreeSet::new())).1.extend(parts.kinds());
    }
    let all: BTreeSet<&str> = languages.values().flat_map(|(_, parts)| parts).copied().collect();
    for (locale, parts) in languages.values() {
        for part in all.difference(parts) {
            let place = Place { part: (*part).to_owned(), ..place_of(name, locale, "") };
            problems.push(
                place.problem("missing_part", format!("another language has \"{part}\", {locale} has not")),
            );
        }
    }
    problems
}
