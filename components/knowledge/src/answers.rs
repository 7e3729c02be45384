//! Canned answers that say what a ticket is about: templates that an agent may choose, by a shortcut or in a macro.

use relevo_domain::action::Action;
use relevo_domain::pack::{Pack, Role};
use relevo_search::rank::{self, Weighed};
use relevo_search::words::words;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Answers that are suggested.
const SUGGESTED: usize = 3;

/// How much a word of the title counts.
const TITLE: u32 = 4;

/// How many words an answer has to say whose title says none, and how long they are: short ones join sentences.
const LEAST_WORDS: usize = 2;
const SHORTEST_WORD: usize = 6;

/// An answer that could be given.
struct Canned {
    template: String,
    by_macro: Option<String>,
    shortcut: Option<String>,
    title: String,
    locale: String,
    words: BTreeMap<String, u32>,
}

impl Weighed for Canned {
    fn words(&self) -> &BTreeMap<String, u32> {
        &self.words
    }
}

/// The answers that say some of the words, best first, as suggestions show them.
pub fn suggested(
    pack: &Pack,
    (person, role): (&str, Role),
    locale: Option<&str>,
    terms: &[String],
) -> Vec<Value> {
    let canned = all(pack, person, role, locale.unwrap_or(&pack.locale.default));
    let mut terms = terms.to_vec();
    retain_telling(&mut terms, canned.len(), |term| {
        canned.iter().filter(|one| one.words.contains_key(term)).count()
    });
    let shown = rank::rank(&canned, &terms).into_iter().filter_map(|(place, score)| {
        let one = canned.get(place)?;
        let why: Vec<&String> = terms.iter().filter(|term| one.words.contains_key(*term)).collect();
        // A word or two in passing are chance.
        let titled = why.iter().any(|word| one.words.get(*word).is_some_and(|weight| *weight >= TITLE));
        let long = why.iter().filter(|word| word.chars().count() >= SHORTEST_WORD).count();
        (titled || long >= LEAST_WORDS).then(|| {
            json!({
                "kind": "answer", "template": one.template, "macro": one.by_macro, "shortcut": one.shortcut,
                "title": one.title, "locale": one.locale, "score": (score * 1_000.0).round() / 1_000.0,
                "why": {"words": why},
            })
        })
    });
    shown.take(SUGGESTED).collect()
}

/// Leaves out of many what more than half of them say: it tells nothing.
pub fn retain_telling(terms: &mut Vec<String>, count: usize, saying: impl Fn(&String) -> usize) {
    terms.retain(|term| count <= 3 || saying(term).saturating_mul(2) <= count);
}

/// What somebody may answer with: what has a shortcut, and what a macro that is theirs replies with.
fn all(pack: &Pack, person: &str, role: Role, locale: &str) -> Vec<Canned> {
    let mut by_macro: BTreeMap<&str, (&String, &str)> = BTreeMap::new();
    for (id, one) in pack.macros.iter().filter(|(_, one)| pack.may_apply(one, person, role)) {
        for action in &one.then {
            if let Action::Reply { template, .. } = action {
                by_macro.entry(template.as_str()).or_insert((id, one.name.as_str()));
            }
        }
    }
    let chain = pack.locale_chain(locale);
    let canned = pack.templates.iter().filter_map(|(name, template)| {
        let text = |field: &str| template.get(field).and_then(Value::as_str);
        let (shortcut, macro_of) = (text("shortcut"), by_macro.get(name.as_str()));
        if shortcut.is_none() && macro_of.is_none() {
            return None;
        }
        let locales = template.get("locales")?.as_object()?;
        let first = chain.iter().find_map(|locale| locales.get_key_value(locale));
        let (locale, parts) = first.or_else(|| locales.iter().next())?;
        let title = macro_of.map(|(_, called)| *called).or_else(|| text("description")).unwrap_or(name);
        let said = ["/subject", "/text", "/sms", "/whatsapp/body"];
        let said = said.iter().filter_map(|part| parts.pointer(part)?.as_str()).map(plain);
        let titles = [Some(name.as_str()), shortcut, Some(title), text("description")];
        let titles = titles.into_iter().flatten().map(|title| (title.to_owned(), TITLE));
        let mut weights: BTreeMap<String, u32> = BTreeMap::new();
        for (piece, weight) in titles.chain(said.map(|said| (said, 1))) {
            for word in words(&piece) {
                let count = weights.entry(word.folded).or_default();
                // However often it is said in passing, it is no title.
                *count = if weight == TITLE { TITLE } else { (*count).max(1) };
            }
        }
        Some(Canned {
            template: name.clone(),
            by_macro: macro_of.map(|(id, _)| (*id).clone()),
            shortcut: shortcut.map(str::to_owned),
            title: title.to_owned(),
            locale: locale.clone(),
            words: weights,
        })
    });
    canned.collect()
}

