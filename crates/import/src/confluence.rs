//! Pages of a Confluence space as articles.

pub mod export;
mod names;
pub mod rest;
mod simplify;
mod tree;

pub use names::{Names, Target};
use simplify::simplify;

use crate::{File, Note};
use std::collections::BTreeMap;
use tree::Element;

/// Longest title of an article, in characters. Confluence's are up to 255.
const MAX_TITLE_CHARS: usize = 200;

/// What holds for all articles that are made of a space.
#[derive(Clone, Debug)]
pub struct Options {
    /// What this Confluence is called in the articles' sources.
    pub name: String,
    /// The language; none: the desk's.
    pub locale: Option<String>,
    /// Who sees to them.
    pub owner: Option<String>,
    /// The client company that they are of.
    pub partition: Option<String>,
}

/// A space, read.
#[derive(Debug)]
pub struct Space {
    /// Its key.
    pub key: String,
    /// Scheme, host and port of the Confluence that it is in, if that is known.
    pub origin: Option<String>,
    /// Its pages.
    pub pages: Vec<Page>,
    /// Ids of its pages that could not be read.
    pub broken: Vec<String>,
    /// What could not be read.
    pub notes: Vec<Note>,
}

/// A page.
#[derive(Debug)]
pub struct Page {
    /// The number by which Confluence knows it: it stays when the page is renamed or moved.
    pub id: String,
    /// Title.
    pub title: String,
    /// Labels.
    pub labels: Vec<String>,
    /// What it says.
    content: Element,
}

impl Page {
    /// A page as Confluence stores it.
    ///
    /// # Errors
    /// When what it says is no XML, or nested too deeply.
    pub fn from_storage(id: String, title: String, labels: Vec<String>, xml: &str) -> anyhow::Result<Self> {
        Ok(Self { id, title, labels, content: tree::parse_storage(xml)? })
    }
}

impl Options {
    /// How the sources of a space's articles begin.
    pub fn root(&self, space: &Space) -> String {
        format!("{}/{}/", self.name, space.key)
    }

    /// The path of the article of a page.
    fn path(&self, space: &Space, id: &str) -> String {
        format!("{}{id}.md", self.root(space))
    }

    /// What stands above the text.
    fn matter(&self, title: &str, labels: &[String]) -> String {
        let mut matter = format!("---\ntitle: \"{title}\"\n");
        let known = [("locale", &self.locale), ("owner", &self.owner), ("partition", &self.partition)];
        for (name, value) in known {
            if let Some(value) = value {
                matter.push_str(&format!("{name}: {}\n", one_line(value)));
            }
        }
        if !labels.is_empty() {
            let tags: Vec<String> = labels.iter().map(|label| one_line(&label.replace(',', " "))).collect();
            matter.push_str(&format!("tags: {}\n", tags.join(", ")));
        }
        matter.push_str("---\n\n");
        matter
    }
}

/// A file for each page, to ask which articles they will be: links between them have to say so.
pub fn probes(space: &Space, options: &Options) -> Vec<File> {
    let probe = |page: &Page| File {
        path: options.path(space, &page.id),
        markdown: format!("{}x", options.matter("x", &[])),
    };
    space.pages.iter().map(probe).collect()
}

/// The articles of a space, and what could not be taken over. `articles` are the ids that the desk gave for the paths of
/// [`probes`].
pub fn articles(
    space: &Space,
    options: &Options,
    articles: &BTreeMap<String, String>,
) -> (Vec<File>, Vec<Note>) {
    let names = Names::of(space, |id| articles.get(&options.path(space, id)).cloned());
    let (mut files, mut notes) = (Vec::new(), space.notes.clone());
    for page in &space.pages {
        let mut reading = simplify::Page { space: &space.key, names: &names, notes: Vec::new() };
        let html = simplify(&page.content, &mut reading);
        let mut title = one_line(&page.title);
        if title.chars().count() > MAX_TITLE_CHARS {
            reading.notes.push(format!("the title is cut to {MAX_TITLE_CHARS} characters"));
            title = title.chars().take(MAX_TITLE_CHARS.saturating_sub(1)).chain(['…']).collect();
        }
        match markdown(&html) {
            Ok(text) if text.trim().is_empty() => {
                reading.notes.push("it has no text of its own: no article is made of it".to_owned());
            }
            Ok(text) => files.push(File {
                path: options.path(space, &page.id),
                markdown: format!("{}{}\n", options.matter(&title, &page.labels), text.trim()),
            }),
            Err(error) => reading.notes.push(format!("it is not taken over: {error}")),
        }
        notes.extend(reading.notes.into_iter().map(|why| Note { page: page.title.clone(), why }));
    }
    (files, notes)
}

/// Plain HTML as Markdown.
fn markdown(html: &str) -> std::io::Result<String> {
    use htmd::element_handler::Handlers;
    use htmd::options::{BulletListMarker, Options};
    let options = Options {
        bullet_list_marker: BulletListMarker::Dash,
        ul_bullet_spacing: 1,
        ol_number_spacing: 1,
        ..Options::default()
    };
    let struck = |handlers: &dyn Handlers, element: htmd::Element<'_>| {
        let within = handlers.walk_children(element.node).content;
        Some(format!("~~{}~~", within.trim()).into())
    };
    let builder = htmd::HtmlToMarkdown::builder().options(options).add_handler(vec!["del", "s"], struck);
    builder.build().convert(html)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
