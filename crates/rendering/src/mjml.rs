//! MJML: a layout language that becomes the HTML that old mail programs understand.
//!
//! The template is rendered first, with values escaped, and compiled then: data are text by that time and cannot
//! change the layout. An author's mistakes are found in the source itself, with what belongs to the template blanked
//! out, so that they have a line and a column.

use crate::limits;
use htmlparser::{ElementEnd, Token, Tokenizer};
use mrml::prelude::parser::{Error, ParserOptions, WarningKind};
use mrml::prelude::render::RenderOptions;

/// Elements of the language.
const ELEMENTS: [&str; 31] = [
    "mj-accordion",
    "mj-accordion-element",
    "mj-accordion-text",
    "mj-accordion-title",
    "mj-all",
    "mj-attributes",
    "mj-body",
    "mj-breakpoint",
    "mj-button",
    "mj-carousel",
    "mj-carousel-image",
    "mj-class",
    "mj-column",
    "mj-divider",
    "mj-font",
    "mj-group",
    "mj-head",
    "mj-hero",
    "mj-image",
    "mj-navbar",
    "mj-navbar-link",
    "mj-preview",
    "mj-raw",
    "mj-section",
    "mj-social",
    "mj-social-element",
    "mj-spacer",
    "mj-style",
    "mj-table",
    "mj-text",
    "mj-title",
];

/// Elements of HTML that have no end.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];

/// Whether a source is a document of MJML.
pub fn is_mjml(source: &str) -> bool {
    source.trim_start().starts_with("<mjml")
}

/// What is wrong with a source, with the byte offset of each.
pub fn faults(source: &str) -> Vec<(usize, String)> {
    let plain = blanked(source);
    let mut faults = Vec::new();
    if let Err(at) = measure(&plain) {
        return vec![(at, TOO_DEEP.to_owned())];
    }
    for (at, name) in elements(&plain).filter(|(_, name)| name.starts_with("mj-")) {
        match name {
            "mj-include" => faults.push((at, "files are not read: write {% include \"…\" %}".to_owned())),
            name if !ELEMENTS.contains(&name) && name != "mj-wrapper" && name != "mj-html-attributes" => {
                faults.push((at, format!("MJML has no element \"{name}\"")));
            }
            _ => {}
        }
    }
    match mrml::parse_with_options(&plain, &ParserOptions::default()) {
        Ok(parsed) => faults.extend(parsed.warnings.iter().map(|warning| {
            let what = match warning.kind {
                WarningKind::UnexpectedAttribute => "the element has no such attribute",
                WarningKind::InlineStyleUnsupported => {
                    "styles are not put into elements: leave \"inline\" out"
                }
            };
            (warning.span.start, what.to_owned())
        })),
        // An include is named above.
        Err(Error::IncludeLoaderError { .. }) => {}
        Err(error) => faults.push(located(&plain, &error)),
    }
    faults
}

/// The HTML of a rendered document.
///
/// # Errors
/// What is wrong with it.
pub fn compile(rendered: &str, locale: &str, direction: &str) -> Result<String, String> {
    measure(rendered).map_err(|_| TOO_DEEP.to_owned())?;
    let parsed = mrml::parse_with_options(rendered, &ParserOptions::default());
    let mut document = parsed.map_err(|error| located(rendered, &error).1)?.element;
    document.attributes.lang.get_or_insert_with(|| locale.to_owned());
    document.attributes.dir.get_or_insert_with(|| direction.to_owned());
    // A font of somebody else's tells them who reads the mail and when; an author may name one with `mj-font`.
    let options = RenderOptions { fonts: std::collections::HashMap::default(), ..RenderOptions::default() };
    document.render(&options).map_err(|error| error.to_string())
}

const TOO_DEEP: &str = "elements are too deep inside one another";

/// The offset and the words of an error.
fn located(source: &str, error: &Error) -> (usize, String) {
    let end = source.trim_end().len();
    match error {
        Error::UnexpectedElement { position, .. } => {
            (position.start, "this element does not belong here".to_owned())
        }
        Error::UnexpectedToken { position, .. } => (position.start, "this does not belong here".to_owned()),
        Error::MissingAttribute { name, position, .. } => {
            (position.start, format!("the attribute \"{name}\" is missing"))
        }
        Error::InvalidAttribute { position, .. } => {
            (position.start, "this attribute cannot be read".to_owned())
        }
        Error::InvalidFormat { position, .. } => (position.start, "this value cannot be read".to_owned()),
        Error::IncludeLoaderError { position, .. } => (position.start, "files are not read".to_owned()),
        Error::ParserError { source: inner, .. } => {
            let at = inner.pos();
            let line =
                source.split_inclusive('\n').take(usize::try_from(at.row).unwrap_or(1).saturating_sub(1));
            let before: usize = line.map(str::len).sum();
            (
                before.saturating_add(usize::try_from(at.col).unwrap_or(1).saturating_sub(1)),
                "this is no markup".to_owned(),
            )
        }
        Error::EndOfStream { .. } => (end, "an element is not closed".to_owned()),
        Error::NoRootNode => (0, "a document of MJML begins with <mjml>".to_owned()),
        Error::SizeLimit { .. } => (end, "the document is too large".to_owned()),
    }
}

