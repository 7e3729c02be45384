//! Application variables: where their values come from and how they get into the manifest's templates.
//!
//! As on Spin a file goes before `SPIN_VARIABLE_<NAME>` in the environment, and that before the default.
//! Values are never shown, whether they are marked secret or not.

mod file;

use std::collections::BTreeMap;

use thiserror::Error;

use crate::manifest::{Component, Manifest};

pub use self::file::{load_file, parse_file};

/// Something wrong with a variable. Never holds a value.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum VariableError {
    /// Names of required variables that nothing provides.
    #[error("no value for the required variable{} {}: give it in --variables FILE or as {}",
        if .0.len() == 1 { "" } else { "s" }, .0.join(", "), .0.iter().map(|name| env_name(name)).collect::<Vec<_>>().join(", "))]
    Missing(Vec<String>),
    /// Not a variable's name.
    #[error(
        "{0:?} is not a variable's name: lower-case letters, digits and single underscores, a letter first"
    )]
    Name(String),
    /// A `{{` that is not closed, or something other than a name in it.
    #[error("{0:?} is not a template: variables are written {{{{ name }}}}")]
    Template(String),
    /// The file of values cannot be used.
    #[error("{0}")]
    File(String),
}

/// The values of all variables of an application.
pub struct Variables(BTreeMap<String, String>);

/// A text with `{{ name }}` in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Template<'a>(Vec<Part<'a>>);

#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Literal(&'a str),
    Variable(&'a str),
}

impl Variables {
    /// Gives every variable of the manifest its value. `environment` looks up one environment variable.
    pub fn resolve(
        manifest: &Manifest,
        file: &BTreeMap<String, String>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, VariableError> {
        let mut values = BTreeMap::new();
        let mut missing = Vec::new();
        for (name, variable) in &manifest.variables {
            let given = lookup(name, file, &environment).or_else(|| variable.default.clone());
            match given {
                Some(value) => drop(values.insert(name.clone(), value)),
                None => missing.push(name.clone()),
            }
        }
        if missing.is_empty() { Ok(Self(values)) } else { Err(VariableError::Missing(missing)) }
    }

    /// The value of one variable of the application.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A template with its variables replaced.
    pub fn fill(&self, text: &str) -> Result<String, VariableError> {
        let template = Template::parse(text)?;
        let part = |part: &Part<'_>| match part {
            Part::Literal(literal) => Ok((*literal).to_owned()),
            Part::Variable(name) => self
                .get(name)
                .map(str::to_owned)
                .ok_or_else(|| VariableError::Missing(vec![(*name).to_owned()])),
        };
        template.0.iter().map(part).collect()
    }

    /// What a component sees, by the component's own names.
    pub fn of_component(&self, component: &Component) -> Result<BTreeMap<String, String>, VariableError> {
        component.variables.iter().map(|(name, text)| Ok((name.clone(), self.fill(text)?))).collect()
    }
}

impl<'a> Template<'a> {
    /// Splits a text at its variables.
    pub fn parse(text: &'a str) -> Result<Self, VariableError> {
        let wrong = || VariableError::Template(text.to_owned());
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").ok_or_else(wrong)?;
            let name = name.trim();
            check_name(name).map_err(|_| wrong())?;
            parts.extend([Part::Literal(literal), Part::Variable(name)]);
            rest = after;
        }
        parts.push(Part::Literal(rest));
        Ok(Self(parts))
    }

    /// The variables in it.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(*name),
            Part::Literal(_) => None,
        })
    }
}

/// The value that a file or the environment gives to a variable.
pub fn lookup(
    name: &str,
    file: &BTreeMap<String, String>,
    environment: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    file.get(name).cloned().or_else(|| environment(&env_name(name)))
}

/// Spin's rule for names of variables.
pub fn check_name(name: &str) -> Result<(), VariableError> {
    let sound = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('_')
        && !name.contains("__");
    if sound { Ok(()) } else { Err(VariableError::Name(name.to_owned())) }
}

fn env_name(name: &str) -> String {
    format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn manifest() -> Manifest {
        Manifest::parse(
            "spin_manifest_version = 2\n[application]\nname = \"a\"\n\
             [variables]\nkey = { required = true, secret = true }\nother = { required = true }\nhost = { default = \"h\" }\n\
             [[trigger.http]]\nroute = \"/\"\ncomponent = \"c\"\n\
             [component.c]\nsource = \"c.wasm\"\nvariables = { url = \"https://{{host}}/{{ key }}\" }\n",
            Path::new(""),
        )
        .unwrap()
    }

    #[test]
    fn file_goes_before_environment_and_that_before_the_default() {
        let file = BTreeMap::from([("key".to_owned(), "from-file".to_owned())]);
        let environment = |name: &str| match name {
            "SPIN_VARIABLE_KEY" => Some("from-env".to_owned()),
            "SPIN_VARIABLE_OTHER" => Some("o".to_owned()),
            _ => None,
        };
        let variables = Variables::resolve(&manifest(), &file, environment).unwrap();
        assert_eq!((variables.get("key"), variables.get("host")), (Some("from-file"), Some("h")));
        let seen = variables.of_component(&manifest().components["c"]).unwrap();
        assert_eq!(seen, BTreeMap::from([("url".to_owned(), "https://h/from-file".to_owned())]));
    }

    #[test]
    fn all_that_is_missing_is_named_at_once() {
        let error = Variables::resolve(&manifest(), &BTreeMap::new(), |_| None).err().unwrap();
        assert_eq!(error, VariableError::Missing(vec!["key".into(), "other".into()]));
        assert!(error.to_string().contains("SPIN_VARIABLE_KEY"), "{error}");
    }

    #[test]
    fn names_and_templates_follow_spins_rules() {
        for name in ["a", "a1_b", "abc"] {
            assert_eq!(check_name(name), Ok(()));
        }
        for name in ["", "A", "1a", "_a", "a_", "a__b", "a-b", "a b"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert_eq!(Template::parse("x{{ a }}{{b}}").unwrap().names().collect::<Vec<_>>(), ["a", "b"]);
        for text in ["{{ a", "{{ }}", "{{ A }}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}
