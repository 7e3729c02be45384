//! The file's own shape and its checks.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::IgnoredAny};

use super::{Component, HttpTrigger, Manifest as Checked, Variable};
use crate::variables::{Template, check_name};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    spin_manifest_version: u32,
    application: Application,
    #[serde(default)]
    variables: BTreeMap<String, RawVariable>,
    #[serde(default)]
    trigger: Triggers,
    #[serde(default)]
    component: BTreeMap<String, RawComponent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Application {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default, rename = "description")]
    _description: IgnoredAny,
    #[serde(default, rename = "authors")]
    _authors: IgnoredAny,
    /// For other tools; Spin ignores it too.
    #[serde(default, rename = "tool")]
    _tool: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVariable {
    default: Option<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    secret: bool,
    #[serde(default, rename = "description")]
    _description: IgnoredAny,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Triggers {
    #[serde(default)]
    http: Vec<RawTrigger>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTrigger {
    #[serde(default, rename = "id")]
    _id: IgnoredAny,
    route: RawRoute,
    component: String,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a route is a string or { private = true }")]
enum RawRoute {
    Public(String),
    Private { private: bool },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawComponent {
    source: PathBuf,
    #[serde(default)]
    key_value_stores: Vec<String>,
    #[serde(default)]
    allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default, rename = "build")]
    _build: IgnoredAny,
    #[serde(default, rename = "description")]
    _description: IgnoredAny,
    #[serde(default, rename = "tool")]
    _tool: IgnoredAny,
}

impl Manifest {
    pub(super) fn check(self, folder: &Path) -> Result<Checked, String> {
        if self.spin_manifest_version != 2 {
            return Err(format!(
                "spin_manifest_version is {}, the local host reads 2",
                self.spin_manifest_version
            ));
        }
        let variables = check_all(self.variables, |name, variable| variable.check(name))?;
        let triggers = self.trigger.http.into_iter().map(RawTrigger::check).collect::<Result<Vec<_>, _>>()?;
        if triggers.is_empty() {
            return Err("there is no [[trigger.http]]".into());
        }
        let mut routes = BTreeSet::new();
        for trigger in &triggers {
            if let Some(route) = trigger.route.as_ref().filter(|route| !routes.insert(route.as_str())) {
                return Err(format!("the route {route:?} is there twice"));
            }
            if !self.component.contains_key(&trigger.component) {
                return Err(format!(
                    "a trigger names the component {:?}, which is not there",
                    trigger.component
                ));
            }
        }
        let components = check_all(self.component, |id, component| {
            component.check(id, folder, &variables).map_err(|why| format!("component.{id}: {why}"))
        })?;
        Ok(Checked {
            name: self.application.name,
            version: self.application.version,
            variables,
            triggers,
            components,
        })
    }
}

impl RawVariable {
    fn check(self, name: &str) -> Result<Variable, String> {
        check_name(name).map_err(|error| error.to_string())?;
        // Spin's own rule.
        if self.required == self.default.is_some() {
            return Err(format!("variables.{name}: either `required = true` or a `default`"));
        }
        Ok(Variable { default: self.default, secret: self.secret })
    }
}

impl RawTrigger {
    fn check(self) -> Result<HttpTrigger, String> {
        let route = match self.route {
            RawRoute::Public(route) if route.starts_with('/') => Some(route),
            RawRoute::Public(route) => {
                return Err(format!("the route {route:?} does not begin with a slash"));
            }
            RawRoute::Private { private: true } => None,
            RawRoute::Private { private: false } => {
                return Err("a route is a string or { private = true }, not { private = false }".into());
            }
        };
        Ok(HttpTrigger { route, component: self.component })
    }
}

impl RawComponent {
    fn check(self, id: &str, folder: &Path, known: &BTreeMap<String, Variable>) -> Result<Component, String> {
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.is_empty() || !id.chars().all(kebab) {
            return Err("an id is lower-case letters, digits and hyphens".into());
        }
        // On Spin any other label needs a runtime configuration.
        if let Some(label) = self.key_value_stores.iter().find(|label| *label != "default") {
            return Err(format!(
                "key_value_stores: {label:?}: the local host has the store \"default\" alone"
            ));
        }
        for name in self.variables.keys() {
            check_name(name).map_err(|error| error.to_string())?;
        }
        for text in self.variables.values().chain(&self.allowed_outbound_hosts) {
            let template = Template::parse(text).map_err(|error| error.to_string())?;
            if let Some(name) = template.names().find(|name| !known.contains_key(*name)) {
                return Err(format!("{text:?}: there is no variable {name:?} in [variables]"));
            }
        }
        Ok(Component {
            source: folder.join(self.source),
            key_value_stores: self.key_value_stores,
            allowed_outbound_hosts: self.allowed_outbound_hosts,
            variables: self.variables,
        })
    }
}

fn check_all<Raw, Good>(
    raw: BTreeMap<String, Raw>,
    check: impl Fn(&str, Raw) -> Result<Good, String>,
) -> Result<BTreeMap<String, Good>, String> {
    raw.into_iter().map(|(name, raw)| check(&name, raw).map(|good| (name, good))).collect()
}
