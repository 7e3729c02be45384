//! A page as plain HTML: what is Confluence's own becomes what everybody's HTML has, and what cannot is noted.

mod links;
mod macros;
mod shown;
mod table;

use super::tree::{Element, Node};
use super::{Names, Target};

/// A page while it is made simple.
pub struct Page<'a> {
    /// The key of its space.
    pub space: &'a str,
    /// What is imported too.
    pub names: &'a Names,
    /// What could not be taken over.
    pub notes: Vec<String>,
}

/// Where what is written stands.
#[derive(Clone, Copy, Default)]
struct Place {
    /// In a cell of a table: one line.
    cell: bool,
}

/// A page's content as plain HTML.
pub fn simplify(content: &Element, page: &mut Page<'_>) -> String {
    let mut html = String::new();
    page.nodes(&content.children, Place::default(), &mut html);
    html
}

impl Page<'_> {
    /// Notes once what could not be taken over.
    fn note(&mut self, why: String) {
        if !self.notes.contains(&why) {
            self.notes.push(why);
        }
    }

    fn nodes(&mut self, nodes: &[Node], place: Place, html: &mut String) {
        for node in nodes {
            match node {
                Node::Text(text) => html.push_str(&escaped(text)),
                Node::Element(element) => self.element(element, place, html),
            }
        }
    }

    fn element(&mut self, element: &Element, place: Place, html: &mut String) {
        let name = element.name.as_str();
        match name {
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "strong" | "b" | "em" | "i"
            | "blockquote" | "del" | "s" => self.wrapped(name, element, place, html),
            "code" => inline_code(&element.text(), place, html),
            "li" => self.item(element, place, html),
            "br" | "hr" => html.push_str(&format!("<{name}>")),
            "table" => self.table(element, place, html),
            "pre" => self.code("", &element.text(), place, html),
            "time" => match element.attribute("datetime") {
                Some(at) => html.push_str(&escaped(at)),
                None => self.nodes(&element.children, place, html),
            },
            "a" => self.anchor(element, place, html),
            "img" => self.shown_image(element, html),
            "script" | "style" | "noscript" | "colgroup" | "ac:placeholder" | "ac:parameter" => {}
            "iframe" | "object" | "embed" | "video" | "audio" | "form" | "input" | "svg" | "canvas" => {
                self.note(format!("a <{name}> is left out"));
            }
            _ if name.starts_with("ac:") || name.starts_with("ri:") => self.stored(element, place, html),
            _ => self.shown(element, place, html),
        }
    }

    fn wrapped(&mut self, name: &str, element: &Element, place: Place, html: &mut String) {
        let mut within = String::new();
        self.nodes(&element.children, place, &mut within);
        // Empty paragraphs and headings are how Confluence makes room.
        let says = within.contains("<img") || !within.replace("<br>", "").trim().is_empty();
        if says {
            html.push_str(&format!("<{name}>{within}</{name}>"));
        }
    }

    /// An item of a list; of a list of tasks with a box.
    fn item(&mut self, element: &Element, place: Place, html: &mut String) {
        let of_tasks = element.attribute("data-inline-task-id").is_some();
        html.push_str("<li>");
        if of_tasks {
            html.push_str(task(element.is_of("checked")));
        }
        self.nodes(&element.children, place, html);
        html.push_str("</li>");
    }

    /// A box with a title and content.
    fn panel(&mut self, mark: &str, title: &str, body: &[Node], place: Place, html: &mut String) {
        let heading = [mark, title].map(str::trim).join(" ");
        let heading = heading.trim();
        if place.cell {
            html.push_str(&format!("{} ", escaped(heading)));
            self.nodes(body, place, html);
            return;
        }
        html.push_str("<blockquote>");
        if !heading.is_empty() {
            html.push_str(&format!("<p><strong>{}</strong></p>", escaped(heading)));
        }
        self.nodes(body, place, html);
        html.push_str("</blockquote>");
    }

    /// A block of code.
    fn code(&mut self, language: &str, text: &str, place: Place, html: &mut String) {
        let text = text.trim_matches('\n');
        if place.cell {
            if text.contains('\n') {
                self.note("code in a cell of a table is one line".to_owned());
            }
            return inline_code(text.trim(), place, html);
        }
        let plain: String =
            language.chars().filter(|c| c.is_ascii_alphanumeric() || "+#-".contains(*c)).collect();
        let class = match plain.to_ascii_lowercase().as_str() {
            "" | "none" | "text" | "plain" => String::new(),
            language => format!(" class=\"language-{language}\""),
        };
        html.push_str(&format!("<pre><code{class}>{}</code></pre>", escaped(text)));
    }

    /// A title of its own line, if there is one.
    fn title(&self, title: &str, html: &mut String) {
        if !title.trim().is_empty() {
            html.push_str(&format!("<p><strong>{}</strong></p>", escaped(title.trim())));
        }
    }
}

/// The box of a task.
fn task(done: bool) -> &'static str {
    if done { "☑ " } else { "☐ " }
}

/// A piece of code. A bar would end the cell of a table, and there is no way to write one within code there.
fn inline_code(text: &str, place: Place, html: &mut String) {
    match place.cell && text.contains('|') {
        true => html.push_str(&escaped(text)),
        false => html.push_str(&format!("<code>{}</code>", escaped(text))),
    }
}

/// A link.
fn link(to: &str, html: &mut String, text: &str) {
    html.push_str(&format!("<a href=\"{}\">{text}</a>", escaped(to)));
}

/// Text within HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
