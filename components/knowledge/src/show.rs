//! Articles as the API shows them.

use crate::markdown;
use relevo_domain::article::{About, Article, ArticleRow, Standing, Translation};
use relevo_domain::conversation::view::rfc3339;
use relevo_edge::ids;
use relevo_edge::problem::Problem;
use relevo_edge::routes::Call;
use serde_json::{Map, Value, json};

/// An article with all that it says.
pub fn article(name: &str, article: &Article) -> Value {
    let locales: Map<String, Value> =
        article.locales.iter().map(|(locale, text)| (locale.clone(), translation(text))).collect();
    let mut shown = about(name, &article.about, article.standing());
    shown.insert("locales".to_owned(), Value::Object(locales));
    shown.insert("revision".to_owned(), json!(article.revision));
    shown.insert("created_at".to_owned(), json!(article.changed.map(|(begun, _)| rfc3339(begun))));
    shown.insert("updated_at".to_owned(), json!(article.changed.map(|(_, last)| rfc3339(last))));
    Value::Object(shown)
}

/// An article in a list.
pub fn row(name: &str, row: &ArticleRow) -> Map<String, Value> {
    let locales: Map<String, Value> = row
        .locales
        .iter()
        .map(|(locale, said)| {
            let shown = json!({"title": said.title, "published": said.published, "drafted": said.drafted});
            (locale.clone(), shown)
        })
        .collect();
    let mut shown = about(name, &row.about, row.standing);
    shown.insert("locales".to_owned(), Value::Object(locales));
    let updated = chrono::DateTime::from_timestamp_millis(row.updated_ms).map(rfc3339);
    shown.insert("updated_at".to_owned(), json!(updated));
    shown
}

/// Refuses what belongs to a partition that the caller does not see, as if it were not there.
pub async fn visible(call: &Call<'_>, about: &About) -> Result<(), Problem> {
    let pack = call.context.pack().await?;
    match pack.pack.sees(&call.caller.person, call.caller.role, about.partition.as_deref()) {
        true => Ok(()),
        false => Err(unknown()),
    }
}

/// There is no such article.
pub fn unknown() -> Problem {
    Problem::not_found("unknown_article", "there is no such article at this desk")
}

fn about(name: &str, about: &About, standing: Standing) -> Map<String, Value> {
    let mut shown = Map::new();
    let mut put = |key: &str, value: Value| shown.insert(key.to_owned(), value);
    put("id", json!(format!("{}{name}", ids::ARTICLE)));
    put("status", json!(standing));
    put("tags", json!(about.tags));
    put("owner", json!(about.owner));
    put("review_on", json!(about.review_on));
    put("partition", json!(about.partition));
    put("source", json!(about.source));
    shown
}

fn translation(text: &Translation) -> Value {
    let said = |said: &relevo_domain::article::Text| json!({"title": said.title, "body": said.body, "html": markdown::to_html(&said.body)});
    json!({
        "published": text.published.as_ref().map(said),
        "version": text.versions.last().map(|version| version.number),
        "draft": text.draft.as_ref().map(said),
        "drafted_by": text.drafted_by,
    })
}
