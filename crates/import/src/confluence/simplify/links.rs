//! Links: to pages that are imported too, to others, and out.

use super::{Page, Place, Target, escaped, link};
use crate::confluence::tree::Element;

/// Ways that lead somewhere from an article.
const SCHEMES: [&str; 4] = ["http://", "https://", "mailto:", "tel:"];

impl Page<'_> {
    /// A link as HTML has it.
    pub(super) fn anchor(&mut self, element: &Element, place: Place, html: &mut String) {
        let mut text = String::new();
        self.nodes(&element.children, place, &mut text);
        let Some(to) = element.attribute("href").map(str::trim).filter(|to| !to.is_empty()) else {
            html.push_str(&text);
            return;
        };
        let absolute = SCHEMES.iter().any(|scheme| to.starts_with(scheme));
        let page = self.names.page_of(to).map(Target::Id);
        // What is not imported is still where it was.
        let page = page.filter(|page| !absolute || self.names.article(page).is_some());
        let to_person = element.is_of("user-mention") || element.is_of("confluence-userlink");
        if to_person {
            html.push_str(&text);
        } else if let Some(page) = page {
            // The newer editor writes the address, and shows the title.
            let text = if text == escaped(to) { String::new() } else { text };
            self.lead(&page, &text, html);
        } else if absolute {
            // A preview of what lies there is no text of its own.
            let text = if text.trim().is_empty() { escaped(to) } else { text };
            link(to, html, &text);
        } else if to.starts_with("attachments/") || to.contains("/download/attachments/") {
            let name = to.split(['?', '#']).next().and_then(|path| path.rsplit('/').next());
            let name = element.attribute("data-linked-resource-default-alias").or(name).unwrap_or(to);
            // An image that leads to itself is noted as an image.
            if element.find(&|one| one.name == "img").is_none() {
                self.note(format!("the file {name:?} is not taken over"));
            }
            html.push_str(&text);
        } else {
            let what = if to.starts_with('#') { "a place in the page" } else { to };
            self.note(format!("a link to {what} leads nowhere; its text is kept"));
            html.push_str(&text);
        }
    }

    /// A link to a page, if there will be an article of it.
    pub(super) fn lead(&mut self, to: &Target, text: &str, html: &mut String) {
        match self.names.article(to) {
            Some((address, title)) => {
                let title = escaped(title);
                link(address, html, if text.trim().is_empty() { &title } else { text });
            }
            None => {
                self.note(format!("a link to {to}, which is not imported; its text is kept"));
                html.push_str(text);
            }
        }
    }
}
