//! A folder, or an archive, of Markdown files.

use crate::{File, archive};
use anyhow::{Context, Result};
use std::path::Path;

/// The `.md` files below it.
///
/// # Errors
/// When it cannot be read, or a file is no text.
pub fn read(source: &Path) -> Result<Vec<File>> {
    let files = archive::read(source, ".md")?;
    let texts = files.into_iter().map(|(path, bytes)| {
        let markdown = String::from_utf8(bytes).with_context(|| format!("{path} is not UTF-8"))?;
        Ok(File { path, markdown })
    });
    texts.collect()
}
