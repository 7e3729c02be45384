//! Files into a desk's knowledge base, in calls that are not too large.

use crate::confluence::{Options, Space, articles, probes};
use crate::{File, Note};
use anyhow::{Context, Result};
use serde_json::{Value, json};

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
