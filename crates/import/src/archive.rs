//! The files of a folder or a zip archive, by their paths within it. Nothing is ever written: an archive is read, not unpacked.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::path::Path;

/// How much is read.
struct Limits {
    /// Entries of an archive or a folder.
    entries: usize,
    /// Bytes of a file, as it is unpacked.
    file: u64,
    /// Bytes of all files that are read, as they are unpacked.
    all: u64,
}

const LIMITS: Limits = Limits { entries: 50_000, file: 8 << 20, all: 256 << 20 };

/// Files by their paths, with `/` between folders.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The files whose names end in `ending`, such as `.md`.
///
/// # Errors
/// When it cannot be read, is larger than it may be, or an entry's path leads out of the archive.
pub fn read(source: &Path, ending: &str) -> Result<Files> {
    let mut taken = Taken::new(ending, LIMITS);
    let reading = || format!("reading {}", source.display());
    if source.is_dir() {
        folder(source, source, &mut taken).with_context(reading)?;
    } else {
        let file = std::fs::File::open(source).with_context(reading)?;
        return read_zip(std::io::BufReader::new(file), ending).with_context(reading);
    }
    Ok(taken.files)
}

/// Those of a zip archive.
///
/// # Errors
/// As [`read`].
pub fn read_zip(archive: impl Read + Seek, ending: &str) -> Result<Files> {
    let mut taken = Taken::new(ending, LIMITS);
    zip(archive, &mut taken)?;
    Ok(taken.files)
}

struct Taken<'a> {
    ending: &'a str,
    limits: Limits,
    files: Files,
    bytes: u64,
    entries: usize,
}

impl<'a> Taken<'a> {
    fn new(ending: &'a str, limits: Limits) -> Self {
        Self { ending, limits, files: Files::new(), bytes: 0, entries: 0 }
    }

    fn entry(&mut self) -> Result<()> {
        self.entries = self.entries.saturating_add(1);
        if self.entries > self.limits.entries {
            bail!("it has more than {} entries", self.limits.entries);
        }
        Ok(())
    }

    /// Takes a file, if it is one of those asked for. How long it says it is counts for nothing: what is read counts.
    fn file(&mut self, path: &str, from: impl Read) -> Result<()> {
        if !path.to_lowercase().ends_with(self.ending) {
            return Ok(());
        }
        let mut bytes = Vec::new();
        let left = self.limits.all.saturating_sub(self.bytes).min(self.limits.file);
        let read = from.take(left.saturating_add(1)).read_to_end(&mut bytes);
        let read = u64::try_from(read.with_context(|| path.to_owned())?).unwrap_or(u64::MAX);
        if read > self.limits.file {
            bail!("{path} has more than {} bytes unpacked", self.limits.file);
        }
        if read > left {
            bail!("its files have more than {} bytes unpacked", self.limits.all);
        }
        self.bytes = self.bytes.saturating_add(read);
        self.files.insert(path.to_owned(), bytes);
        Ok(())
    }
}

fn folder(root: &Path, folder: &Path, taken: &mut Taken<'_>) -> Result<()> {
    let mut more = vec![folder.to_owned()];
    while let Some(folder) = more.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            taken.entry()?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            // Links are not followed: they lead out, or in a circle.
            if kind.is_dir() {
                more.push(path);
            } else if kind.is_file() {
                let within = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
                let file = std::fs::File::open(&path).with_context(|| within.clone())?;
                taken.file(&within, file)?;
            }
        }
    }
    Ok(())
}

fn zip(from: impl Read + Seek, taken: &mut Taken<'_>) -> Result<()> {
    let mut archive = zip::ZipArchive::new(from).context("neither a folder nor a zip archive")?;
    for place in 0..archive.len() {
        taken.entry()?;
        let entry = archive.by_index(place).context("an entry that cannot be read, or is encrypted")?;
        let path = entry.name().context("an entry's name")?.into_owned();
        let leaves = path.starts_with('/')
            || path.contains(['\\', ':', '\0'])
            || path.split('/').any(|part| part == ".." || part == ".");
        if leaves {
            bail!("the path {path:?} leads out of the archive: whoever made it means no good");
        }
        if entry.is_file() {
            taken.file(&path, entry)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
