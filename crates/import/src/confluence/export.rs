//! A space as Confluence exports it in HTML: a folder, or the archive of one.

use super::names::page_id;
use super::tree::{Element, parse_html};
use super::{Page, Space};
use crate::{Note, archive};
use anyhow::{Context, Result, bail};
use std::path::Path;

/// The page that lists all others.
const INDEX: &str = "index.html";

/// Reads an export.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn read(source: &Path) -> Result<Space> {
    read_files(&archive::read(source, ".html")?).with_context(|| format!("reading {}", source.display()))
}

/// Whether this is an export: it has the page that lists all others.
///
/// # Errors
/// When it cannot be read.
pub fn is_one(source: &Path) -> Result<bool> {
    Ok(root(&archive::read(source, INDEX)?).is_some())
}

/// The folder that the index lies in: archives have the whole space in a folder of its key.
fn root(files: &archive::Files) -> Option<&str> {
    let roots = files.keys().filter_map(|path| path.strip_suffix(INDEX));
    roots.filter(|root| root.is_empty() || root.ends_with('/')).min_by_key(|root| root.len())
}

/// Reads the pages of an export.
///
/// # Errors
/// When it is none.
pub fn read_files(files: &archive::Files) -> Result<Space> {
    let root = root(files).context("no export of a space: it has no index.html")?;
    let index = files.get(&format!("{root}{INDEX}")).map(|bytes| String::from_utf8_lossy(bytes));
    let index = parse_html(&index.unwrap_or_default())?;
    let heading = index.find(&|one| one.name == "title").map(Element::text).unwrap_or_default();
    // School (SCH)
    let (name, key) = heading.trim().rsplit_once('(').unwrap_or((heading.trim(), ""));
    let (name, key) = (name.trim(), key.trim_end_matches(')').trim());
    if key.is_empty() || key.contains(['/', ' ', '.']) {
        bail!("no export of a space: its index.html does not say a key");
    }
    let mut space =
        Space { key: key.to_owned(), origin: None, pages: Vec::new(), broken: Vec::new(), notes: Vec::new() };
    for (path, bytes) in files {
        let Some(file) = path.strip_prefix(root).filter(|file| *file != INDEX && !file.contains('/')) else {
            continue;
        };
        match page(file, &String::from_utf8_lossy(bytes), name) {
            Ok(page) => space.pages.push(page),
            Err(why) => {
                space.broken.extend(page_id(file));
                space.notes.push(Note { page: file.to_owned(), why: format!("{why:#}") });
            }
        }
    }
    if space.pages.is_empty() {
        bail!("no export of a space: beside its index.html there is no page as Confluence writes them");
    }
    if space.pages.iter().all(|page| page.labels.is_empty()) {
        let why = "an export in HTML does not say the pages' labels: the articles have no tags".to_owned();
        space.notes.push(Note { page: name.to_owned(), why });
    }
    Ok(space)
}

fn page(file: &str, html: &str, space: &str) -> Result<Page> {
    let id = page_id(file).context("its name does not end in the number of a page")?;
    let whole = parse_html(html)?;
    let part = |id: &str| whole.find(&|one: &Element| one.attribute("id") == Some(id));
    let content = part("main-content").context("not a page as Confluence writes them")?.clone();
    let heading = part("title-text").map(Element::text).unwrap_or_default();
    // School : Keys
    let heading = heading.trim();
    let title = heading.strip_prefix(space).and_then(|rest| rest.trim_start().strip_prefix(':'));
    let mut labels = Vec::new();
    gather(&whole, &mut labels);
    Ok(Page { id, title: title.unwrap_or(heading).trim().to_owned(), labels, content })
}

/// Labels, where a theme of the server's shows them.
fn gather(within: &Element, labels: &mut Vec<String>) {
    for element in within.elements().filter(|one| one.attribute("id") != Some("main-content")) {
        let rel = element.attribute("rel").unwrap_or_default();
        if element.name == "a" && rel.split_whitespace().any(|one| one == "tag") {
            labels.push(element.text().trim().to_owned());
        }
        gather(element, labels);
    }
}
