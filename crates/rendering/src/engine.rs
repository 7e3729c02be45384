//! The template engine: strict, limited, and able to load nothing but a pack's own sources.

use crate::document::Documents;
use crate::guard::{guard, syntax};
use crate::helpers;
use crate::limits::{self, Limit};
use crate::problem::{Place, line_and_column, pointer_step};
use crate::values::{Context, Moment, Money};
use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};
use std::borrow::Cow;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// A compiled source is known to the engine by what it is, where it belongs, its locale and its part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// A part of a template.
    Template(&'a str, &'a str, &'a str),
    /// A partial, as text or HTML.
    Partial(&'a str, &'a str, bool),
    /// The source of a preview, as text or HTML.
    Preview(&'a str, bool),
}

impl<'a> Key<'a> {
    /// As the engine's name of a template.
    pub fn encode(&self) -> String {
        let kind = |html: &bool| if *html { "html" } else { "text" };
        match self {
            Self::Template(name, locale, part) => format!("t/{name}/{locale}/{part}"),
            Self::Partial(name, locale, html) => format!("p/{name}/{locale}/{}", kind(html)),
            Self::Preview(locale, html) => format!("v//{locale}/{}", kind(html)),
        }
    }

    /// From the engine's name of a template.
    pub fn decode(name: &'a str) -> Option<Self> {
        let mut steps = name.splitn(4, '/');
        let (kind, name, locale, part) = (steps.next()?, steps.next()?, steps.next()?, steps.next()?);
        match kind {
            "t" => Some(Self::Template(name, locale, part)),
            "p" => Some(Self::Partial(name, locale, part == "html")),
            "v" => Some(Self::Preview(locale, part == "html")),
            _ => None,
        }
    }

    /// Whether values are escaped.
    pub fn is_html(&self) -> bool {
        matches!(
            self,
            Self::Template(_, _, "html" | "mjml") | Self::Partial(_, _, true) | Self::Preview(_, true)
        )
    }

    fn locale(&self) -> &'a str {
        match self {
            Self::Template(_, locale, _) | Self::Partial(_, locale, _) | Self::Preview(locale, _) => locale,
        }
    }

    /// The source in a pack.
    pub fn source<'d>(&self, documents: &'d Documents) -> Option<&'d str> {
        match self {
            Self::Template(name, locale, part) => {
                documents.templates.get(*name)?.locales.get(*locale)?.source(part)
            }
            Self::Partial(name, locale, html) => {
                documents.partial(name, locale, *html).map(|(_, source)| source)
            }
            Self::Preview(..) => None,
        }
    }

    /// Where an author finds it.
    pub fn place(&self, documents: &Documents) -> Place {
        match self {
            Self::Template(name, locale, part) => Place {
                template: (*name).to_owned(),
                locale: (*locale).to_owned(),
                part: (*part).to_owned(),
                pointer: format!("{}/{part}", crate::document::pointer_of(name, locale)),
            },
            Self::Partial(name, locale, html) => {
                let end = documents.partial(name, locale, *html).map(|(end, _)| end).unwrap_or_default();
                Place {
                    template: (*name).to_owned(),
                    locale: (*locale).to_owned(),
                    part: String::new(),
                    pointer: format!("/partials/{}{end}", pointer_step(name)),
                }
            }
            Self::Preview(..) => Place { pointer: "/source".to_owned(), ..Place::default() },
        }
    }
}

