//! `cargo xtask articles SOURCE --desk D`: Markdown files or a Confluence space into a desk's knowledge base.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;
use relevo_import::confluence::rest::Confluence;
use relevo_import::confluence::{Options, export};
use relevo_import::post::{Way, gone, post, post_space};
use relevo_import::{File, Note, markdown};
use serde_json::{Value, json};

use crate::http::Client;
use crate::project;
use crate::up::info::Info;

/// Where the mail address and API token for a live Confluence are.
const LOGIN: &str = "CONFLUENCE_LOGIN";

const HELP: &str = "\
cargo xtask articles SOURCE --desk DESK [options]

Posts articles to POST /api/DESK/articles/import and says what became of each, and at the end what could not be taken over.
The same again leaves alone what is the same.

SOURCE is one of
  a folder or a .zip of Markdown files
                above its text a file may say title, locale, tags, owner, partition and review between two lines of ---;
                name.es.md and name.fr.md are one article
  a folder or a .zip that Confluence exported a space into, as HTML
  https://NAME.atlassian.net
                with --space: a live Confluence; CONFLUENCE_LOGIN=\"mail address:API token\" says who reads it

  --draft       propose what the files say; else it is published
  --dry-run     only say what would become of them
  --info FILE   the file that `up` wrote (target/up.json)

Of a Confluence
  --space KEY   the space
  --locale L    the language that its pages are in (the desk's)
  --owner ID    who sees to the articles
  --partition P the client company that they are of
  --name NAME   what this Confluence is called in the articles' sources, if there are several (confluence)";

/// What is imported, and how.
struct Wanted {
    source: PathBuf,
    space: Option<String>,
    way: Way,
    options: Options,
}

/// Runs the command.
///
/// # Errors
/// When the source cannot be read, the application refuses the call, or a file is refused.
pub fn command(mut args: lexopt::Parser) -> Result<()> {
    let (mut source, mut desk, mut info) = (None, None, project::root().join("target/up.json"));
    let mut way = Way { publish: true, dry_run: false };
    let name = "confluence".to_owned();
    let (mut space, mut options) = (None, Options { name, locale: None, owner: None, partition: None });
    while let Some(arg) = args.next()? {
        match arg {
            Long("desk") => desk = Some(args.value()?.string()?),
            Long("draft") => way.publish = false,
            Long("dry-run") => way.dry_run = true,
            Long("info") => info = PathBuf::from(args.value()?),
            Long("space") => space = Some(args.value()?.string()?),
            Long("locale") => options.locale = Some(args.value()?.string()?),
            Long("owner") => options.owner = Some(args.value()?.string()?),
            Long("partition") => options.partition = Some(args.value()?.string()?),
            Long("name") => options.name = args.value()?.string()?,
            Long("help") => {
                println!("{HELP}");
                return Ok(());
            }
            Value(given) if source.is_none() => source = Some(PathBuf::from(given)),
            other => return Err(other.unexpected().into()),
        }
    }
    let (Some(source), Some(desk)) = (source, desk) else { bail!("what, and into which desk?\n\n{HELP}") };
    let info = Info::load(&info)?;
    let token = &info.desks.get(&desk).with_context(|| format!("there is no desk {desk}"))?.lead_token;
    let client = Client::new(&info.base_url);
    let (results, notes) = run(&client, &desk, token, &Wanted { source, space, way, options })?;
    let mut refused = 0_usize;
    for item in &results {
        println!("{}", line(item));
        refused = refused.saturating_add(usize::from(item["result"] == "refused"));
    }
    if !notes.is_empty() {
        println!("\nWhat could not be taken over:");
    }
    for note in &notes {
        println!("  {}: {}", note.page, note.why);
    }
    if refused > 0 {
        bail!("{refused} files were refused");
    }
    Ok(())
}

/// Posts a folder of Markdown; gives what became of each file.
///
/// # Errors
/// When the folder cannot be read or the application refuses the call.
pub fn import(client: &Client, desk: &str, token: &str, folder: &Path) -> Result<Vec<Value>> {
    send(client, desk, token, &markdown::read(folder)?, Way { publish: true, dry_run: false })
}

fn run(client: &Client, desk: &str, token: &str, wanted: &Wanted) -> Result<(Vec<Value>, Vec<Note>)> {
    let shown = wanted.source.to_string_lossy();
    let space = if shown.contains("://") {
        let key = wanted.space.as_deref().context("which space? --space KEY")?;
        let login = std::env::var(LOGIN)
            .map_err(|_| anyhow::anyhow!("{LOGIN} has to say who reads: \"mail address:API token\""))?;
        Confluence::new(&shown, &login, std::thread::sleep)?.read(key)?
    } else if export::is_one(&wanted.source)? {
        export::read(&wanted.source)?
    } else {
        let results = send(client, desk, token, &markdown::read(&wanted.source)?, wanted.way)?;
        return Ok((results, Vec::new()));
    };
    let (results, mut notes) =
        post_space(&space, &wanted.options, wanted.way, &mut calling(client, desk, token))?;
    notes.extend(gone(&space, &wanted.options, &mut |query| {
        client.get(&format!("/api/{desk}/articles?{query}"), token)?.value()
    })?);
    Ok((results, notes))
}

fn send(client: &Client, desk: &str, token: &str, files: &[File], way: Way) -> Result<Vec<Value>> {
    post(files, way, &mut calling(client, desk, token))
}

fn calling(client: &Client, desk: &str, token: &str) -> impl FnMut(&Value) -> Result<Value> {
    move |body| client.json("POST", &format!("/api/{desk}/articles/import"), token, body)?.value()
}

/// What became of a file.
fn line(item: &Value) -> String {
    let errors = item["errors"].as_array().filter(|errors| !errors.is_empty());
    let why = errors.map(|errors| json!(errors).to_string());
    let why = why.or_else(|| item["detail"].as_str().map(str::to_owned)).unwrap_or_default();
    let said = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
    format!("  {:<10} {} {why}", said("result"), said("path"))
}
