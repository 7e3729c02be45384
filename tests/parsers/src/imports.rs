//! Targets of what is taken over from elsewhere: archives, and pages of Confluence.

use std::collections::BTreeMap;
use std::io::Cursor;

use relevo_import::archive::{Files, read_zip};
use relevo_import::confluence::{Options, Page, Space, articles, export};
use serde_json::Value;

use crate::Target;
use crate::corpus::{below, root};

/// All of them.
pub fn targets() -> Vec<Target> {
    let fixtures = root().join("tests/fixtures");
    let files = |ending: &str| -> Vec<Vec<u8>> {
        let paths = ["confluence", "markdown"].map(|name| below(&fixtures.join(name), ending)).concat();
        paths.into_iter().map(|path| std::fs::read(path).expect("a fixture")).collect()
    };
    vec![
        Target::new("archive", files("zip"), archive),
        Target::new("confluence-export", files("html"), shown),
        Target::new("confluence-page", stored_pages(), stored),
    ]
}

fn archive(bytes: &[u8]) {
    for ending in [".md", ".html"] {
        let _ = read_zip(Cursor::new(bytes), ending);
    }
}

/// A page beside an index that is as it should be, and the other way round.
fn shown(bytes: &[u8]) {
    let good = |name: &str| {
        let path = root().join("tests/fixtures/confluence/export").join(name);
        (name.to_owned(), std::fs::read(path).expect("a fixture"))
    };
    for (changed, others) in [("98500.html", "index.html"), ("index.html", "98500.html")] {
        let files: Files = [(changed.to_owned(), bytes.to_owned()), good(others)].into();
        if let Ok(space) = export::read_files(&files) {
            made(&space);
        }
    }
}

fn stored(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let page = Page::from_storage("98417".to_owned(), text.chars().take(300).collect(), Vec::new(), &text);
    if let Ok(page) = page {
        let (key, origin) = ("SCH".to_owned(), Some("https://colegio.atlassian.net".to_owned()));
        made(&Space { key, origin, pages: vec![page], broken: Vec::new(), notes: Vec::new() });
    }
}

/// What was written as text must not have become a way to run something: no line of a title leaves its place.
fn made(space: &Space) {
    let name = "confluence".to_owned();
    let options = Options { name, locale: Some("es".to_owned()), owner: None, partition: None };
    let known = BTreeMap::from([("confluence/SCH/98417.md".to_owned(), "art_a".to_owned())]);
    for file in articles(space, &options, &known).0 {
        let mut lines = file.markdown.lines();
        assert_eq!(lines.next(), Some("---"), "{}", file.markdown);
        assert!(lines.next().is_some_and(|line| line.starts_with("title: \"")), "{}", file.markdown);
        assert_eq!(lines.next(), Some("locale: es"), "{}", file.markdown);
    }
}

/// What the pages of the stand-in hold.
fn stored_pages() -> Vec<Vec<u8>> {
    let path = root().join("tests/fixtures/confluence/rest/pages.json");
    let text = std::fs::read_to_string(path).expect("a fixture");
    let pages: Value = serde_json::from_str(&text).expect("JSON");
    let pages = pages["results"].as_array().expect("pages").iter();
    pages.filter_map(|page| Some(page["body"]["storage"]["value"].as_str()?.as_bytes().to_owned())).collect()
}