/// The source with what belongs to the template in blanks of the same length. They begin with a line break: other
/// blanks are not taken everywhere between elements.
fn blanked(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    loop {
        let next = ["{{", "{%", "{#"].into_iter().filter_map(|open| Some((rest.find(open)?, open))).min();
        let Some((at, open)) = next else { break };
        let close = match open {
            "{{" => "}}",
            "{%" => "%}",
            _ => "#}",
        };
        let (before, tag) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let length = tag.find(close).map_or(tag.len(), |end| end.saturating_add(close.len()));
        let (tag, after) = tag.split_at_checked(length).unwrap_or((tag, ""));
        out.push_str(before);
        out.extend((0..tag.len()).map(|n| if n == 0 { '\n' } else { ' ' }));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Names of elements where they begin, with their offset.
fn elements(source: &str) -> impl Iterator<Item = (usize, &str)> {
    source.match_indices('<').filter_map(|(at, _)| {
        let name = source.get(at.saturating_add(1)..)?;
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(name.len());
        Some((at, name.get(..end).filter(|name| !name.is_empty())?))
    })
}

/// Measures how deep elements are inside one another; an error has the offset. What reads them does so by recursion, from
/// the same tokens.
fn measure(source: &str) -> Result<(), usize> {
    let (mut depth, mut at, mut has_end) = (0_usize, 0, true);
    // What is no token is no markup to the reader either: it reads no further.
    for token in Tokenizer::from(source).map_while(Result::ok) {
        match token {
            Token::ElementStart { local, span, .. } => {
                (at, has_end) = (span.start(), !VOID.contains(&local.as_str()));
            }
            Token::ElementEnd { end: ElementEnd::Open, .. } if has_end => {
                depth = depth.saturating_add(1);
                if depth > limits::MARKUP_NESTING {
                    return Err(at);
                }
            }
            Token::ElementEnd { end: ElementEnd::Close(..), .. } => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::line_and_column;

    const GOOD: &str = "<mjml><mj-body>{% if x %}<mj-section><mj-column><mj-text>Hola<br/>{{ x }}</mj-text>\
                        <mj-button href=\"{{ x }}\">Ver</mj-button></mj-column></mj-section>{% endif %}</mj-body></mjml>";

    fn at(source: &str) -> Vec<(u32, u32, String)> {
        let faults = faults(source).into_iter();
        faults
            .map(|(at, what)| (line_and_column(source, at).0, line_and_column(source, at).1, what))
            .collect()
    }

    #[test]
    fn a_sound_source_has_no_fault_and_becomes_html_without_fonts_of_others() {
        assert_eq!(at(GOOD), []);
        let html = compile(&GOOD.replace("{% if x %}", "").replace("{% endif %}", ""), "es", "ltr")
            .unwrap_or_default();
        assert!(html.contains("<html lang=\"es\" dir=\"ltr\"") && html.contains("<table"), "{html}");
        assert!(!html.contains("googleapis") && !html.contains("@import"), "{html}");
        let own = "<mjml lang=\"ar\" dir=\"rtl\"><mj-body></mj-body></mjml>";
        assert!(compile(own, "es", "ltr").unwrap_or_default().contains("<html lang=\"ar\" dir=\"rtl\""));
    }

    #[test]
    fn each_mistake_has_its_place() {
        for (source, line, column, what) in [
            (
                "<mjml>\n<mj-body>\n  <mj-txt>a</mj-txt></mj-body></mjml>",
                3,
                3,
                "MJML has no element \"mj-txt\"",
            ),
            ("<mjml><mj-body>{{ a }}\n<mj-include path=\"b\"/></mj-body></mjml>", 2, 1, "files are not read"),
            ("<mjml><mj-body>\n<mj-section>", 2, 13, "an element is not closed"),
            ("<p>ñ</p>", 1, 1, "this does not belong here"),
            ("", 1, 1, "a document of MJML begins with <mjml>"),
            (
                "<mjml>\n<mj-head>{{ 'é' }}<mj-breakpoint nope=\"1\"/></mj-head><mj-body></mj-body></mjml>",
                2,
                34,
                "no such attribute",
            ),
        ] {
            let found = at(source);
            assert!(
                matches!(&found[..], [(l, c, said)] if (*l, *c) == (line, column) && said.contains(what)),
                "{source}: {found:?}"
            );
        }
    }

    #[test]
    fn depth_is_measured_before_anything_recurses() {
        for piece in ["<mj-wrapper>", "<p>", "<mj-section ", "<a><", "<p><!--</x>-->", "<p title=\"/>\">"] {
            let inside = if piece.starts_with("<p") { "<mj-section><mj-column><mj-text>" } else { "" };
            let deep = format!("<mjml><mj-body>{inside}{}", piece.repeat(20_000));
            assert!(compile(&deep, "es", "ltr").is_err(), "{piece}");
            assert!(!faults(&deep).is_empty(), "{piece}");
        }
        let text = format!(
            "<mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section>",
            "a<wbr>".repeat(40)
        );
        assert_eq!(at(&format!("<mjml><mj-body>{text}</mj-body></mjml>")), [], "what has no end is not deep");
    }
}
