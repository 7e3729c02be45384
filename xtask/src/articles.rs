//! `cargo xtask articles DIR --desk D`: a folder of Markdown files into a desk's knowledge base.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;
use serde_json::json;

use crate::http::Client;
use crate::project;
use crate::up::info::Info;

/// Files of one call: the API takes no more at once.
const FILES_PER_CALL: usize = 100;

const HELP: &str = "\
cargo xtask articles DIR --desk DESK [options]

Posts every .md file below DIR to POST /api/DESK/articles/import and says what became of each. Above its text a file may say
title, locale, tags, owner, partition and review between two lines of ---; name.es.md and name.fr.md are one article. The same
again leaves alone what is the same.

  --draft       propose what the files say; else it is published
  --dry-run     only say what would become of them
  --info FILE   the file that `up` wrote (target/up.json)";

/// Runs the command.
///
/// # Errors
/// When the folder cannot be read, the application refuses the call, or a file is refused.
pub fn command(mut args: lexopt::Parser) -> Result<()> {
    let (mut folder, mut desk, mut info) = (None, None, project::root().join("target/up.json"));
    let (mut publish, mut dry_run) = (true, false);
    while let Some(arg) = args.next()? {
        match arg {
            Long("desk") => desk = Some(args.value()?.string()?),
            Long("draft") => publish = false,
            Long("dry-run") => dry_run = true,
            Long("info") => info = PathBuf::from(args.value()?),
            Long("help") => {
                println!("{HELP}");
                return Ok(());
            }
            Value(dir) if folder.is_none() => folder = Some(PathBuf::from(dir)),
            other => return Err(other.unexpected().into()),
        }
    }
    let (Some(folder), Some(desk)) = (folder, desk) else { bail!("which folder, which desk?\n\n{HELP}") };
    let text = std::fs::read_to_string(&info)
        .with_context(|| format!("reading {}: is `up` running?", info.display()))?;
    let info: Info = serde_json::from_str(&text).context("the file that `up` wrote")?;
    let token = &info.desks.get(&desk).with_context(|| format!("there is no desk {desk}"))?.lead_token;
    let client = Client::new(&info.base_url);
    let mut refused = 0;
    for answer in import(&client, &desk, token, &folder, publish, dry_run)? {
        for item in answer["items"].as_array().into_iter().flatten() {
            let why = item["errors"]
                .as_array()
                .filter(|errors| !errors.is_empty())
                .map(|errors| json!(errors).to_string());
            let why = why.or_else(|| item["detail"].as_str().map(str::to_owned)).unwrap_or_default();
            println!(
                "  {:<10} {} {why}",
                item["result"].as_str().unwrap_or_default(),
                item["path"].as_str().unwrap_or_default()
            );
            refused += usize::from(item["result"] == "refused");
        }
    }
    if refused > 0 {
        bail!("{refused} files were refused");
    }
    Ok(())
}

/// Posts a folder; gives the answers.
///
/// # Errors
/// When the folder cannot be read or the application refuses the call.
pub fn import(
    client: &Client,
    desk: &str,
    token: &str,
    folder: &Path,
    publish: bool,
    dry_run: bool,
) -> Result<Vec<serde_json::Value>> {
    let mut files = Vec::new();
    gather(folder, folder, &mut files)?;
    files.sort();
    let mut answers = Vec::new();
    for some in files.chunks(FILES_PER_CALL) {
        let items: Vec<_> = some.iter().map(|(path, text)| json!({"path": path, "markdown": text})).collect();
        let body = json!({"items": items, "publish": publish, "dry_run": dry_run});
        answers.push(client.json("POST", &format!("/api/{desk}/articles/import"), token, &body)?.value()?);
    }
    Ok(answers)
}

/// The Markdown files below a folder: path within it and text.
fn gather(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            gather(root, &path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            let within = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
            files.push((within, text));
        }
    }
    Ok(())
}
