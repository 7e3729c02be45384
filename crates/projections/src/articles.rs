//! The rows of articles: what searches weigh.

use relevo_domain::article::{Article, ArticleRow, Said, Text, Translation};
use relevo_search::words::words;
use std::collections::BTreeMap;

/// Most different words of one language of an article.
const MOST_WORDS: usize = 600;

/// How much a word in the title counts, and one in a tag.
const TITLE: u32 = 4;
const TAG: u32 = 3;

/// The row of an article; none before anything is said in it.
pub fn row(article: &Article) -> Option<ArticleRow> {
    let (_, updated) = article.changed?;
    let said =
        article.locales.iter().filter_map(|(locale, there)| Some((locale.clone(), said(article, there)?)));
    Some(ArticleRow {
        about: article.about.clone(),
        standing: article.standing(),
        locales: said.collect(),
        updated_ms: updated.timestamp_millis(),
    })
}

fn said(article: &Article, there: &Translation) -> Option<Said> {
    let text = there.published.as_ref().or(there.draft.as_ref())?;
    Some(Said {
        title: text.title.clone(),
        published: there.published.is_some(),
        drafted: there.draft.is_some(),
        words: weighed(article, text),
    })
}

fn weighed(article: &Article, text: &Text) -> BTreeMap<String, u32> {
    let mut all: BTreeMap<String, u32> = BTreeMap::new();
    let tags = article.about.tags.iter().map(|tag| (tag.as_str(), TAG));
    let pieces = [(text.title.as_str(), TITLE)].into_iter().chain(tags).chain([(text.body.as_str(), 1)]);
    for (piece, weight) in pieces {
        for word in words(piece) {
            if all.len() >= MOST_WORDS && !all.contains_key(&word.folded) {
                continue;
            }
            let count = all.entry(word.folded).or_default();
            *count = count.saturating_add(weight);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_and_tags_count_more_and_a_long_body_is_weighed_by_its_beginning() {
        let mut article = Article::default();
        article.about.tags.insert("acceso".to_owned());
        let body = (0..2_000).map(|n| format!("palabra{n} ")).collect::<String>();
        let all =
            weighed(&article, &Text { title: "Claves de acceso".to_owned(), body: format!("clave {body}") });
        assert_eq!((all.get("acceso"), all.get("claves"), all.get("clave")), (Some(&7), Some(&4), Some(&1)));
        assert_eq!(all.len(), MOST_WORDS);
    }
}
