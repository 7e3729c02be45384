#![doc = include_str!("../README.md")]

pub mod archive;
pub mod confluence;
pub mod markdown;
pub mod post;

/// A file as `POST …/articles/import` takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it is from: what makes it the same article the next time.
    pub path: String,
    /// What is known about it, between two lines of `---`, and its text.
    pub markdown: String,
}

/// Something that could not be taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The page, by its title.
    pub page: String,
    /// What, and why.
    pub why: String,
}