/// An environment over a pack's sources; they are compiled when first used and kept.
pub fn environment(documents: &Arc<Documents>) -> Environment<'static> {
    let mut env = Environment::empty();
    env.set_syntax(syntax());
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_debug(false);
    env.set_fuel(Some(limits::FUEL));
    env.set_recursion_limit(limits::RECURSION);
    env.set_auto_reload(false);
    env.set_auto_escape_callback(|name| match Key::decode(name) {
        Some(key) if key.is_html() => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    env.set_formatter(print);
    env.set_path_join_callback(|name, parent| match Key::decode(parent) {
        Some(key) => Cow::Owned(Key::Partial(name, key.locale(), key.is_html()).encode()),
        None => Cow::Borrowed(name),
    });
    let documents = documents.clone();
    env.set_loader(move |name| match Key::decode(name).and_then(|key| key.source(&documents)) {
        None => Ok(None),
        Some(source) => guarded(source).map(|()| Some(source.to_owned())),
    });
    helpers::register(&mut env);
    env
}

/// [`guard`] as an error of the engine.
fn guarded(source: &str) -> Result<(), Error> {
    guard(source)
        .map_err(|(limit, _)| Error::new(ErrorKind::SyntaxError, limit.advice()).with_source(Reached(limit)))
}

/// Prints a value that may stand in a message: text, numbers, money and points in time.
fn print(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let printable =
        value.downcast_object_ref::<Money>().is_some() || value.downcast_object_ref::<Moment>().is_some();
    match value.kind() {
        _ if printable => {
            Context::of(state)?.conventions()?;
            minijinja::escape_formatter(out, state, &Value::from(value.to_string()))
        }
        ValueKind::Number if !value.is_integer() => {
            let plain =
                helpers::number::digits(value, None).ok_or_else(|| helpers::misuse("not a finite number"))?;
            let context = Context::of(state)?;
            let text = context
                .conventions
                .map_or_else(|| plain.clone(), |c| plain.replace('.', &c.decimal.to_string()));
            minijinja::escape_formatter(out, state, &Value::from(text))
        }
        ValueKind::String | ValueKind::Number | ValueKind::Undefined => {
            minijinja::escape_formatter(out, state, value)
        }
        kind => {
            let advice = match kind {
                ValueKind::Bool => "ask for it: {% if … %}",
                ValueKind::Seq | ValueKind::Iterable => "use `join` or a loop",
                _ => "print one of its fields",
            };
            Err(helpers::misuse(format!("a {kind} cannot be printed: {advice}")))
        }
    }
}

/// A limit that was reached, as the source of an engine's error.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("limit reached")]
pub struct Reached(pub Limit);

/// What went wrong in a render.
#[derive(Debug)]
pub struct Fault {
    /// The limit that was reached, if that is the fault.
    pub limit: Option<Limit>,
    /// The kind of error.
    pub kind: ErrorKind,
    /// The engine's name of the source.
    pub name: Option<String>,
    /// Line in that source.
    pub line: Option<usize>,
    /// Bytes of that source.
    pub range: Option<Range<usize>>,
    /// What the engine says.
    pub message: String,
}

/// Renders a compiled source, with a bounded output.
pub fn run(template: &minijinja::Template<'_, '_>, scope: Value) -> Result<String, Fault> {
    let mut sink = Sink::default();
    let done = template.render_captured_to(scope, &mut sink).map(drop);
    match done {
        _ if sink.full => {
            Err(Fault { limit: Some(Limit::Output), ..fault(&Error::from(ErrorKind::WriteFailure)) })
        }
        Err(error) => Err(fault(&error)),
        // The engine writes whole strings only.
        Ok(()) => Ok(String::from_utf8_lossy(&sink.bytes).into_owned()),
    }
}

/// The innermost error with a position.
pub fn fault(error: &Error) -> Fault {
    let mut limit = None;
    let mut at = error;
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = next {
        if let Some(inner) = current.downcast_ref::<Error>() {
            at = if inner.line().is_some() { inner } else { at };
            limit = limit.or_else(|| limit_of(inner));
        }
        if let Some(Reached(reached)) = current.downcast_ref::<Reached>() {
            limit = Some(*reached);
        }
        next = current.source();
    }
    let kind = at.kind();
    let message = at.detail().map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}"));
    Fault { limit, kind, name: at.name().map(str::to_owned), line: at.line(), range: at.range(), message }
}

fn limit_of(error: &Error) -> Option<Limit> {
    match error.kind() {
        ErrorKind::OutOfFuel => Some(Limit::Fuel),
        ErrorKind::InvalidOperation if error.detail() == Some("recursion limit exceeded") => {
            Some(Limit::Depth)
        }
        _ => None,
    }
}

impl Fault {
    /// Stable name of the kind of fault.
    pub fn code(&self) -> &'static str {
        match (self.limit, self.kind) {
            (Some(_), _) => "limit",
            (None, ErrorKind::SyntaxError) => "syntax",
            (None, ErrorKind::UndefinedError) => "undefined",
            (None, _) => "render",
        }
    }

    /// What an author should read; a missing value is named as the source writes it.
    pub fn advice(&self, source: &str) -> String {
        let written = self.range.clone().and_then(|range| source.get(range)).filter(|text| text.len() < 80);
        match (self.limit, self.kind, written) {
            (Some(limit), ..) => limit.advice(),
            (None, ErrorKind::UndefinedError, Some(written)) => format!("\"{written}\" is missing"),
            (None, ..) => self.message.clone(),
        }
    }

    /// Line and column in a source.
    pub fn position(&self, source: &str) -> (u32, u32) {
        match (&self.range, self.line) {
            (Some(range), _) => line_and_column(source, range.start),
            (None, Some(line)) => (u32::try_from(line).unwrap_or(u32::MAX), 1),
            (None, None) => (1, 1),
        }
    }
}

#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    full: bool,
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len().saturating_add(bytes.len()) > limits::OUTPUT_BYTES {
            self.full = true;
            return Err(io::Error::other("output limit"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
