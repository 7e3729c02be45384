//! Files into a desk's knowledge base, in calls that are not too large.

use crate::confluence::{Options, Space, articles, probes};
use crate::{File, Note};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use url::form_urlencoded;

/// Files of one call: the API takes 200.
const MOST_FILES: usize = 100;

/// Bytes of the texts of one call: the API takes 4 MB of JSON.
const MOST_BYTES: usize = 2 << 20;

/// What is done with the files.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// They are published; else proposed.
    pub publish: bool,
    /// Nothing is written.
    pub dry_run: bool,
}

/// Gives the files to `call`, which posts a document to `…/articles/import` and gives the answer. Returns what became of
/// each file, in the API's words.
///
/// # Errors
/// When a call fails, or its answer is none.
pub fn post(files: &[File], way: Way, call: &mut dyn FnMut(&Value) -> Result<Value>) -> Result<Vec<Value>> {
    let (mut results, mut rest) = (Vec::with_capacity(files.len()), files);
    while !rest.is_empty() {
        let mut bytes = 0_usize;
        let fits = |file: &&File| {
            bytes = bytes.saturating_add(file.markdown.len());
            bytes <= MOST_BYTES
        };
        // One that is too large by itself goes alone, and the API says so.
        let count = rest.iter().take(MOST_FILES).take_while(fits).count().max(1);
        let (some, others) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        rest = others;
        let items: Vec<Value> =
            some.iter().map(|file| json!({"path": file.path, "markdown": file.markdown})).collect();
        let answer = call(&json!({"items": items, "publish": way.publish, "dry_run": way.dry_run}))?;
        let items = answer["items"].as_array().context("the answer says nothing of the files")?;
        results.extend(items.iter().cloned());
    }
    Ok(results)
}

/// A space's articles likewise. The desk is asked first which articles its pages will be: links between them say so.
/// Returns also what could not be taken over.
///
/// # Errors
/// As [`post`].
pub fn post_space(
    space: &Space,
    options: &Options,
    way: Way,
    call: &mut dyn FnMut(&Value) -> Result<Value>,
) -> Result<(Vec<Value>, Vec<Note>)> {
    let asked = post(&probes(space, options), Way { dry_run: true, ..way }, call)?;
    let text = |item: &Value, name: &str| item[name].as_str().map(str::to_owned);
    let known = asked.iter().filter_map(|item| Some((text(item, "path")?, text(item, "article")?)));
    let (files, notes) = articles(space, options, &known.collect());
    Ok((post(&files, way, call)?, notes))
}

/// Articles that were made of pages which are not in the space any more. They are told, not taken away: somebody may have
/// linked them to tickets. `list` gets `articles?…`.
///
/// # Errors
/// When a call fails, or its answer is none.
pub fn gone(
    space: &Space,
    options: &Options,
    list: &mut dyn FnMut(&str) -> Result<Value>,
) -> Result<Vec<Note>> {
    let root = options.root(space);
    let pages = space.pages.iter().map(|page| &page.id).chain(&space.broken);
    let there: BTreeSet<String> = pages.map(|id| format!("{root}{id}")).collect();
    let (mut notes, mut cursor) = (Vec::new(), String::new());
    loop {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("source", &root).append_pair("limit", "100");
        if !cursor.is_empty() {
            query.append_pair("cursor", &cursor);
        }
        let answer = list(&query.finish())?;
        let items = answer["items"].as_array().context("the answer lists no articles")?;
        for item in items.iter().filter(|item| item["status"] != "archived") {
            let source = item["source"].as_str().unwrap_or_default();
            if !there.contains(source) {
                let titles = item["locales"].as_object().into_iter().flat_map(|all| all.values());
                let title = titles.filter_map(|said| said["title"].as_str()).next().unwrap_or(source);
                let id = item["id"].as_str().unwrap_or_default();
                let why = format!("its page is gone; the article {id} stays until a lead archives it");
                notes.push(Note { page: title.to_owned(), why });
            }
        }
        match answer["next"].as_str().filter(|next| *next != cursor) {
            Some(next) => next.clone_into(&mut cursor),
            None => return Ok(notes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_in_calls_of_a_size_that_is_taken_and_all_of_them_do() {
        let file = |n: usize, bytes: usize| File { path: format!("{n}.md"), markdown: "a".repeat(bytes) };
        let many: Vec<File> = (0..250).map(|n| file(n, 10)).collect();
        let large: Vec<File> = (0..5).map(|n| file(n, MOST_BYTES / 2)).collect();
        let huge = vec![file(0, MOST_BYTES + 1), file(1, 1)];
        for (files, calls) in
            [(many, vec![100, 100, 50]), (large, vec![2, 2, 1]), (huge, vec![1, 1]), (vec![], vec![])]
        {
            let mut seen = Vec::new();
            let results = post(&files, Way { publish: true, dry_run: false }, &mut |body| {
                let items = body["items"].as_array().expect("items").clone();
                seen.push(items.len());
                Ok(json!({"items": items}))
            });
            let paths: Vec<Value> =
                results.expect("posted").iter().map(|item| item["path"].clone()).collect();
            assert_eq!(seen, calls);
            assert_eq!(paths, files.iter().map(|file| json!(file.path)).collect::<Vec<_>>());
        }
    }
}
