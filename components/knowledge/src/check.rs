//! What an article may be.

use chrono::NaiveDate;
use relevo_domain::article::{About, MAX_BODY_BYTES, MAX_TITLE_CHARS, Text};
use relevo_domain::pack::Pack;
use relevo_edge::api::ArticleChange;
use relevo_edge::problem::Problem;

/// Longest name of a language, and of a tag.
const MAX_NAME_CHARS: usize = 64;

/// Most tags.
const MAX_TAGS: usize = 50;

/// A language by its tag, such as `es` or `es-MX`.
pub fn locale(locale: &str) -> Result<(), String> {
    let mut parts = locale.split('-');
    let language = parts.next().unwrap_or_default();
    let fits = |part: &str, least: usize, most: usize| {
        (least..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let good = fits(language, 2, 3) && parts.all(|part| fits(part, 2, 8)) && locale.len() <= MAX_NAME_CHARS;
    if good { Ok(()) } else { Err("a language tag such as es or es-MX".to_owned()) }
}

/// What is wrong with what an article says.
pub fn text(text: &Text) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    if text.title.trim().is_empty() || text.title.chars().count() > MAX_TITLE_CHARS {
        wrong.push(("/title".to_owned(), format!("a title has 1 to {MAX_TITLE_CHARS} characters")));
    }
    if text.body.trim().is_empty() || text.body.len() > MAX_BODY_BYTES {
        wrong.push(("/body".to_owned(), format!("a body has 1 to {MAX_BODY_BYTES} bytes of Markdown")));
    }
    wrong
}

/// What is wrong with what is known about an article.
pub fn about(about: &About, pack: &Pack) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    if about.tags.len() > MAX_TAGS
        || about.tags.iter().any(|tag| tag.is_empty() || tag.chars().count() > MAX_NAME_CHARS)
    {
        wrong.push((
            "/tags".to_owned(),
            format!("at most {MAX_TAGS} tags of 1 to {MAX_NAME_CHARS} characters"),
        ));
    }
    if about.owner.as_ref().is_some_and(|owner| !pack.people.contains_key(owner)) {
        wrong.push(("/owner".to_owned(), "nobody of this id works at the desk".to_owned()));
    }
    if about.partition.as_ref().is_some_and(|partition| !pack.partitions.contains_key(partition)) {
        wrong.push(("/partition".to_owned(), "the desk has no such partition".to_owned()));
    }
    wrong
}

/// What is known about an article after a change of it.
pub fn changed(about: &About, change: &ArticleChange) -> Result<About, Problem> {
    let mut about = about.clone();
    if let Some(tags) = &change.tags {
        about.tags = tags.iter().cloned().collect();
    }
    if let Some(owner) = &change.owner {
        about.owner = Some(owner.clone()).filter(|owner| !owner.is_empty());
    }
    if let Some(day) = &change.review_on {
        about.review_on = review_day(day).map_err(|why| Problem::invalid("/review_on", why))?;
    }
    if let Some(partition) = &change.partition {
        about.partition = Some(partition.clone()).filter(|partition| !partition.is_empty());
    }
    Ok(about)
}

/// A day, or none for an empty text.
pub fn review_day(text: &str) -> Result<Option<NaiveDate>, String> {
    match text {
        "" => Ok(None),
        day => day.parse().map(Some).map_err(|_| "a day such as 2027-01-31, or nothing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_known_by_their_tags() {
        for good in ["es", "fil", "es-MX", "zh-Hant-TW"] {
            assert!(locale(good).is_ok(), "{good}");
        }
        for bad in ["", "e", "español", "es_MX", "es-", "es-M", "../es"] {
            assert!(locale(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_says_nothing_or_too_much_is_refused_with_its_place() {
        let wrong = |title: &str, body: &str| -> Vec<String> {
            let said = Text { title: title.to_owned(), body: body.to_owned() };
            text(&said).into_iter().map(|(place, _)| place).collect()
        };
        assert!(wrong("Claves", "# Cómo").is_empty());
        assert_eq!(wrong(" ", ""), ["/title", "/body"]);
        assert_eq!(
            wrong(&"a".repeat(MAX_TITLE_CHARS + 1), &"b".repeat(MAX_BODY_BYTES + 1)),
            ["/title", "/body"]
        );
    }
}
