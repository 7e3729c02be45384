//! A pack as one document, out of the files of its folder: `cargo xtask pack <desk>` prints it.
//!
//! `pack.json` is the document to begin with; every other `X.json` beside it becomes its member `X`. A template is a
//! folder `templates/<name>/`: `template.json` is the template, and each `<locale>.<part>.j2` in the folder becomes its
//! `locales.<locale>.<part>`, without the newline at its end. `playbooks/<id>.json` becomes the member `playbooks.<id>`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use crate::project;

const HELP: &str = "\
cargo xtask pack <desk>

Prints packs/<desk>/ as the JSON document that PUT /api/<desk>/pack takes.";

/// Runs the command.
///
/// # Errors
/// When there is no such pack, or its files do not make a document.
pub fn command(mut args: lexopt::Parser) -> Result<()> {
    match args.next()? {
        Some(lexopt::Arg::Value(desk)) => {
            let document = bundle(&folder(&desk.to_string_lossy()))?;
            println!("{document}");
            Ok(())
        }
        Some(lexopt::Arg::Long("help")) => {
            println!("{HELP}");
            Ok(())
        }
        Some(arg) => Err(arg.unexpected().into()),
        None => bail!("which desk? There are: {}", desks()?.join(", ")),
    }
}

/// Names of all packs, sorted.
///
/// # Errors
/// When `packs/` cannot be read.
pub fn desks() -> Result<Vec<String>> {
    Ok(project::subfolders(&project::root().join("packs"))?
        .iter()
        .filter(|folder| folder.join("pack.json").is_file())
        .filter_map(|folder| Some(folder.file_name()?.to_str()?.to_owned()))
        .collect())
}

/// Where a desk's pack lies.
pub fn folder(desk: &str) -> PathBuf {
    project::root().join("packs").join(desk)
}

/// Makes the document.
///
/// # Errors
/// When a file cannot be read, is not JSON, or says again what another one has said.
pub fn bundle(folder: &Path) -> Result<Value> {
    let Value::Object(mut pack) = read(&folder.join("pack.json"))? else {
        bail!("{}/pack.json is not an object", folder.display());
    };
    for path in files(folder, "json")? {
        let name = stem(&path)?;
        if name != "pack" {
            add(&mut pack, &name, read(&path)?).with_context(|| path.display().to_string())?;
        }
    }
    if folder.join("templates").is_dir() {
        let mut templates = Map::new();
        for template in project::subfolders(&folder.join("templates"))? {
            let name = template.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            templates.insert(name, read_template(&template)?);
        }
        add(&mut pack, "templates", templates.into())?;
    }
    if folder.join("playbooks").is_dir() {
        let mut playbooks = Map::new();
        for path in files(&folder.join("playbooks"), "json")? {
            playbooks.insert(stem(&path)?, read(&path)?);
        }
        add(&mut pack, "playbooks", playbooks.into())?;
    }
    Ok(pack.into())
}

fn read_template(folder: &Path) -> Result<Value> {
    let path = folder.join("template.json");
    let mut template = match path.is_file().then(|| read(&path)).transpose()? {
        None => Map::new(),
        Some(Value::Object(template)) => template,
        Some(_) => bail!("{} is not an object", path.display()),
    };
    for path in files(folder, "j2")? {
        let name = stem(&path)?;
        let (locale, part) =
            name.split_once('.').with_context(|| format!("{}: named <locale>.<part>.j2", path.display()))?;
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let parts = object(&mut template, "locales")
            .and_then(|locales| object(locales, locale))
            .with_context(|| format!("{}/template.json", folder.display()))?;
        add(parts, part, text.into()).with_context(|| path.display().to_string())?;
    }
    Ok(template.into())
}

/// The object under `key`, made if it is missing.
fn object<'a>(map: &'a mut Map<String, Value>, key: &str) -> Result<&'a mut Map<String, Value>> {
    let value = map.entry(key).or_insert_with(|| Map::new().into());
    value.as_object_mut().with_context(|| format!("`{key}` is not an object"))
}

fn add(object: &mut Map<String, Value>, key: &str, value: Value) -> Result<()> {
    match object.insert(key.to_owned(), value) {
        Some(_) => bail!("`{key}` is given twice"),
        None => Ok(()),
    }
}

/// The files of a folder with that ending, sorted.
fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_file() && path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn stem(path: &Path) -> Result<String> {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    Ok(stem.with_context(|| format!("{} is not a name", path.display()))?.to_owned())
}

fn read(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let root = std::env::temp_dir().join(format!("relevo-pack-{name}-{}", std::process::id()));
            for (path, text) in files {
                let path = root.join(path);
                std::fs::create_dir_all(path.parent().expect("has one")).expect("writable");
                std::fs::write(path, text).expect("writable");
            }
            Self(root)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn files_become_members_and_parts_of_templates() {
        let folder = Folder::new(
            "whole",
            &[
                ("pack.json", r#"{"name": "Test"}"#),
                ("queues.json", r#"{"a": {}}"#),
                ("README.md", "ignored"),
                ("playbooks/a-b.json", r#"{"start": "x"}"#),
                (
                    "templates/hello/template.json",
                    r#"{"data": {"n": 1}, "locales": {"es": {"whatsapp": {"name": "h"}}}}"#,
                ),
                ("templates/hello/es.text.j2", "Hola\n\n"),
                ("templates/hello/pt-BR.subject.j2", "Olá"),
                ("templates/bare/es.sms.j2", "Hola\n"),
            ],
        );
        let expected = json!({
            "name": "Test",
            "queues": {"a": {}},
            "playbooks": {"a-b": {"start": "x"}},
            "templates": {
                "bare": {"locales": {"es": {"sms": "Hola"}}},
                "hello": {
                    "data": {"n": 1},
                    "locales": {"es": {"whatsapp": {"name": "h"}, "text": "Hola\n"}, "pt-BR": {"subject": "Olá"}}
                }
            }
        });
        assert_eq!(bundle(&folder.0).expect("bundles"), expected);
    }

    #[test]
    fn nothing_is_said_twice() {
        let folder = Folder::new("twice", &[("pack.json", r#"{"queues": {}}"#), ("queues.json", "{}")]);
        let error = bundle(&folder.0).expect_err("refused");
        assert!(format!("{error:#}").contains("`queues` is given twice"), "{error:#}");
    }

    #[test]
    fn mistakes_name_the_file() {
        let folder = Folder::new("mistake", &[("pack.json", "{}"), ("sla.json", "[")]);
        assert!(format!("{:#}", bundle(&folder.0).expect_err("refused")).contains("sla.json"));
        let folder = Folder::new("name", &[("pack.json", "{}"), ("templates/a/es.j2", "x")]);
        assert!(format!("{:#}", bundle(&folder.0).expect_err("refused")).contains("es.j2"));
    }

    #[test]
    fn every_pack_of_the_project_makes_a_document() {
        for desk in desks().expect("packs/") {
            assert!(bundle(&super::folder(&desk)).expect("a document").is_object(), "{desk}");
        }
    }
}
