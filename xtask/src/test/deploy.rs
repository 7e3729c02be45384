//! What `deploy/` says is what the application is: every tick route has a schedule, every variable a value, and what is
//! handed to SpinKube and systemd is what they take.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use super::Outcome;
use crate::{process, project};

/// What `systemd-analyze security` may say of a unit at most: 0 is closed, 100 is open.
const MOST_EXPOSURE: &str = "20";

/// The beginning of every tick route.
const TICK: &str = "/internal/tick/";

/// Looks at all of it.
pub fn check() -> Result<Outcome> {
    let root = project::root();
    let deploy = Deploy {
        routes: read(&root.join("crates/edge/src/routes.rs"))?,
        manifest: read(&root.join("spin.toml"))?,
        target: read(&root.join("deploy/systemd/relevo-ticks.target"))?,
        ticks: read(&root.join("deploy/kubernetes/ticks.yaml"))?,
        app: read(&root.join("deploy/kubernetes/relevo.yaml"))?,
        secret: read(&root.join("deploy/kubernetes/secret.example.yaml"))?,
        schema: read(&root.join("deploy/kubernetes/spinapp.schema.json"))?,
        runtime: read(&root.join("deploy/runtime-config.toml"))?,
    };
    let faults = deploy.faults()?;
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    documents(&read(&root.join("deploy/kubernetes/network.yaml"))?).context("network.yaml")?;
    let note = if process::on_path("systemd-analyze").is_some() {
        systemd(&root.join("deploy/systemd"))?;
        String::new()
    } else {
        "units not looked at: no systemd-analyze here".to_owned()
    };
    Ok(Outcome { note, ..Outcome::passed() })
}

/// The files that have to agree, as text.
struct Deploy {
    routes: String,
    manifest: String,
    target: String,
    ticks: String,
    app: String,
    secret: String,
    schema: String,
    runtime: String,
}

impl Deploy {
    /// Everything in which they do not.
    fn faults(&self) -> Result<Vec<String>> {
        let mut faults = Vec::new();
        let routes: BTreeSet<String> =
            quoted(&self.routes).filter(|text| text.starts_with(TICK)).map(str::to_owned).collect();
        let manifest: toml::Value = toml::from_str(&self.manifest).context("spin.toml")?;
        let triggers = manifest.get("trigger").and_then(|t| t.get("http")).and_then(toml::Value::as_array);
        let triggers = triggers.into_iter().flatten().filter_map(|trigger| trigger.get("route")?.as_str());
        // One catches ticks that there are none of, to say so.
        let ticks = triggers.filter(|route| route.starts_with(TICK) && !route.ends_with("/..."));
        let routed = ticks.map(str::to_owned).collect();
        same("spin.toml", "route", &routes, &routed, &mut faults);
        let timers = self.target.lines().filter_map(|line| {
            Some(format!("{TICK}{}", line.trim().strip_prefix("Wants=relevo-tick@")?.strip_suffix(".timer")?))
        });
        same("deploy/systemd/relevo-ticks.target", "timer", &routes, &timers.collect(), &mut faults);
        let jobs = documents(&self.ticks).context("ticks.yaml")?;
        same(
            "deploy/kubernetes/ticks.yaml",
            "CronJob",
            &routes,
            &jobs.iter().filter_map(route_of).collect(),
            &mut faults,
        );

        let app = documents(&self.app).context("relevo.yaml")?;
        let [app] = app.as_slice() else { bail!("relevo.yaml holds something beside the SpinApp") };
        if let Err(wrong) = conforms(app, &self.schema)? {
            faults.push(format!("deploy/kubernetes/relevo.yaml is no SpinApp: {wrong}"));
        }
        let given: BTreeMap<String, &Value> = items(app.pointer("/spec/variables"))
            .filter_map(|variable| Some((variable["name"].as_str()?.to_owned(), variable)))
            .collect();
        let declared = manifest
            .get("variables")
            .and_then(toml::Value::as_table)
            .context("spin.toml has no variables")?;
        same(
            "deploy/kubernetes/relevo.yaml",
            "variable",
            &declared.keys().cloned().collect(),
            &given.keys().cloned().collect(),
            &mut faults,
        );
        for (name, _) in
            declared.iter().filter(|(_, v)| v.get("secret").and_then(toml::Value::as_bool) == Some(true))
        {
            if given.get(name).is_some_and(|variable| variable.pointer("/valueFrom/secretKeyRef").is_none()) {
                faults.push(format!(
                    "deploy/kubernetes/relevo.yaml: the variable {name} is secret and not from a Secret"
                ));
            }
        }
        let runtime: toml::Value = toml::from_str(&self.runtime).context("runtime-config.toml")?;
        let blocked = runtime.get("outbound_networking").and_then(|table| table.get("block_networks"));
        let blocked = blocked.and_then(toml::Value::as_array).into_iter().flatten();
        if !blocked.filter_map(toml::Value::as_str).any(|network| network == "private") {
            faults.push("deploy/runtime-config.toml lets what a desk supplies lead inside".to_owned());
        }
        let secret = documents(&self.secret).context("secret.example.yaml")?;
        let kept: BTreeSet<&String> = secret
            .iter()
            .filter_map(|secret| secret["stringData"].as_object())
            .flat_map(|data| data.keys())
            .collect();
        for wanted in jobs.iter().chain([app]).flat_map(secret_keys).filter(|key| !kept.contains(key)) {
            faults.push(format!("deploy/kubernetes/secret.example.yaml has no key {wanted}"));
        }
        Ok(faults)
    }
}

