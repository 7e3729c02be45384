//! What the pages of a space are called by links, and which articles they will be.

use super::Space;
use std::collections::BTreeMap;
use std::fmt;

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The page of this number.
    Id(String),
    /// The page of this title.
    Title {
        /// Key of its space.
        space: String,
        /// The title.
        title: String,
    },
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "the page {id}"),
            Self::Title { space, title } => write!(f, "the page {title:?} of the space {space}"),
        }
    }
}

/// The pages of a space by what links call them.
#[derive(Debug, Default)]
pub struct Names {
    by_title: BTreeMap<(String, String), String>,
    /// Addresses of articles, and titles of the pages, by ids of pages.
    articles: BTreeMap<String, (String, String)>,
    origin: Option<String>,
}

impl Names {
    /// Those of a space; `article` knows the article that a page will be.
    pub fn of(space: &Space, article: impl Fn(&str) -> Option<String>) -> Self {
        let title = |page: &super::Page| ((space.key.clone(), page.title.clone()), page.id.clone());
        let known = |page: &super::Page| Some((page.id.clone(), (article(&page.id)?, page.title.clone())));
        Self {
            by_title: space.pages.iter().map(title).collect(),
            articles: space.pages.iter().filter_map(known).collect(),
            origin: space.origin.clone(),
        }
    }

    /// The address of the article that a link should lead to, if there will be one: articles lie beside each other. And its
    /// page's title.
    pub fn article(&self, to: &Target) -> Option<(&str, &str)> {
        let id = match to {
            Target::Id(id) => id,
            Target::Title { space, title } => self.by_title.get(&(space.clone(), title.clone()))?,
        };
        self.articles.get(id).map(|(address, title)| (address.as_str(), title.as_str()))
    }

    /// The id of the page that an address is of, if it is one of this Confluence.
    pub fn page_of(&self, address: &str) -> Option<String> {
        let here = match self.origin.as_deref().and_then(|origin| address.strip_prefix(origin)) {
            Some(path) => path,
            None if address.contains("://") => return None,
            None => address,
        };
        let id = |text: &str| Some(text.to_owned()).filter(|id| is_id(id));
        if let Some((_, after)) = here.split_once("pageId=") {
            return id(after.split(['&', '#']).next()?);
        }
        let path = here.split(['?', '#']).next()?;
        match path.strip_prefix('/') {
            // /wiki/spaces/SCH/pages/98417/Title
            Some(path) => {
                let mut parts = path.split('/').skip_while(|part| *part != "pages").skip(1);
                id(parts.next()?)
            }
            // Title_98417.html
            None => page_id(path),
        }
    }
}

/// The id in the name of an exported page: `Title_98417.html` or `98417.html`.
pub fn page_id(file: &str) -> Option<String> {
    let stem = file.strip_suffix(".html").filter(|stem| !stem.contains('/'))?;
    let id = stem.rsplit_once('_').map_or(stem, |(_, id)| id);
    Some(id.to_owned()).filter(|id| is_id(id))
}

/// Confluence numbers pages.
pub fn is_id(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_known_by_all_their_addresses_and_nothing_else_is() {
        let names = Names { origin: Some("https://colegio.atlassian.net".to_owned()), ..Names::default() };
        for good in [
            "Claves_98417.html",
            "98417.html#top",
            "Claves_y_m-s_98417.html",
            "/wiki/spaces/SCH/pages/98417/Claves",
            "/wiki/pages/viewpage.action?pageId=98417&x=1",
            "https://colegio.atlassian.net/wiki/spaces/SCH/pages/98417",
        ] {
            assert_eq!(names.page_of(good).as_deref(), Some("98417"), "{good}");
        }
        for other in [
            "https://example.org/wiki/spaces/SCH/pages/98417",
            "index.html",
            "attachments/1/98417.html",
            "/wiki/spaces/SCH/overview",
            "mailto:a@example.org",
            "#98417.html",
        ] {
            assert_eq!(names.page_of(other), None, "{other}");
        }
    }
}
