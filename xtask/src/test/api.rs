//! The running application against its own OpenAPI document: the document is valid, and `schemathesis` finds no
//! answer that it does not describe, no nonsense that is accepted and no fault of the server.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lexopt::ValueExt as _;
use serde_json::{Value, json};

use super::Outcome;
use crate::http::Client;
use crate::up::Info;
use crate::{build, process, project, python, toolchain};

const HELP: &str = "\
cargo xtask api

Starts the application on a state of its own, checks that its OpenAPI document is valid and tries every operation with
generated requests: the same ones for the same seed, as far as answers are the same.

  --examples N   how many for each operation, beside what is tried anyway (8)
  --seconds N    no longer than this, for each of the two runs
  --seed N       which requests";

/// The desk that is tried out.
const DESK: &str = "school";

/// A template of it.
const TEMPLATE: &str = "respuesta";

/// The same requests every time.
const SEED: u64 = 20_260_302;

/// Requests for each operation in the short run, beside those that each document and each limit of a schema makes.
const SHORT: u32 = 8;

/// The first start compiles every component.
const START_LIMIT: Duration = Duration::from_secs(600);

/// A run that takes longer than this hangs.
const RUN_LIMIT: Duration = Duration::from_secs(3_600);

/// How long the survey of a solved ticket may take.
const SURVEY_LIMIT: Duration = Duration::from_secs(60);

/// How much is tried.
pub struct Effort {
    /// Generated requests for each operation.
    pub examples: u32,
    /// No longer than this, each run.
    pub limit: Option<Duration>,
    /// Which requests.
    pub seed: u64,
}

impl Default for Effort {
    fn default() -> Self {
        Self { examples: SHORT, limit: None, seed: SEED }
    }
}

/// The application, killed when dropped.
struct Up(Child);

impl Drop for Up {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the command.
///
/// # Errors
/// When an option is unknown, or as [`run`] says.
pub fn command(mut args: lexopt::Parser) -> Result<()> {
    let mut effort = Effort::default();
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("examples") => effort.examples = args.value()?.parse()?,
            lexopt::Arg::Long("seconds") => {
                effort.limit = Some(Duration::from_secs(args.value()?.parse()?));
            }
            lexopt::Arg::Long("seed") => effort.seed = args.value()?.parse()?,
            lexopt::Arg::Long("help") => {
                println!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    println!("{}", run(&effort)?);
    Ok(())
}

/// The short run.
pub fn check() -> Result<Outcome> {
    Ok(Outcome { passed: 1, failed: 0, note: run(&Effort::default())? })
}

/// Tries it; gives in words what was tried.
///
/// # Errors
/// When something cannot be installed or started, or `schemathesis` finds a fault: the error says which.
pub fn run(effort: &Effort) -> Result<String> {
    let python = python::with("python", &project::root().join("xtask/api/requirements.txt"))?;
    let folder = project::target().join("api");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder)?;
    // Before the clock runs: that takes minutes the first time.
    build::components(&toolchain::ready()?)?;
    build::local_host()?;
    let (_up, info) = start(&folder)?;
    let client = Client::new(&info.base_url);
    let text = client.send("GET", "/api/openapi.json", &[], None)?;
    std::fs::write(folder.join("openapi.json"), &text.body)?;
    process::run(
        "the document is valid",
        project::command(&python).args(["-m", "openapi_spec_validator"]).arg(folder.join("openapi.json")),
        None,
    )?;
    let runner =
        Runner { program: python.with_file_name("schemathesis"), folder: &folder, info: &info, effort };
    let known = known(&client, &info)?;
    let there = runner.run("schemathesis, what is there", &known, &[])?;
    let only = ["--phases", "coverage,fuzzing", "--include-path-regex", NAMES];
    let made_up = runner.run("schemathesis, what is made up", &[("desk", DESK.to_owned())], &only)?;
    Ok(format!("{there}; under names that are made up: {made_up}"))
}

/// Paths with a name in them for which [`known`] has something.
const NAMES: &str = r"\{(ticket|contact|template|entry|survey|channel)\}";

struct Runner<'a> {
    program: PathBuf,
    folder: &'a Path,
    info: &'a Info,
    effort: &'a Effort,
}