fn same(
    file: &str,
    what: &str,
    wanted: &BTreeSet<String>,
    there: &BTreeSet<String>,
    faults: &mut Vec<String>,
) {
    faults.extend(wanted.difference(there).map(|name| format!("{file} has no {what} for {name}")));
    faults.extend(
        there.difference(wanted).map(|name| format!("{file} has a {what} for {name}, which there is not")),
    );
}

/// The texts between double quotes.
fn quoted(source: &str) -> impl Iterator<Item = &str> {
    source.lines().flat_map(|line| line.split('"').skip(1).step_by(2))
}

fn documents(yaml: &str) -> Result<Vec<Value>> {
    serde_saphyr::from_multiple(yaml).map_err(|error| anyhow!("{error}"))
}

fn items(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}

/// The route that a CronJob posts.
fn route_of(job: &Value) -> Option<String> {
    let containers = job.pointer("/spec/jobTemplate/spec/template/spec/containers");
    let mut variables = items(containers).flat_map(|container| items(container.get("env")));
    Some(variables.find(|variable| variable["name"] == "ROUTE")?["value"].as_str()?.to_owned())
}

/// The keys of Secrets that a document refers to, wherever.
fn secret_keys(document: &Value) -> Vec<String> {
    match document {
        Value::Object(fields) => {
            let own = fields.get("secretKeyRef").and_then(|of| of["key"].as_str()).map(str::to_owned);
            own.into_iter().chain(fields.values().flat_map(secret_keys)).collect()
        }
        Value::Array(items) => items.iter().flat_map(secret_keys).collect(),
        _ => Vec::new(),
    }
}

/// Whether a document is what a JSON schema says.
fn conforms(document: &Value, schema: &str) -> Result<Result<(), String>> {
    let schema: Value = serde_json::from_str(schema).context("spinapp.schema.json")?;
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.add_resource("spinapp.schema.json", schema).map_err(|error| anyhow!("{error}"))?;
    let index = compiler.compile("spinapp.schema.json", &mut schemas).map_err(|error| anyhow!("{error}"))?;
    Ok(schemas.validate(document, index).map_err(|error| format!("{error:#}")))
}

