//! Running other programs: a line per step, their output in a log file that is shown when they fail.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::project;

/// How often a long step says that it is still at work.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// How much of a failed program's output is shown.
const SHOWN_LINES: usize = 80;

/// Runs `command` to its end and prints `what` with the seconds it took.
///
/// Its output goes to `target/xtask/<what>.log`, which is what it gives; the end of that is in the error when it fails.
///
/// # Errors
/// When it cannot be started, or ends with anything but success.
pub fn step(what: &str, command: &mut Command) -> Result<PathBuf> {
    let start = Instant::now();
    println!("  {what} …");
    let log = run(what, command, None)?;
    println!("  {what}: done in {}", seconds(start.elapsed()));
    Ok(log)
}

/// As [`step`], without a word unless it takes long; stopped after `limit`.
///
/// # Errors
/// When it cannot be started, ends with anything but success, or is stopped.
pub fn run(what: &str, command: &mut Command, limit: Option<Duration>) -> Result<PathBuf> {
    let start = Instant::now();
    let (log, status) = run_any(what, command, limit)?;
    if !status.success() {
        bail!(
            "{what} failed after {} ({status}); the end of {}:\n{}",
            seconds(start.elapsed()),
            log.display(),
            tail(&log, SHOWN_LINES)
        );
    }
    Ok(log)
}

/// As [`run`], for programs whose failure is an answer.
///
/// # Errors
/// When it cannot be started, or is stopped.
pub fn run_any(what: &str, command: &mut Command, limit: Option<Duration>) -> Result<(PathBuf, ExitStatus)> {
    let path = log_path(what)?;
    let log = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("{what}: starting {}", command.get_program().to_string_lossy()))?;
    let status = wait(&mut child, limit, |elapsed| {
        println!("  {what} … {} {}", seconds(elapsed), last_line(&path));
    })?;
    let status =
        status.with_context(|| format!("{what}: took too long and was stopped, see {}", path.display()))?;
    Ok((path, status))
}

/// The output of a short program as text, or nothing when it fails in any way.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The file of that name in the folders of `PATH`.
pub fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// `12 s` or `3 min 05 s`.
pub fn seconds(elapsed: Duration) -> String {
    let tenths = elapsed.as_millis() / 100;
    match tenths {
        0..100 => format!("{}.{} s", tenths / 10, tenths % 10),
        100..1200 => format!("{} s", tenths / 10),
        _ => format!("{} min {:02} s", tenths / 600, tenths / 10 % 60),
    }
}

/// The last `lines` lines of a log.
pub fn tail(path: &Path, lines: usize) -> String {
    let Ok(file) = File::open(path) else { return String::new() };
    let all: Vec<String> = BufReader::new(file).lines().map_while(Result::ok).collect();
    all.iter().skip(all.len().saturating_sub(lines)).map(|line| format!("    {line}\n")).collect()
}

fn wait(child: &mut Child, limit: Option<Duration>, alive: impl Fn(Duration)) -> Result<Option<ExitStatus>> {
    let start = Instant::now();
    let mut said = start;
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if limit.is_some_and(|limit| start.elapsed() >= limit) {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        if said.elapsed() >= SIGN_OF_LIFE {
            said = Instant::now();
            alive(start.elapsed());
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

fn log_path(what: &str) -> Result<PathBuf> {
    let folder = project::target().join("xtask");
    std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let name: String = what.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    Ok(folder.join(name).with_extension("log"))
}

fn last_line(path: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(400)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        // Where somebody else has begun the file anew there are zeros up to where this writer goes on.
        let text = String::from_utf8_lossy(&bytes).replace('\0', "");
        let line = text.lines().map(str::trim).rfind(|line| !line.is_empty());
        Ok(line.map(|line| format!("({line})")).unwrap_or_default())
    };
    read().unwrap_or_default()
}
