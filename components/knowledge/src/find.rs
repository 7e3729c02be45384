//! Which articles say what is asked for.

use futures::future::try_join_all;
use relevo_domain::article::{ArticleRow, Said, Standing};
use relevo_edge::internal;
use relevo_edge::problem::Problem;
use relevo_edge::routes::Call;
use relevo_projections::shards;
use relevo_search::rank::{self, Weighed};
use std::collections::BTreeMap;

/// An article that was found, in the language that it is shown in.
pub struct Hit {
    /// Stream name.
    pub name: String,
    /// The article.
    pub row: ArticleRow,
    /// The language.
    pub locale: String,
    /// How well it fits.
    pub score: f64,
}

struct Candidate<'a>(&'a Said);

impl Weighed for Candidate<'_> {
    fn words(&self) -> &BTreeMap<String, u32> {
        &self.0.words
    }
}

/// All articles that the caller may see, by stream name.
pub async fn all(call: &Call<'_>) -> Result<BTreeMap<String, ArticleRow>, Problem> {
    internal::follow(call.context.desk.as_str()).await?;
    let pack = call.context.pack().await?;
    let names: Vec<String> = shards::articles().collect();
    let tables =
        try_join_all(names.iter().map(|shard| shards::load::<ArticleRow, _>(&call.context, shard))).await?;
    let rows =
        tables.iter().flat_map(|table| table.state.rows().map(|(name, row)| (name.to_owned(), row.clone())));
    let sees = |row: &ArticleRow| {
        pack.pack.sees(&call.caller.person, call.caller.role, row.about.partition.as_deref())
    };
    Ok(rows.filter(|(_, row)| sees(row)).collect())
}

/// The articles that say any of the terms, best first: what is published, in the language that comes first of those asked
/// for, then the desk's, then any.
pub async fn ranked(
    call: &Call<'_>,
    rows: &BTreeMap<String, ArticleRow>,
    terms: &[String],
    locale: Option<&str>,
) -> Result<Vec<Hit>, Problem> {
    let pack = call.context.pack().await?;
    let chain = pack.pack.locale_chain(locale.unwrap_or(&pack.pack.locale.default));
    let said: Vec<(&String, &ArticleRow, &String, &Said)> = rows
        .iter()
        .filter(|(_, row)| row.standing == Standing::Published)
        .filter_map(|(name, row)| {
            let published =
                |locale: &String| row.locales.get_key_value(locale).filter(|(_, said)| said.published);
            let first = chain.iter().find_map(published);
            let (locale, said) = first.or_else(|| row.locales.iter().find(|(_, said)| said.published))?;
            Some((name, row, locale, said))
        })
        .collect();
    let candidates: Vec<Candidate<'_>> = said.iter().map(|(_, _, _, said)| Candidate(said)).collect();
    let hits = rank::rank(&candidates, terms).into_iter().filter_map(|(place, score)| {
        let (name, row, locale, _) = said.get(place)?;
        Some(Hit { name: (*name).clone(), row: (*row).clone(), locale: (*locale).clone(), score })
    });
    Ok(hits.collect())
}