/// Has systemd look at the units. Programs need not be there: `true` stands for them.
fn systemd(units: &Path) -> Result<()> {
    let folder = project::target().join("systemd-units");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let mut names = Vec::new();
    for entry in std::fs::read_dir(units)? {
        let entry = entry?;
        let text = read(&entry.path())?;
        let lines =
            text.lines().map(|line| match line.strip_prefix("ExecStart=").and_then(|c| c.split_once(' ')) {
                Some((_, arguments)) => format!("ExecStart=/bin/true {arguments}\n"),
                None => format!("{line}\n"),
            });
        // Templates are looked at through an instance.
        let name = entry.file_name().to_string_lossy().replace('@', "@sla");
        for file in [entry.file_name().to_string_lossy().into_owned(), name.clone()] {
            std::fs::write(folder.join(file), lines.clone().collect::<String>())?;
        }
        names.push(name);
    }
    let look = |arguments: &[&str], names: &[&String]| {
        let mut analyze = Command::new("systemd-analyze");
        analyze.args(arguments).args(names.iter().map(|name| folder.join(name)));
        let output = analyze.output().context("systemd-analyze")?;
        let said = [output.stdout, output.stderr].concat();
        if output.status.success() { Ok(()) } else { bail!("{}", String::from_utf8_lossy(&said)) }
    };
    look(&["verify"], &names.iter().collect::<Vec<_>>())?;
    for service in names.iter().filter(|name| name.ends_with(".service")) {
        look(&["security", "--no-pager", "--offline=yes", "--threshold", MOST_EXPOSURE], &[service])?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deploy() -> Deploy {
        Deploy {
            routes: "route(\"tick.sla\", \"sla\", \"POST\", \"/internal/tick/sla\", x),".to_owned(),
            manifest: "[variables]\nkey = { required = true, secret = true }\nhost = { default = \"\" }\n\
                       [[trigger.http]]\nroute = \"/internal/tick/sla\"\n[[trigger.http]]\nroute = \"/api/...\"\n"
                .to_owned(),
            target: "[Unit]\nWants=relevo-tick@sla.timer\n".to_owned(),
            ticks: "spec: {jobTemplate: {spec: {template: {spec: {containers: [{env: [{name: ROUTE, value: /internal/tick/sla}, \
                    {name: T, valueFrom: {secretKeyRef: {name: a, key: tick}}}]}]}}}}}\n"
                .to_owned(),
            app: "apiVersion: core.spinkube.dev/v1alpha1\nkind: SpinApp\nmetadata: {name: relevo}\n\
                  spec:\n  executor: a\n  image: b\n  replicas: 2\n  variables:\n    \
                  - {name: key, valueFrom: {secretKeyRef: {name: a, key: master}}}\n    - {name: host, value: ''}\n"
                .to_owned(),
            secret: "stringData: {tick: '', master: ''}\n".to_owned(),
            schema: include_str!("../../../deploy/kubernetes/spinapp.schema.json").to_owned(),
            runtime: "[outbound_networking]\nblock_networks = [\"private\"]\n".to_owned(),
        }
    }

    fn faults(change: impl FnOnce(&mut Deploy)) -> String {
        let mut deploy = deploy();
        change(&mut deploy);
        deploy.faults().expect("readable").join("\n")
    }

    #[test]
    fn what_agrees_has_no_faults() {
        assert_eq!(faults(|_| ()), "");
    }

    #[test]
    fn a_tick_route_without_a_schedule_is_a_fault_and_so_is_a_schedule_without_a_route() {
        let said = faults(|d| {
            d.routes.push_str("route(\"tick.new\", \"sla\", \"POST\", \"/internal/tick/new\", x),")
        });
        assert!(said.contains("spin.toml has no route for /internal/tick/new"), "{said}");
        assert!(said.contains("relevo-ticks.target has no timer for /internal/tick/new"), "{said}");
        assert!(said.contains("ticks.yaml has no CronJob for /internal/tick/new"), "{said}");
        let said = faults(|d| d.target.push_str("Wants=relevo-tick@old.timer\n"));
        assert_eq!(
            said,
            "deploy/systemd/relevo-ticks.target has a timer for /internal/tick/old, which there is not"
        );
    }

    #[test]
    fn a_variable_without_a_value_or_a_secret_in_clear_is_a_fault() {
        let said = faults(|d| d.manifest = d.manifest.replace("host =", "other ="));
        assert!(said.contains("relevo.yaml has no variable for other"), "{said}");
        assert!(said.contains("relevo.yaml has a variable for host"), "{said}");
        let said = faults(|d| {
            d.app = d.app.replace("valueFrom: {secretKeyRef: {name: a, key: master}}", "value: abc")
        });
        assert!(said.contains("the variable key is secret and not from a Secret"), "{said}");
        let said = faults(|d| d.secret = "stringData: {tick: ''}".to_owned());
        assert_eq!(said, "deploy/kubernetes/secret.example.yaml has no key master");
    }

    #[test]
    fn a_spin_that_would_connect_inside_is_a_fault() {
        for open in
            ["", "[outbound_networking]\n", "[outbound_networking]\nblock_networks = [\"10.0.0.0/8\"]\n"]
        {
            let said = faults(|d| d.runtime = open.to_owned());
            assert_eq!(said, "deploy/runtime-config.toml lets what a desk supplies lead inside", "{open}");
        }
    }

    #[test]
    fn what_is_no_spin_app_is_a_fault() {
        for (from, to) in [
            ("v1alpha1", "v1"),
            ("  image: b\n", ""),
            ("replicas: 2", "replicas: two"),
            ("replicas: 2", "replicas: 2\n  replica: 2"),
            ("executor: a", "executor: a\n  resources: {limits: {memory: much}}"),
            ("executor: a", "executor: a\n  checks: {liveness: {httpGet: {}}}"),
            ("{name: a, key: master}", "{name: a}"),
        ] {
            let said = faults(|d| d.app = d.app.replace(from, to));
            assert!(said.contains("is no SpinApp"), "{to}: {said}");
        }
    }
}
