//! `spin.toml`, version 2, in so far as the application uses it.
//!
//! What is not understood is an error that names it and its line: a feature that was silently left out here
//! would make the application behave differently on Spin.

mod raw;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// A manifest that was read and checked.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// `application.name`
    pub name: String,
    /// `application.version`
    pub version: String,
    /// `[variables]` by name.
    pub variables: BTreeMap<String, Variable>,
    /// `[[trigger.http]]` in the order of the file.
    pub triggers: Vec<HttpTrigger>,
    /// The components that a trigger names, by id.
    pub components: BTreeMap<String, Component>,
}

/// One of `[variables]`: it has a default or is required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Used when no provider has a value; absent: required.
    pub default: Option<String>,
    /// The value is never shown.
    pub secret: bool,
}

/// One of `[[trigger.http]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpTrigger {
    /// The route's pattern; absent: private, only for other components.
    pub route: Option<String>,
    /// The id of the component that answers.
    pub component: String,
}

/// One `[component.<id>]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// The wasm file, relative to the manifest's folder in the file and resolved here.
    pub source: PathBuf,
    /// Labels of the stores that it may open.
    pub key_value_stores: Vec<String>,
    /// Where it may send requests; may hold `{{ variable }}`.
    pub allowed_outbound_hosts: Vec<String>,
    /// What `spin:variables` gives it, by name; may hold `{{ variable }}`.
    pub variables: BTreeMap<String, String>,
}

/// A manifest that cannot be used.
#[derive(Debug, Error)]
#[error("{file}: {why}")]
pub struct ManifestError {
    file: String,
    why: String,
}

impl Manifest {
    /// Reads and checks a file.
    pub fn load(path: &Path) -> Result<Self, ManifestError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ManifestError { file: file.clone(), why: error.to_string() })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder).map_err(|why| ManifestError { file, why })
    }

    /// Reads and checks a text; `folder` is where relative sources start. The error says what and where.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        let raw: raw::Manifest = toml::from_str(text).map_err(|error| {
            format!("not part of a Spin manifest, or a feature that the local host does not have:\n{error}")
        })?;
        raw.check(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "spin_manifest_version = 2\n[application]\nname = \"a\"\n";
    const COMPONENT: &str =
        "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"one\"\n[component.one]\nsource = \"one.wasm\"\n";

    fn parse(rest: &str) -> Result<Manifest, String> {
        Manifest::parse(&format!("{HEAD}{rest}"), Path::new("/app"))
    }

    #[test]
    fn a_whole_manifest_is_read() {
        let manifest = parse(
            r#"
version = "1.2.3"
description = "d"
authors = ["x"]
[variables]
key = { required = true, secret = true }
url = { default = "http://localhost:1" }
[[trigger.http]]
route = "/hooks/:desk/..."
component = "inbound"
[[trigger.http]]
route = { private = true }
component = "delivery"
[component.inbound]
description = "webhooks"
source = "target/inbound.wasm"
key_value_stores = ["default"]
allowed_outbound_hosts = ["http://*.spin.internal", "{{ url }}"]
[component.inbound.variables]
key = "{{ key }}"
[component.inbound.build]
command = "cargo build"
workdir = "."
watch = ["src"]
[component.delivery]
source = "/abs/delivery.wasm"
"#,
        )
        .unwrap();
        assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("a", "1.2.3"));
        assert_eq!(manifest.variables["key"], Variable { default: None, secret: true });
        assert_eq!(manifest.triggers[0].route.as_deref(), Some("/hooks/:desk/..."));
        assert_eq!(manifest.triggers[1], HttpTrigger { route: None, component: "delivery".into() });
        assert_eq!(manifest.components["inbound"].source, Path::new("/app/target/inbound.wasm"));
        assert_eq!(manifest.components["inbound"].variables["key"], "{{ key }}");
        assert_eq!(manifest.components["delivery"].source, Path::new("/abs/delivery.wasm"));
    }

    #[test]
    fn what_is_not_understood_is_named_with_its_line() {
        for (rest, named) in [
            (format!("{COMPONENT}files = [\"x\"]\n"), "files"),
            (format!("{COMPONENT}sqlite_databases = [\"default\"]\n"), "sqlite_databases"),
            (format!("{COMPONENT}environment = {{ A = \"b\" }}\n"), "environment"),
            (format!("{COMPONENT}[component.one.dependencies]\nx = \"1\"\n"), "dependencies"),
            (format!("{COMPONENT}[[trigger.redis]]\nchannel = \"c\"\n"), "redis"),
            (COMPONENT.replace("component =", "executor = { type = \"wagi\" }\ncomponent ="), "executor"),
            (COMPONENT.replace("\"one.wasm\"", "{ url = \"https://x\" }"), "source"),
        ] {
            let error = parse(&rest).unwrap_err();
            assert!(error.contains(named) && error.contains("line "), "{named}: {error}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let double = "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"one\"\n";
        for (rest, named) in [
            (String::new(), "trigger"),
            (COMPONENT.replace("component = \"one\"", "component = \"two\""), "two"),
            (COMPONENT.replace("\"/...\"", "{ private = false }"), "private"),
            (format!("{double}{COMPONENT}"), "/..."),
            (format!("{COMPONENT}key_value_stores = [\"other\"]\n"), "other"),
            (format!("[variables]\nv = {{}}\n{COMPONENT}"), "required"),
            (format!("[variables]\nv = {{ required = true, default = \"x\" }}\n{COMPONENT}"), "required"),
            (format!("[variables]\nVv = {{ default = \"x\" }}\n{COMPONENT}"), "Vv"),
            (format!("{COMPONENT}variables = {{ a = \"{{{{ nowhere }}}}\" }}\n"), "nowhere"),
            (format!("{COMPONENT}variables = {{ a = \"{{{{ open\" }}\n"), "open"),
            (format!("{COMPONENT}allowed_outbound_hosts = [\"https://{{{{ nowhere }}}}\"]\n"), "nowhere"),
            (COMPONENT.replace("\"/...\"", "\"no-slash\""), "no-slash"),
        ] {
            let error = parse(&rest).unwrap_err();
            assert!(error.contains(named), "{rest}\n{named}: {error}");
        }
        assert!(Manifest::parse("spin_manifest_version = 1\n", Path::new("")).is_err());
    }
}
