//! `POST …/articles/import`: a folder of Markdown files. The same folder again changes nothing but what is different.

use crate::{articles, check, markdown, show};
use http::StatusCode;
use relevo_domain::article::{About, Article, ArticleEvent, Text};
use relevo_domain::card_number;
use relevo_domain::pack::Pack;
use relevo_edge::api::{ArticleFile, ArticleImport};
use relevo_edge::app::event;
use relevo_edge::http::{Response, json};
use relevo_edge::problem::Problem;
use relevo_edge::routes::Call;
use relevo_edge::{card_numbers, identity, ids};
use relevo_journal::Loaded;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Most files of one call.
const MOST_FILES: usize = 200;

/// What becomes of a file: each has a result of its own.
pub async fn import(call: &Call<'_>) -> Result<Response, Problem> {
    let body: ArticleImport = call.request.json()?;
    if body.items.is_empty() || body.items.len() > MOST_FILES {
        return Err(Problem::invalid("/items", format!("1 to {MOST_FILES} files")));
    }
    let mut paths = BTreeSet::new();
    let pack = call.context.pack().await?;
    let (mut results, mut counts) = (Vec::new(), std::collections::BTreeMap::<&str, u64>::new());
    for file in &body.items {
        let result = match paths.insert(&file.path) {
            true => one(call, file, &pack.pack, body.publish, body.dry_run).await,
            false => Err(Problem::invalid("/path", "the same path came before")),
        };
        let (outcome, shown) = match result {
            Ok((outcome, id)) => (outcome, json!({"path": file.path, "result": outcome, "article": id})),
            // The store does not answer: the rest would fail too.
            Err(problem) if problem.status.is_server_error() => return Err(problem),
            Err(problem) => ("refused", refused(&pack.pack, &file.path, &problem)),
        };
        let count = counts.entry(outcome).or_default();
        *count = count.saturating_add(1);
        results.push(shown);
    }
    Ok(json(StatusCode::OK, &json!({"dry_run": body.dry_run, "counts": counts, "items": results})))
}

fn refused(pack: &Pack, path: &str, problem: &Problem) -> Value {
    let masked = pack.mask_card_numbers.then(|| card_number::mask(path)).flatten();
    let path = masked.as_deref().unwrap_or(path);
    let errors: Vec<Value> = problem
        .errors
        .iter()
        .map(|wrong| json!({"pointer": wrong.pointer, "message": wrong.message}))
        .collect();
    json!({"path": path, "result": "refused", "code": problem.code, "detail": problem.detail, "errors": errors})
}

/// A file: `created`, `updated` or `unchanged`, and the article's id.
async fn one(
    call: &Call<'_>,
    file: &ArticleFile,
    pack: &Pack,
    publish: bool,
    dry_run: bool,
) -> Result<(&'static str, String), Problem> {
    card_numbers::refuse_in(pack, &json!({"path": file.path, "markdown": file.markdown}))?;
    let read = read(file, pack)?;
    // Languages of one article are files of one name: `claves.es.md` and `claves.fr.md`.
    let name = call.context.keys.id("article", &["import", &read.source]);
    let loaded = articles::load_any(call, &name).await?;
    let outcome = outcome(&loaded, &read, publish);
    show::visible(call, &loaded.state.about).await?;
    show::visible(call, &read.about)
        .await
        .map_err(|_| Problem::invalid("/partition", "you do not work for it"))?;
    if !outcome.1.is_empty() && !dry_run {
        articles::alone(call, &loaded).await?;
        let by = call.caller.actor();
        let events: Result<Vec<_>, Problem> = outcome
            .1
            .into_iter()
            .map(|change| event(format!("import.{}", identity::random()?), &by, 0, change))
            .collect();
        let mut commit = call.context.commit();
        commit.append(&loaded, events?)?;
        call.context.journal.commit(commit).await?;
    }
    Ok((outcome.0, format!("{}{name}", ids::ARTICLE)))
}

/// What is to be written.
fn outcome(loaded: &Loaded<Article>, read: &Read, publish: bool) -> (&'static str, Vec<ArticleEvent>) {
    let article = &loaded.state;
    let mut changes = Vec::new();
    if article.about != read.about {
        changes.push(ArticleEvent::Described { about: Box::new(read.about.clone()) });
    }
    let there = article.locales.get(&read.locale);
    let published = there.and_then(|there| there.published.as_ref()) == Some(&read.text);
    let drafted = there.and_then(|there| there.draft.as_ref()) == Some(&read.text);
    let (locale, text) = (read.locale.clone(), read.text.clone());
    match publish {
        true if !published => changes.push(ArticleEvent::Published { locale, text, restores: None }),
        false if !published && !drafted => changes.push(ArticleEvent::Drafted { locale, text }),
        _ => {}
    }
    let outcome = match (loaded.is_new(), changes.is_empty()) {
        (true, _) => "created",
        (false, true) => "unchanged",
        (false, false) => "updated",
    };
    (outcome, changes)
}

/// A file, read.
struct Read {
    source: String,
    locale: String,
    about: About,
    text: Text,
}

fn read(file: &ArticleFile, pack: &Pack) -> Result<Read, Problem> {
    let path = file.path.trim_start_matches("./");
    let stem = path.strip_suffix(".md").unwrap_or_default();
    if stem.is_empty()
        || path.len() > 300
        || path.starts_with('/')
        || path.split('/').any(|part| part == "..")
    {
        return Err(Problem::invalid("/path", "a path within the folder, ending in .md"));
    }
    let matter = markdown::split(&file.markdown).map_err(|why| Problem::invalid("/markdown", why))?;
    // `claves.es.md` says its language in its name.
    let named = stem.rsplit_once('.').filter(|(_, locale)| check::locale(locale).is_ok());
    let (source, mut locale) = match named {
        Some((source, locale)) => (source.to_owned(), locale.to_owned()),
        None => (stem.to_owned(), pack.locale.default.clone()),
    };
    let (mut about, mut title) = (About { source: Some(source.clone()), ..About::default() }, None);
    let mut wrong = Vec::new();
    for (name, value) in matter.values {
        match name.as_str() {
            "title" => title = Some(value),
            "locale" => locale = value,
            "tags" => about.tags = tags(&value),
            "owner" => about.owner = Some(value).filter(|owner| !owner.is_empty()),
            "partition" => about.partition = Some(value).filter(|partition| !partition.is_empty()),
            "review" => match check::review_day(&value) {
                Ok(day) => about.review_on = day,
                Err(why) => wrong.push(("/review".to_owned(), why)),
            },
            other => wrong.push((
                format!("/{other}"),
                "one of title, locale, tags, owner, partition, review".to_owned(),
            )),
        }
    }
    // Without a title of its own it has that of its first heading.
    let heading =
        || matter.body.lines().find_map(|line| line.strip_prefix("# ")).map(|title| title.trim().to_owned());
    let title = title.or_else(heading).unwrap_or_default();
    let text = Text { title, body: matter.body.clone() };
    wrong.extend(check::locale(&locale).err().map(|why| ("/locale".to_owned(), why)));
    wrong.extend(check::text(&text));
    wrong.extend(check::about(&about, pack));
    if wrong.is_empty() { Ok(Read { source, locale, about, text }) } else { Err(Problem::invalid_all(wrong)) }
}

/// `a, b` or `[a, b]`.
fn tags(value: &str) -> BTreeSet<String> {
    let inner = value.trim_start_matches('[').trim_end_matches(']');
    inner
        .split(',')
        .map(|tag| tag.trim().trim_matches('"').to_owned())
        .filter(|tag| !tag.is_empty())
        .collect()
}
