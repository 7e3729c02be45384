//! Writing, publishing and reading articles.

use crate::check;
use crate::show;
use http::StatusCode;
use http::header::{ETAG, HeaderValue};
use relevo_domain::article::{Article, ArticleEvent, MAX_LOCALES, Text};
use relevo_domain::conversation::view::rfc3339;
use relevo_domain::pack::Role;
use relevo_edge::api::{ArticleArchival, ArticleChange, ArticlePublication};
use relevo_edge::app::event;
use relevo_edge::clock;
use relevo_edge::http::{Response, json};
use relevo_edge::identity::Identity;
use relevo_edge::ids;
use relevo_edge::problem::Problem;
use relevo_edge::routes::Call;
use relevo_journal::{Fold, Loaded};
use relevo_projections::claims;
use serde_json::json;

/// `POST …/articles`: a draft.
pub async fn create(call: &Call<'_>) -> Result<Response, Problem> {
    let mut change: ArticleChange = call.request.json()?;
    let identity = Identity::of(&call.context, &call.caller.person, call.request)?;
    // The same call again is the same article.
    let name = call.context.keys.id("article", &[&identity.id]);
    let loaded = load_any(call, &name).await?;
    if !identity.repeats(&loaded)? {
        let mut wrong = Vec::new();
        for (place, given) in
            [("/locale", &change.locale), ("/title", &change.title), ("/body", &change.body)]
        {
            if given.is_none() {
                wrong.push((place.to_owned(), "a new article has a language, a title and a body".to_owned()));
            }
        }
        if !wrong.is_empty() {
            return Err(Problem::invalid_all(wrong));
        }
        // What is written for one client is not another's to find, unless its writer says so.
        if change.partition.is_none() {
            let pack = call.context.pack().await?;
            let own = pack.pack.only_partition(&call.caller.person, call.caller.role);
            change.partition = own.map(str::to_owned);
        }
        record(call, &identity, &loaded, changes(call, &loaded.state, &change).await?).await?;
    }
    answer(call, &name, StatusCode::CREATED).await
}

/// `PUT …/articles/{article}`: another draft, or something else about it.
pub async fn update(call: &Call<'_>) -> Result<Response, Problem> {
    let change: ArticleChange = call.request.json()?;
    let (name, loaded) = load(call).await?;
    let identity = Identity::of(&call.context, &call.caller.person, call.request)?;
    if !identity.repeats(&loaded)? {
        let changes = changes(call, &loaded.state, &change).await?;
        let describes = changes.iter().any(|change| matches!(change, ArticleEvent::Described { .. }));
        if describes && call.caller.role < Role::Lead {
            return Err(Problem::forbidden(
                "tags, owner, review and partition of an article are changed by a lead",
            ));
        }
        unmoved(call, &loaded)?;
        record(call, &identity, &loaded, changes).await?;
    }
    answer(call, &name, StatusCode::OK).await
}

/// `POST …/articles/{article}/publish`: the draft, or an earlier version again.
pub async fn publish(call: &Call<'_>) -> Result<Response, Problem> {
    let body: ArticlePublication = call.request.json()?;
    let (name, loaded) = load(call).await?;
    let identity = Identity::of(&call.context, &call.caller.person, call.request)?;
    if !identity.repeats(&loaded)? {
        let there = loaded.state.locales.get(&body.locale);
        let text = match body.version {
            Some(number) => version(call, &loaded, &body.locale, number).await?,
            None => there.and_then(|there| there.draft.clone()).ok_or_else(|| {
                let detail = "there is no draft in this language that is not published";
                Problem::new(StatusCode::CONFLICT, "no_draft", detail)
            })?,
        };
        unmoved(call, &loaded)?;
        // What is published already is no version more.
        if there.is_none_or(|there| there.draft.is_some() || there.published.as_ref() != Some(&text)) {
            let published = ArticleEvent::Published { locale: body.locale, text, restores: body.version };
            record(call, &identity, &loaded, vec![published]).await?;
        }
    }
    answer(call, &name, StatusCode::OK).await
}

/// `POST …/articles/{article}/archive`
pub async fn archive(call: &Call<'_>) -> Result<Response, Problem> {
    let body: ArticleArchival = call.request.json()?;
    let (name, loaded) = load(call).await?;
    let identity = Identity::of(&call.context, &call.caller.person, call.request)?;
    if !identity.repeats(&loaded)? && loaded.state.archived != body.archived {
        unmoved(call, &loaded)?;
        let archived = ArticleEvent::Archived { archived: body.archived };
        record(call, &identity, &loaded, vec![archived]).await?;
    }
    answer(call, &name, StatusCode::OK).await
}

/// `GET …/articles/{article}`
pub async fn read(call: &Call<'_>) -> Result<Response, Problem> {
    let (name, loaded) = load(call).await?;
    Ok(shown(&name, &loaded.state, StatusCode::OK))
}

/// `GET …/articles/{article}/versions`: everything that was done to it, newest first.
pub async fn versions(call: &Call<'_>) -> Result<Response, Problem> {
    let (_, loaded) = load(call).await?;
    let (_, events) = call.context.journal.load_events::<Article>(loaded.stream(), None).await?;
    let mut counts = std::collections::BTreeMap::<String, u32>::new();
    let mut items: Vec<_> = events
        .into_iter()
        .map(|event| {
            let (what, more) = match event.data {
                ArticleEvent::Described { about } => ("described", json!({"about": about})),
                ArticleEvent::Drafted { locale, text } => {
                    ("drafted", json!({"locale": locale, "text": text}))
                }
                ArticleEvent::Archived { archived } => ("archived", json!({"archived": archived})),
                ArticleEvent::Published { locale, text, restores } => {
                    let count = counts.entry(locale.clone()).or_default();
                    *count = count.saturating_add(1);
                    let more =
                        json!({"locale": locale, "version": *count, "restores": restores, "text": text});
                    ("published", more)
                }
            };
            json!({"at": rfc3339(event.at), "by": event.by, "what": what, "change": more})
        })
        .collect();
    items.reverse();
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}