impl Runner<'_> {
    fn run(&self, what: &str, names: &[(&str, String)], more: &[&str]) -> Result<String> {
        let base = project::root().join("xtask/api/schemathesis.toml");
        let mut config =
            std::fs::read_to_string(&base).with_context(|| format!("reading {}", base.display()))?;
        config += "\n[parameters]\n";
        for (name, value) in names {
            config += &format!("{name} = {}\n", Value::from(value.as_str()));
        }
        let path = self.folder.join("schemathesis.toml");
        std::fs::write(&path, config)?;
        let mut schemathesis = project::command(&self.program);
        schemathesis
            // It keeps what it found where it is started.
            .current_dir(self.folder)
            .arg("--config-file")
            .arg(&path)
            .args(["run", "--no-color", "--checks", "all", "--mode", "all"])
            .args(["--seed", &self.effort.seed.to_string()])
            .args(["--max-examples", &self.effort.examples.to_string()])
            .args(more);
        if let Some(limit) = self.effort.limit {
            schemathesis.args(["--max-time", &limit.as_secs().max(1).to_string()]);
        }
        schemathesis
            .arg(self.folder.join("openapi.json"))
            .env("RELEVO_BASE_URL", &self.info.base_url)
            .env("RELEVO_TOKEN", &self.info.admin_token);
        let log = process::run(what, &mut schemathesis, Some(RUN_LIMIT))?;
        Ok(summary(&log))
    }
}

/// What stands for names in paths, so that not every call is of something that is not there: a ticket that was
/// answered and solved, and what came of it.
fn known(client: &Client, info: &Info) -> Result<Vec<(&'static str, String)>> {
    let token = &info.admin_token;
    let id = |value: &Value| value.as_str().map(str::to_owned).context("an answer without an id");
    // By mail: there one may answer at any time.
    let body = json!({"channel": "mailgun", "contact": {"address": "ana@example.org", "name": "Ana"}});
    let opened = client.json("POST", &format!("/api/{DESK}/tickets"), token, &body)?.value()?;
    let ticket = id(&opened["id"])?;
    let act = |what: &str, body: Value| {
        client.json("POST", &format!("/api/{DESK}/tickets/{ticket}/{what}"), token, &body)?.success()
    };
    act("replies", json!({"text": "Ya está."}))?;
    act("status", json!({"status": "solved"}))?;
    let sent = client.get(&format!("/api/{DESK}/outbox"), token)?.value()?;
    let begun = Instant::now();
    let survey = loop {
        let surveys = client.get(&format!("/api/{DESK}/surveys"), token)?.value()?;
        if let Some(survey) = surveys["items"][0]["id"].as_str() {
            break survey.to_owned();
        }
        if begun.elapsed() > SURVEY_LIMIT {
            bail!("a ticket was solved and no survey came of it");
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    Ok(vec![
        ("account", "main".to_owned()),
        ("channel", "whatsapp".to_owned()),
        ("contact", id(&opened["contact"]["id"])?),
        ("desk", DESK.to_owned()),
        ("entry", id(&sent["items"][0]["id"])?),
        ("survey", survey),
        ("template", TEMPLATE.to_owned()),
        ("ticket", ticket),
    ])
}

/// The application on a state of its own.
fn start(folder: &Path) -> Result<(Up, Info)> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let path = folder.join("up.json");
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["up", "--fresh", "--host", "local", "--packs", DESK, "--port", &port.to_string(), "--state"])
        .arg(folder.join("state"))
        .arg("--info")
        .arg(&path)
        .current_dir(project::root())
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(folder.join("up.log"))?)
        .stderr(std::fs::File::create(folder.join("up.err"))?);
    let mut up = Up(command.spawn().context("starting the application")?);
    let begun = Instant::now();
    while !path.is_file() {
        if let Some(status) = up.0.try_wait()? {
            let said = std::fs::read_to_string(folder.join("up.err")).unwrap_or_default();
            bail!("the application did not start ({status}): {said}");
        }
        if begun.elapsed() > START_LIMIT {
            bail!("the application did not start in time; see {}", folder.display());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok((up, Info::load(&path)?))
}

/// How much was tried, in its own words.
fn summary(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let line = text.lines().map(str::trim).find(|line| line.contains("generated") && line.contains("passed"));
    line.unwrap_or_default().to_owned()
}