/// A template's source without what is filled in.
fn plain(source: &str) -> String {
    let (mut said, mut rest) = (String::with_capacity(source.len()), source);
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        said.push_str(before);
        let close = match from.get(1..2) {
            Some("{") => "}}",
            Some("%") => "%}",
            Some("#") => "#}",
            _ => "{",
        };
        said.push(' ');
        rest = from.split_once(close).map_or("", |(_, after)| after);
    }
    said.push_str(rest);
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack() -> Pack {
        let text = |shortcut: Value, description: &str, es: &str| {
            let mut template = json!({"description": description, "data": {}, "locales": {"es": {"text": es}, "fr": {"text": "Bonjour"}}});
            if !shortcut.is_null() {
                template["shortcut"] = shortcut;
            }
            template
        };
        let pack = json!({
            "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
            "queues": {"support": {"name": "Support"}},
            "teams": {"tech": {"name": "Tech"}},
            "people": {
                "ana": {"name": "Ana", "role": "agent", "teams": ["tech"]},
                "eva": {"name": "Eva", "role": "agent"},
            },
            "templates": {
                "acceso": text(json!("clave"), "Recuperar el acceso", "Hola {{ contact_name }}: su contraseña ha caducado. {% if x %}Pida otra{% endif %}"),
                "acuse": text(Value::Null, "Acuse de recibo", "Hemos recibido su contraseña caducada"),
                "solucion": text(Value::Null, "Solución", "Listo"),
            },
            "macros": {"resolver": {"name": "Resolver una incidencia", "teams": ["tech"], "then": [{"reply": {"template": "solucion"}}]}},
        });
        relevo_domain::pack::parse(pack).expect("a pack")
    }

    fn names(person: &str, terms: &[&str]) -> Vec<(Value, Value)> {
        let terms: Vec<String> = terms.iter().map(|term| (*term).to_owned()).collect();
        let found = suggested(&pack(), (person, Role::Agent), Some("es"), &terms);
        found.into_iter().map(|one| (one["template"].clone(), one["macro"].clone())).collect()
    }

    #[test]
    fn what_agents_choose_is_suggested_by_its_title_or_by_several_words() {
        let acceso = [(json!("acceso"), Value::Null)];
        assert_eq!(names("eva", &["recuperar"]), acceso);
        assert_eq!(names("eva", &["clave"]), acceso);
        assert_eq!(names("eva", &["contrasena", "caducado"]), acceso);
        assert_eq!(names("eva", &["hola", "pida", "otra"]), [], "words that join sentences");
        for chance in ["contrasena", "contact_name", "hola", "endif", "recibido"] {
            assert_eq!(names("eva", &[chance]), [], "{chance}");
        }
    }

    #[test]
    fn what_a_macro_replies_with_is_suggested_to_those_who_may_apply_it() {
        assert_eq!(names("ana", &["incidencia"]), [(json!("solucion"), json!("resolver"))]);
        assert_eq!(names("eva", &["incidencia"]), []);
    }

    #[test]
    fn of_a_source_what_is_said_is_left() {
        for (source, said) in [
            ("a {{ b }} c", "a   c"),
            ("{% if x %}y{% endif %}", " y "),
            ("{# n #}z", " z"),
            ("{b", " b"),
            ("a{{", "a "),
        ] {
            assert_eq!(plain(source), said, "{source}");
        }
    }
}
