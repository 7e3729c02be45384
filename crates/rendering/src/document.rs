//! Templates as a pack writes them.

mod parse;
pub mod whatsapp;

use crate::locale::base;
use crate::schema::Schema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use parse::is_name;
pub(crate) use parse::pointer_of;
pub use whatsapp::WhatsApp;

/// Everything of a pack that rendering needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Documents {
    /// Templates by name.
    pub templates: BTreeMap<String, Template>,
    /// Pieces that templates include or import, by name.
    pub partials: BTreeMap<String, Partial>,
    /// Languages.
    pub locales: Locales,
}

/// The desk's languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locales {
    /// Used where nothing else is known; every template must have it.
    pub default: String,
    /// For a tag, the tags to try after it (`"es-MX": ["es", "en"]`).
    #[serde(default)]
    pub fallback: BTreeMap<String, Vec<String>>,
    /// Further tags whose language every template must have.
    #[serde(default)]
    pub required: Vec<String>,
}

/// One template in all its languages and parts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// For those who choose it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What an agent types to choose it: `refund` for `/refund`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortcut: Option<String>,
    /// The data it takes.
    #[serde(default)]
    pub data: Schema,
    /// Replace letters that the 7-bit alphabet of SMS lacks by near ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gsm7: bool,
    /// Parts by locale.
    pub locales: BTreeMap<String, Parts>,
}

/// The parts of a template in one language. Each is a source text; a channel takes the parts that it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// Plain text of every channel that has no part of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Subject of an e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// HTML of an e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// The same as a document of MJML, which becomes HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mjml: Option<String>,
    /// Text of an SMS, if it is to be shorter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms: Option<String>,
    /// A template approved by WhatsApp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whatsapp: Option<WhatsApp>,
    /// Title of an in-app message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Text of an in-app message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Button of an in-app message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
}

/// A button.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub url: String,
}

/// A piece for other templates: one source for all, or one for each kind of text, or for each language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Partial {
    /// The same for text and HTML (where values are escaped).
    Plain(String),
    /// By language.
    Localized {
        /// Pieces by locale.
        locales: BTreeMap<String, PartialText>,
    },
    /// By kind.
    Kinds(Kinds),
}

/// A piece in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PartialText {
    /// The same for text and HTML.
    Plain(String),
    /// By kind.
    Kinds(Kinds),
}

/// Pieces for text and for HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kinds {
    /// In everything but HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// In HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

impl Parts {
    /// Every source with its path, which is also the end of its JSON pointer.
    pub fn sources(&self) -> Vec<(String, &str)> {
        let whatsapp = self.whatsapp.iter().flat_map(WhatsApp::sources);
        let action = self.action.as_ref();
        let named = [
            ("text", self.text.as_ref()),
            ("subject", self.subject.as_ref()),
            ("html", self.html.as_ref()),
            ("mjml", self.mjml.as_ref()),
            ("sms", self.sms.as_ref()),
            ("title", self.title.as_ref()),
            ("body", self.body.as_ref()),
            ("action/label", action.map(|a| &a.label)),
            ("action/url", action.map(|a| &a.url)),
        ];
        named
            .into_iter()
            .filter_map(|(part, source)| Some((part.to_owned(), source?.as_str())))
            .chain(whatsapp.map(|(path, source)| (format!("whatsapp/{path}"), source)))
            .collect()
    }

    /// Names of the parts that are there.
    pub fn kinds(&self) -> Vec<&'static str> {
        [
            ("text", self.text.is_some()),
            ("subject", self.subject.is_some()),
            ("html", self.html.is_some() || self.mjml.is_some()),
            ("sms", self.sms.is_some()),
            ("whatsapp", self.whatsapp.is_some()),
            ("title", self.title.is_some()),
            ("body", self.body.is_some()),
            ("action", self.action.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, is_there)| is_there.then_some(name))
        .collect()
    }

    /// The source of a part.
    pub fn source(&self, part: &str) -> Option<&str> {
        self.sources().into_iter().find(|(name, _)| name == part).map(|(_, source)| source)
    }
}

