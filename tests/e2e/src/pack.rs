//! The project's packs as documents, by the rule that `cargo xtask pack` documents.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::host::root;

/// The pack of a desk.
///
/// # Panics
/// When there is no such pack.
pub fn pack(desk: &str) -> Value {
    let folder = root().join("packs").join(desk);
    let mut pack = object(&folder.join("pack.json"));
    for (stem, path) in files(&folder, "json").into_iter().filter(|(stem, _)| stem != "pack") {
        pack.insert(stem, read(&path));
    }
    let mut templates = Map::new();
    for template in fs::read_dir(folder.join("templates")).expect("templates/") {
        let template = template.expect("an entry").path();
        let mut value = object(&template.join("template.json"));
        for (stem, path) in files(&template, "j2") {
            let (locale, part) = stem.split_once('.').expect("<locale>.<part>.j2");
            let text = fs::read_to_string(&path).expect("a template");
            let locales = value.entry("locales").or_insert_with(|| Map::new().into());
            locales[locale][part] = text.strip_suffix('\n').unwrap_or(&text).into();
        }
        templates.insert(template.file_name().expect("a name").to_string_lossy().into_owned(), value.into());
    }
    pack.insert("templates".to_owned(), templates.into());
    if folder.join("playbooks").is_dir() {
        let playbooks: Map<String, Value> = files(&folder.join("playbooks"), "json")
            .into_iter()
            .map(|(stem, path)| (stem, read(&path)))
            .collect();
        pack.insert("playbooks".to_owned(), playbooks.into());
    }
    pack.into()
}

fn files(folder: &Path, ending: &str) -> Vec<(String, PathBuf)> {
    let paths = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let wanted = paths.filter(|path| path.extension().is_some_and(|found| found == ending));
    wanted.map(|path| (path.file_stem().expect("a name").to_string_lossy().into_owned(), path)).collect()
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn object(path: &Path) -> Map<String, Value> {
    let value = read(path);
    value.as_object().unwrap_or_else(|| panic!("{} is not an object", path.display())).clone()
}