/// The article of the path, if the caller may see it.
async fn load(call: &Call<'_>) -> Result<(String, Loaded<Article>), Problem> {
    let name = ids::parse(call.matched.part(1), ids::ARTICLE, "article").map_err(|_| show::unknown())?;
    let loaded = existing(call, name).await?;
    Ok((name.to_owned(), loaded))
}

/// An article that there is and that the caller may see.
pub async fn existing(call: &Call<'_>, name: &str) -> Result<Loaded<Article>, Problem> {
    let loaded = load_any(call, name).await?;
    if loaded.is_new() {
        return Err(show::unknown());
    }
    show::visible(call, &loaded.state.about).await?;
    Ok(loaded)
}

/// An article, there or not.
pub async fn load_any(call: &Call<'_>, name: &str) -> Result<Loaded<Article>, Problem> {
    let stream = call.context.stream(Article::KIND, name)?;
    Ok(call.context.journal.load::<Article>(&stream, call.context.now).await?)
}

/// What a change comes to.
async fn changes(
    call: &Call<'_>,
    article: &Article,
    change: &ArticleChange,
) -> Result<Vec<ArticleEvent>, Problem> {
    let (mut wrong, mut changes) = (Vec::new(), Vec::new());
    let about = check::changed(&article.about, change)?;
    wrong.extend(check::about(&about, &call.context.pack().await?.pack));
    show::visible(call, &about)
        .await
        .map_err(|_| Problem::invalid("/partition", "you do not work for it"))?;
    if about != article.about {
        changes.push(ArticleEvent::Described { about: Box::new(about) });
    }
    if let Some(locale) = &change.locale {
        let there = article.locales.get(locale);
        let now = there
            .and_then(|there| there.draft.as_ref().or(there.published.as_ref()))
            .cloned()
            .unwrap_or_default();
        let text = Text {
            title: change.title.clone().unwrap_or(now.title.clone()),
            body: change.body.clone().unwrap_or(now.body.clone()),
        };
        wrong.extend(check::locale(locale).err().map(|why| ("/locale".to_owned(), why)));
        wrong.extend(check::text(&text));
        if there.is_none() && article.locales.len() >= MAX_LOCALES {
            wrong.push(("/locale".to_owned(), format!("an article has at most {MAX_LOCALES} languages")));
        }
        changes.push(ArticleEvent::Drafted { locale: locale.clone(), text });
    } else if change.title.is_some() || change.body.is_some() {
        wrong.push(("/locale".to_owned(), "the language of the title or body".to_owned()));
    }
    if wrong.is_empty() { Ok(changes) } else { Err(Problem::invalid_all(wrong)) }
}

async fn version(
    call: &Call<'_>,
    loaded: &Loaded<Article>,
    locale: &str,
    number: u32,
) -> Result<Text, Problem> {
    let (_, events) = call.context.journal.load_events::<Article>(loaded.stream(), None).await?;
    let mut published = events.into_iter().filter_map(|event| match event.data {
        ArticleEvent::Published { locale: of, text, .. } if of == locale => Some(text),
        _ => None,
    });
    let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    let text = place.and_then(|place| published.nth(place));
    text.ok_or_else(|| Problem::invalid("/version", "there is no such version in this language"))
}

/// Appends changes under the call's id.
async fn record(
    call: &Call<'_>,
    identity: &Identity,
    loaded: &Loaded<Article>,
    changes: Vec<ArticleEvent>,
) -> Result<(), Problem> {
    if changes.is_empty() {
        return Ok(());
    }
    // The first of a new one is told from others by its id.
    if !loaded.is_new() {
        alone(call, loaded).await?;
    }
    let by = call.caller.actor();
    let named = (0..).zip(changes).map(|(n, change)| {
        let id = if n == 0 { identity.id.clone() } else { format!("{}.{n}", identity.id) };
        event(id, &by, identity.tag, change)
    });
    let events: Result<Vec<_>, Problem> = named.collect();
    let mut commit = call.context.commit();
    commit.append(loaded, events?)?;
    call.context.journal.commit(commit).await?;
    Ok(())
}

/// Of those that change an article as it stands at once one goes on.
pub async fn alone(call: &Call<'_>, loaded: &Loaded<Article>) -> Result<(), Problem> {
    let (stream, revision) = (loaded.stream().to_string(), loaded.state.revision.to_string());
    match claims::alone(&call.context, &[&stream, &revision], clock::now()).await? {
        true => Ok(()),
        false => Err(moved_on("another call changes the article at the same time".to_owned())),
    }
}

async fn answer(call: &Call<'_>, name: &str, status: StatusCode) -> Result<Response, Problem> {
    let loaded = existing(call, name).await?;
    Ok(shown(name, &loaded.state, status))
}

/// An article, with what `If-Match` names it by.
fn shown(name: &str, article: &Article, status: StatusCode) -> Response {
    let mut response = json(status, &show::article(name, article));
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", article.revision)) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// Refuses a change of an article that is another by now than who changes it says.
fn unmoved(call: &Call<'_>, loaded: &Loaded<Article>) -> Result<(), Problem> {
    let revision = loaded.state.revision;
    match call.request.is_made_from(revision)? {
        true => Ok(()),
        false => Err(moved_on(format!("the article is at revision {revision} now"))),
    }
}

fn moved_on(what: String) -> Problem {
    let detail = format!("{what}; read it and make the change there");
    Problem::new(StatusCode::CONFLICT, "article_moved_on", detail)
}
