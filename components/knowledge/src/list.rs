//! `GET …/articles`: lists, searches, and what is to be looked at again.

use crate::{articles, find, markdown, show};
use futures::future::try_join_all;
use http::StatusCode;
use relevo_domain::article::{ArticleRow, Standing};
use relevo_edge::http::{Response, json};
use relevo_edge::ids;
use relevo_edge::problem::Problem;
use relevo_edge::routes::Call;
use relevo_search::{Query, Text};
use serde_json::{Value, json};

/// `GET …/articles`
pub async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let given = |name: &str| call.request.parameter(name).filter(|value| !value.is_empty());
    let limit = limit(call)?;
    let status = given("status");
    let status = status.map(|word| serde_json::from_value::<Standing>(Value::String(word))).transpose();
    let status = status
        .map_err(|_| Problem::bad_request("bad_status", "status is one of draft, published, archived"))?;
    let due = given("due_for_review").map(|word| word.parse::<bool>()).transpose();
    let due =
        due.map_err(|_| Problem::bad_request("bad_due_for_review", "due_for_review is true or false"))?;
    let (tag, source) = (given("tag"), given("source"));
    let query = given("q").map(|text| Query::parse(&text)).transpose();
    let query = query.map_err(|refused| Problem::bad_request("bad_q", refused.advice()))?;
    let today = call.context.now.date_naive();
    let fits = |row: &ArticleRow| {
        status.is_none_or(|status| row.standing == status)
            && tag.as_ref().is_none_or(|tag| row.about.tags.contains(tag))
            && source.as_ref().is_none_or(|source| {
                row.about.source.as_ref().is_some_and(|from| from.starts_with(source.as_str()))
            })
            && due.is_none_or(|due| {
                due == (row.standing != Standing::Archived
                    && row.about.review_on.is_some_and(|day| day <= today))
            })
    };
    let mut rows = find::all(call).await?;
    rows.retain(|_, row| fits(row));
    if let Some(cursor) = given("cursor") {
        let name =
            ids::parse(&cursor, ids::ARTICLE, "article").ok().filter(|_| source.is_some() && query.is_none());
        let name = name.ok_or_else(|| {
            Problem::bad_request("bad_cursor", "cursor is `next` of the answer before, of a list by source")
        })?;
        rows.retain(|there, _| there.as_str() > name);
    }
    // What came from one place is listed to its end, in an order that does not change.
    let by_name = source.is_some() && query.is_none();
    let last = rows.keys().nth(limit.saturating_sub(1)).filter(|_| by_name && rows.len() > limit).cloned();
    let items = match query {
        Some(query) => hits(call, &rows, &query, given("locale").as_deref(), limit).await?,
        None => {
            let mut rows: Vec<(String, ArticleRow)> = rows.into_iter().collect();
            rows.sort_by_key(|(name, row)| match due {
                _ if by_name => (None, 0, name.clone()),
                Some(true) => (row.about.review_on, 0, name.clone()),
                _ => (None, i64::MAX.saturating_sub(row.updated_ms), name.clone()),
            });
            rows.truncate(limit);
            rows.iter().map(|(name, row)| Value::Object(show::row(name, row))).collect()
        }
    };
    let next = last.map(|name| format!("{}{name}", ids::ARTICLE));
    Ok(json(StatusCode::OK, &json!({"items": items, "next": next})))
}

async fn hits(
    call: &Call<'_>,
    rows: &std::collections::BTreeMap<String, ArticleRow>,
    query: &Query,
    locale: Option<&str>,
    limit: usize,
) -> Result<Vec<Value>, Problem> {
    let ranked = find::ranked(call, rows, &query.terms(), locale).await?;
    // A phrase is looked for in what the best ones say.
    let looks = ranked.iter().take(limit.saturating_mul(2)).map(|hit| async move {
        let loaded = articles::load_any(call, &hit.name).await?;
        let Some(text) = loaded.state.locales.get(&hit.locale).and_then(|there| there.published.clone())
        else {
            return Ok(None);
        };
        let (title, body) = (Text::new(&text.title), markdown::to_text(&text.body));
        let body = Text::new(&body);
        let long = query.phrases.iter().filter(|phrase| phrase.len() > 1);
        if !long.into_iter().all(|phrase| title.has(phrase) || body.has(phrase)) {
            return Ok(None);
        }
        let parts =
            body.snippet(&query.phrases).or_else(|| title.snippet(&query.phrases)).unwrap_or_default();
        let parts: Vec<Value> =
            parts.iter().map(|part| json!({"text": part.text, "hit": part.hit})).collect();
        let mut item = show::row(&hit.name, &hit.row);
        item.insert("locale".to_owned(), json!(hit.locale));
        item.insert("title".to_owned(), json!(text.title));
        item.insert("score".to_owned(), json!((hit.score * 1_000.0).round() / 1_000.0));
        item.insert("matched".to_owned(), json!(parts));
        Ok::<_, Problem>(Some(Value::Object(item)))
    });
    let items = try_join_all(looks).await?;
    Ok(items.into_iter().flatten().take(limit).collect())
}

/// The `limit` parameter.
pub fn limit(call: &Call<'_>) -> Result<usize, Problem> {
    let Some(text) = call.request.parameter("limit") else { return Ok(20) };
    let limit = text.parse().ok().filter(|limit| (1..=100).contains(limit));
    limit.ok_or_else(|| Problem::bad_request("bad_limit", "limit is a number from 1 to 100"))
}