impl Locales {
    /// The tags to try for a locale: itself, its chain, its language, the desk's default.
    ///
    /// ```
    /// use relevo_rendering::Locales;
    /// let locales = Locales { default: "en".into(), ..Locales::default() };
    /// assert_eq!(locales.chain("es_mx"), ["es-MX", "es", "en"]);
    /// ```
    pub fn chain(&self, locale: &str) -> Vec<String> {
        let tag = canonical(locale);
        let mut chain = vec![tag.clone()];
        chain.extend(
            self.fallback.get(&tag).or_else(|| self.fallback.get(locale)).into_iter().flatten().cloned(),
        );
        chain.extend([base(&tag).to_owned(), self.default.clone()]);
        let mut seen = Vec::new();
        chain.retain(|tag| {
            !tag.is_empty() && !seen.contains(tag) && {
                seen.push(tag.clone());
                true
            }
        });
        chain
    }
}

/// A tag in its usual letters (`es-MX`), as several providers send others (`es_mx`).
pub(crate) fn canonical(locale: &str) -> String {
    let mut steps = locale.split(['-', '_']);
    let mut out = steps.next().unwrap_or("").to_ascii_lowercase();
    for step in steps {
        out.push('-');
        match step.len() {
            2 => out.push_str(&step.to_ascii_uppercase()),
            4 => {
                let (first, rest) = step.split_at_checked(1).unwrap_or((step, ""));
                out.push_str(&first.to_ascii_uppercase());
                out.push_str(&rest.to_ascii_lowercase());
            }
            _ => out.push_str(&step.to_ascii_lowercase()),
        }
    }
    out
}

impl Documents {
    /// A template by name, or, after a `/`, by shortcut.
    pub fn template(&self, name: &str) -> Option<(&str, &Template)> {
        let found = match name.strip_prefix('/') {
            Some(shortcut) => self.templates.iter().find(|(_, t)| t.shortcut.as_deref() == Some(shortcut)),
            None => self.templates.get_key_value(name),
        };
        found.map(|(name, template)| (name.as_str(), template))
    }

    /// The layers of a template for a locale, most special first, all of one language: those of the first tag of the
    /// chain that the template has, and of the tags after it that are of the same language. Parts that one layer
    /// lacks come from the next; languages are never mixed.
    pub fn layers<'a>(&'a self, template: &'a Template, locale: &str) -> Vec<(&'a str, &'a Parts)> {
        let chain = self.locales.chain(locale);
        let found: Vec<_> =
            chain.iter().filter_map(|tag| template.locales.get_key_value(tag.as_str())).collect();
        let language = found.first().map(|(tag, _)| base(tag));
        found
            .into_iter()
            .filter(|(tag, _)| Some(base(tag)) == language)
            .map(|(tag, parts)| (tag.as_str(), parts))
            .collect()
    }

    /// The source of a partial for a locale, with the end of its JSON pointer.
    pub fn partial(&self, name: &str, locale: &str, html: bool) -> Option<(String, &str)> {
        match self.partials.get(name)? {
            Partial::Plain(source) => Some((String::new(), source)),
            Partial::Kinds(kinds) => kinds.source("", html),
            Partial::Localized { locales } => {
                let chain = self.locales.chain(locale);
                let (tag, text) = chain.iter().find_map(|tag| locales.get_key_value(tag.as_str()))?;
                let end = format!("/locales/{}", crate::problem::pointer_step(tag));
                match text {
                    PartialText::Plain(source) => Some((end, source)),
                    PartialText::Kinds(kinds) => kinds.source(&end, html),
                }
            }
        }
    }
}

impl Partial {
    /// Every source, with its locale (empty: any) and whether it is HTML.
    pub fn sources(&self) -> Vec<(&str, bool, &str)> {
        match self {
            Self::Plain(source) => vec![("", false, source)],
            Self::Kinds(kinds) => kinds.sources("").collect(),
            Self::Localized { locales } => locales
                .iter()
                .flat_map(|(tag, text)| match text {
                    PartialText::Plain(source) => vec![(tag.as_str(), false, source.as_str())],
                    PartialText::Kinds(kinds) => kinds.sources(tag).collect(),
                })
                .collect(),
        }
    }
}

impl Kinds {
    fn sources<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = (&'a str, bool, &'a str)> {
        let text = self.text.iter().map(move |source| (tag, false, source.as_str()));
        text.chain(self.html.iter().map(move |source| (tag, true, source.as_str())))
    }

    fn source(&self, end: &str, html: bool) -> Option<(String, &str)> {
        let own = if html { self.html.as_ref().map(|source| ("html", source)) } else { None };
        let (kind, source) = own.or_else(|| self.text.as_ref().map(|source| ("text", source)))?;
        Some((format!("{end}/{kind}"), source))
    }
}
