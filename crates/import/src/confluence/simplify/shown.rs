//! What only a page as it is shown has: the classes by which Confluence marks what a macro made.

use super::{Page, Place, escaped, macros};
use crate::confluence::tree::Element;

/// The classes of boxes, with the name that the box has in the storage format.
const BOXES: [(&str, &str); 4] = [
    ("confluence-information-macro-information", "info"),
    ("confluence-information-macro-tip", "tip"),
    ("confluence-information-macro-note", "note"),
    ("confluence-information-macro-warning", "warning"),
];

impl Page<'_> {
    /// An element that has no meaning but by its class.
    pub(super) fn shown(&mut self, element: &Element, place: Place, html: &mut String) {
        let said = |class: &'static str| {
            element
                .find(&move |one| one.is_of(class))
                .map(|one| one.text().trim().to_owned())
                .unwrap_or_default()
        };
        let part = |class: &'static str| element.find(&move |one| one.is_of(class));
        if element.is_of("code") || element.is_of("preformatted") {
            if let Some(pre) = element.find(&|one| one.name == "pre") {
                self.title(&said("panelHeader"), html);
                self.code(brush(pre), &pre.text(), place, html);
                return;
            }
        } else if element.is_of("confluence-information-macro") {
            let kind = BOXES.iter().find(|(class, _)| element.is_of(class)).map_or("", |(_, kind)| kind);
            let body = part("confluence-information-macro-body").map(|one| one.children.as_slice());
            self.panel(macros::mark(kind), &said("title"), body.unwrap_or_default(), place, html);
            return;
        } else if element.is_of("panel") {
            if let Some(body) = part("panelContent") {
                self.panel("", &said("panelHeader"), &body.children, place, html);
                return;
            }
        } else if element.is_of("expand-container") {
            self.title(&said("expand-control-text"), html);
            self.nodes(
                part("expand-content").map(|one| one.children.as_slice()).unwrap_or_default(),
                place,
                html,
            );
            return;
        } else if element.is_of("toc-macro") || element.is_of("hidden") {
            return;
        } else if element.is_of("status-macro") {
            html.push_str(&format!("<strong>{}</strong>", escaped(element.text().trim())));
            return;
        } else if element.is_of("error") {
            self.note(format!("Confluence itself could not show this: {}", short(&element.text())));
            return;
        }
        if let (Some(name), false) = (element.attribute("data-macro-name"), place.cell) {
            self.note(format!("the macro {name:?} is taken over as it was shown"));
        }
        // Blocks stay apart; what is within a line stays within it.
        match element.name.as_str() {
            "div" | "section" | "article" | "dl" | "dt" | "dd" | "details" | "summary" | "figure" => {
                html.push_str("<div>");
                self.nodes(&element.children, place, html);
                html.push_str("</div>");
            }
            _ => self.nodes(&element.children, place, html),
        }
    }

    pub(super) fn shown_image(&mut self, element: &Element, html: &mut String) {
        let (source, said) =
            (element.attribute("src").unwrap_or_default(), element.attribute("alt").unwrap_or_default());
        if element.is_of("emoticon") {
            let sign = element.attribute("data-emoji-fallback").filter(|sign| !sign.starts_with(':'));
            html.push_str(&escaped(sign.unwrap_or(said)));
        } else if source.starts_with("images/icons/") {
            // Confluence's own decoration.
        } else if source.starts_with("http://") || source.starts_with("https://") {
            self.outside_image(source, said, html);
        } else {
            let name = element.attribute("data-linked-resource-default-alias");
            let path = source.split(['?', '#']).next().and_then(|path| path.rsplit('/').next());
            self.image(name.or(path).unwrap_or("without a name"), said, html);
        }
    }

    /// An image that lies with the page: only its name is kept.
    pub(super) fn image(&mut self, name: &str, said: &str, html: &mut String) {
        self.note(format!("the image {name:?} is not taken over"));
        let said =
            if said.trim().is_empty() || said == name { name.to_owned() } else { format!("{said} ({name})") };
        html.push_str(&format!("<em>🖼 {}</em>", escaped(said.trim())));
    }

    /// An image that lies elsewhere stays there.
    pub(super) fn outside_image(&mut self, address: &str, said: &str, html: &mut String) {
        html.push_str(&format!("<img src=\"{}\" alt=\"{}\">", escaped(address), escaped(said)));
    }
}

/// The language of a block of code: `brush: java; gutter: false`.
fn brush(pre: &Element) -> &str {
    let parameters = pre.attribute("data-syntaxhighlighter-params").unwrap_or_default();
    let brush = parameters.split(';').find_map(|one| one.trim().strip_prefix("brush:"));
    brush.unwrap_or_default().trim()
}

/// What was said, in a line.
fn short(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(120).collect()
}
