//! What only the storage format has: macros, links and images of Confluence, tasks, layouts.

use super::{Page, Place, Target, escaped, task};
use crate::confluence::tree::{Element, Node};

impl Page<'_> {
    /// An element of the storage format's own.
    pub(super) fn stored(&mut self, element: &Element, place: Place, html: &mut String) {
        match element.name.as_str() {
            "ac:structured-macro" | "ac:macro" => self.r#macro(element, place, html),
            "ac:link" => self.stored_link(element, place, html),
            "ac:image" => self.stored_image(element, html),
            "ac:emoticon" => {
                let sign = element.attribute("ac:emoji-fallback").filter(|sign| !sign.starts_with(':'));
                let name = || element.attribute("ac:name").map(|name| format!("({name})"));
                html.push_str(&escaped(&sign.map(str::to_owned).or_else(name).unwrap_or_default()));
            }
            "ac:task-list" => {
                html.push_str("<ul>");
                for one in element.elements().filter(|one| one.name == "ac:task") {
                    let done = one.child("ac:task-status").is_some_and(|status| status.text() == "complete");
                    html.push_str("<li>");
                    html.push_str(task(done));
                    self.nodes(body(one.child("ac:task-body")), place, html);
                    html.push_str("</li>");
                }
                html.push_str("</ul>");
            }
            "ac:layout"
            | "ac:layout-section"
            | "ac:layout-cell"
            | "ac:inline-comment-marker"
            | "ac:rich-text-body"
            | "ac:link-body"
            | "ac:caption"
            | "ac:adf-fallback" => {
                self.nodes(&element.children, place, html);
            }
            // What newer editors have comes with what older ones show instead.
            "ac:adf-extension" => match element.find(&|one| one.name == "ac:adf-fallback") {
                Some(fallback) => self.nodes(&fallback.children, place, html),
                None => self.note("an element of the newer editor is left out".to_owned()),
            },
            other => {
                self.note(format!("<{other}> is not known; its text is kept"));
                self.nodes(&element.children, place, html);
            }
        }
    }

    fn r#macro(&mut self, element: &Element, place: Place, html: &mut String) {
        let name = element.attribute("ac:name").unwrap_or_default();
        let parameter = |wanted: &str| {
            let found = element
                .elements()
                .find(|one| one.name == "ac:parameter" && one.attribute("ac:name") == Some(wanted));
            found.map(Element::text).unwrap_or_default()
        };
        let rich = body(element.child("ac:rich-text-body"));
        let plain = element.child("ac:plain-text-body").map(Element::text).unwrap_or_default();
        match name {
            "code" | "noformat" => {
                self.title(&parameter("title"), html);
                self.code(&parameter("language"), &plain, place, html);
            }
            "info" | "tip" | "note" | "warning" | "panel" => {
                self.panel(mark(name), &parameter("title"), rich, place, html);
            }
            "expand" => {
                self.title(&parameter("title"), html);
                self.nodes(rich, place, html);
            }
            "status" => html.push_str(&format!("<strong>{}</strong>", escaped(&parameter("title")))),
            "section" | "column" | "details" | "excerpt" | "toc-zone" | "div" | "span" => {
                self.nodes(rich, place, html);
            }
            // What is made of the page itself.
            "toc" | "anchor" => {}
            "jira" if !parameter("key").is_empty() => html.push_str(&escaped(&parameter("key"))),
            other => {
                let kept = if rich.is_empty() { "is left out" } else { "is not known; its text is kept" };
                self.note(format!("the macro {other:?} {kept}"));
                self.nodes(rich, place, html);
            }
        }
    }

    fn stored_link(&mut self, element: &Element, place: Place, html: &mut String) {
        let said = element.child("ac:link-body").or_else(|| element.child("ac:plain-text-link-body"));
        let mut text = String::new();
        self.nodes(body(said), place, &mut text);
        let of = |name: &str, attribute: &str| {
            element.child(name).map(|to| to.attribute(attribute).unwrap_or_default().to_owned())
        };
        if let Some(title) = of("ri:page", "ri:content-title") {
            let space = of("ri:page", "ri:space-key").filter(|space| !space.is_empty());
            let space = space.unwrap_or_else(|| self.space.to_owned());
            let text = if text.is_empty() { escaped(&title) } else { text };
            self.lead(&Target::Title { space, title }, &text, html);
        } else if let Some(file) = of("ri:attachment", "ri:filename") {
            self.note(format!("the file {file:?} is not taken over"));
            html.push_str(if text.is_empty() { escaped(&file) } else { text }.as_str());
        } else if element.child("ri:user").is_some() {
            self.note("a mention of a person is left out".to_owned());
            html.push_str(&text);
        } else {
            let to = element.elements().find(|one| one.name.starts_with("ri:"));
            let to = to.map_or("a place in the page", |one| one.name.as_str());
            self.note(format!("a link to {to} leads nowhere; its text is kept"));
            html.push_str(&text);
        }
    }

    fn stored_image(&mut self, element: &Element, html: &mut String) {
        let said = element.attribute("ac:alt").unwrap_or_default();
        if let Some(address) = element.child("ri:url").and_then(|one| one.attribute("ri:value")) {
            self.outside_image(address, said, html);
        } else {
            let file = element.child("ri:attachment").and_then(|one| one.attribute("ri:filename"));
            self.image(file.unwrap_or("without a name"), said, html);
        }
        if let Some(caption) = element.child("ac:caption") {
            self.nodes(&caption.children, Place::default(), html);
        }
    }
}

/// The sign of a box.
pub(super) fn mark(name: &str) -> &'static str {
    match name {
        "info" | "information" => "ℹ️",
        "tip" => "💡",
        "note" => "⚠️",
        "warning" => "⛔",
        _ => "",
    }
}

fn body(element: Option<&Element>) -> &[Node] {
    element.map(|element| element.children.as_slice()).unwrap_or_default()
}
