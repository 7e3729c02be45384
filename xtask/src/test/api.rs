//! The running application against its own OpenAPI document: the document is valid, and `schemathesis` finds no
//! answer that it does not describe, no nonsense that is accepted and no fault of the server.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lexopt::ValueExt as _;
use serde_json::json;

use super::Outcome;
use crate::http::Client;
use crate::up::Info;
use crate::{process, project, python};

const HELP: &str = "\
cargo xtask api

Starts the application on a state of its own, checks that its OpenAPI document is valid and tries every operation with
generated requests.

  --seconds N    how long (60)
  --seed N       which requests";

/// The desk that is tried out.
const DESK: &str = "school";

/// How long the short run generates requests; what each operation is tried with at least comes on top.
const SHORT: Duration = Duration::from_secs(60);

/// The same requests every time.
const SEED: u64 = 20_260_302;

/// The first start compiles every component.
const START_LIMIT: Duration = Duration::from_secs(600);

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
    let (mut seconds, mut seed) = (SHORT.as_secs(), SEED);
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("seconds") => seconds = args.value()?.parse()?,
            lexopt::Arg::Long("seed") => seed = args.value()?.parse()?,
            lexopt::Arg::Long("help") => {
                println!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    println!("{}", run(Duration::from_secs(seconds), seed)?.note);
    Ok(())
}

/// Generates requests for that long.
///
/// # Errors
/// When something cannot be installed or started, or `schemathesis` finds a fault: the error says which.
pub fn run(budget: Duration, seed: u64) -> Result<Outcome> {
    let python = python::with("python", &project::root().join("xtask/api/requirements.txt"))?;
    let folder = project::target().join("api");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder)?;
    let (_up, info) = start(&folder)?;
    let client = Client::new(&info.base_url);
    let document = folder.join("openapi.json");
    let text = client.send("GET", "/api/openapi.json", &[], None)?;
    std::fs::write(&document, &text.body)?;
    process::run(
        "the document is valid",
        project::command(&python).args(["-m", "openapi_spec_validator"]).arg(&document),
        None,
    )?;
    let mut schemathesis = project::command(python.with_file_name("schemathesis"));
    schemathesis
        .arg("--config-file")
        .arg(project::root().join("xtask/api/schemathesis.toml"))
        .args(["run", "--no-color", "--checks", "all", "--mode", "all"])
        .args(["--seed", &seed.to_string(), "--max-time", &budget.as_secs().max(1).to_string()])
        .args(["--max-examples", "20", "--report", "ndjson", "--report-dir"])
        .arg(&folder)
        .arg(&document)
        .env("RELEVO_BASE_URL", &info.base_url)
        .env("RELEVO_TOKEN", &info.admin_token)
        .env("RELEVO_DESK", DESK)
        .env("RELEVO_TICKET", ticket(&client, &info)?);
    let log = process::run("schemathesis", &mut schemathesis, Some(budget * 10 + Duration::from_secs(600)))?;
    Ok(Outcome { passed: 1, failed: 0, note: summary(&log) })
}

/// A ticket, so that not every call of one is of one that is not there.
fn ticket(client: &Client, info: &Info) -> Result<String> {
    let body = json!({"channel": "whatsapp", "contact": {"address": "15550100001", "name": "Ana"}});
    let opened = client.json("POST", &format!("/api/{DESK}/tickets"), &info.admin_token, &body)?.value()?;
    Ok(opened["id"].as_str().context("a ticket without an id")?.to_owned())
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
