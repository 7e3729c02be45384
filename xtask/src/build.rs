//! `cargo xtask build`: every component as wasm, with its size.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::project::{self, Component};
use crate::toolchain::{self, Toolchain};

const HELP: &str = "\
cargo xtask build

Builds every folder of components/ (and the guest that tests of the local host use) for wasm32-wasip2,
to target/wasm32-wasip2/release/, prints the sizes and refuses what is too large.";

/// What a component may weigh, in bytes.
const ALLOWED_SIZE: u64 = 1_500_000;

/// Names a local host that is built already.
const HOST_BIN: &str = "RELEVO_HOST_BIN";

/// Components that may weigh more, with the reason. Each says so in its README too.
const LARGER: [(&str, u64, &str); 10] = [
    (
        "csat",
        3_400_000,
        "what every component carries; the directory; deciding and sending surveys, what follows from answers",
    ),
    ("delivery", 3_400_000, "what every component carries, and every provider's requests and mail"),
    (
        "desk",
        7_700_000,
        "the OpenAPI document; reading packs with the place of every mistake; work lists, bulk actions",
    ),
    ("inbound", 4_500_000, "parsing mail: tables of character sets; elliptic curves"),
    ("knowledge", 3_600_000, "what every component carries; the readers of tickets; Markdown"),
    ("playbooks", 3_500_000, "what every component carries; the readers of tickets, runs and contacts"),
    (
        "projector",
        4_900_000,
        "the world's time zones; the state of every kind of stream; figures and health; retention",
    ),
    (
        "reports",
        3_300_000,
        "what every component carries; the states by which partitions are told apart; the figures",
    ),
    ("sla", 4_500_000, "the world's time zones; trials of other terms; who gets a ticket"),
    (
        "templates",
        6_400_000,
        "a template engine and a layout language, the world's time zones, languages' names and plurals",
    ),
];

/// Runs the command.
///
/// # Errors
/// When an option is unknown, the toolchain is not to be had, the build fails, or a component is too large.
pub fn command(mut args: lexopt::Parser) -> Result<()> {
    if let Some(arg) = args.next()? {
        if arg == lexopt::Arg::Long("help") {
            println!("{HELP}");
            return Ok(());
        }
        return Err(arg.unexpected().into());
    }
    let toolchain = toolchain::ready()?;
    components(&toolchain)?;
    guest(&toolchain)?;
    check_sizes()
}

/// Builds the components. Gives what the compiler said of them, in a file.
///
/// # Errors
/// When the build fails.
pub fn components(toolchain: &Toolchain) -> Result<PathBuf> {
    let components = project::components()?;
    let mut cargo = project::cargo("build");
    cargo.args(["--release", "--target", toolchain::TARGET]);
    for component in &components {
        cargo.args(["--package", &component.package]);
    }
    let log = process::step("build components", toolchain.apply(&mut cargo))?;

    Ok(log)
}

/// What a component weighs and may weigh.
pub struct Weight {
    /// Its name.
    pub component: String,
    /// Bytes of its file.
    pub bytes: u64,
    /// Bytes that it may have.
    pub allowed: u64,
    /// Why it may have more than others.
    pub reason: Option<&'static str>,
}

/// What the components weigh.
///
/// # Errors
/// When one is missing.
pub fn weights() -> Result<Vec<Weight>> {
    let weight = |component: &Component| {
        let path = component.wasm();
        let bytes = path.metadata().with_context(|| format!("{} was not built", path.display()))?.len();
        let exception = LARGER.iter().find(|(name, ..)| *name == component.artefact);
        let (allowed, reason) =
            exception.map_or((ALLOWED_SIZE, None), |(_, allowed, why)| (*allowed, Some(*why)));
        Ok(Weight { component: component.artefact.clone(), bytes, allowed, reason })
    };
    project::components()?.iter().map(weight).collect()
}

/// Prints what each component weighs.
///
/// # Errors
/// When one is missing or weighs more than it may.
pub fn check_sizes() -> Result<()> {
    let mut too_large = Vec::new();
    for Weight { component, bytes, allowed, .. } in weights()? {
        println!("    {component:<24} {bytes:>9} bytes");
        if bytes > allowed {
            too_large.push(format!("{component} has {bytes} bytes, {allowed} are allowed"));
        }
    }
    if !too_large.is_empty() {
        bail!("too large (look for heavy dependencies with `cargo tree`): {}", too_large.join("; "));
    }
    Ok(())
}

/// Builds what runs the application where Spin is not installed, unless `RELEVO_HOST_BIN` names one.
///
/// # Errors
/// When it does not build.
pub fn local_host() -> Result<PathBuf> {
    if std::env::var_os(HOST_BIN).is_some() {
        return Ok(local_host_path());
    }
    let mut cargo = project::cargo("build");
    cargo.args(["--profile", "native", "--package", "relevo-local-host", "--bin", "relevo-host"]);
    process::step("build relevo-host (ten minutes, the first time)", &mut cargo)?;
    Ok(local_host_path())
}

/// Where that lies.
pub fn local_host_path() -> PathBuf {
    std::env::var_os(HOST_BIN).map_or_else(|| project::target().join("native/relevo-host"), PathBuf::from)
}

/// The program behind `cargo xtask verify`, for tests.
///
/// # Errors
/// When the build fails.
pub fn verify() -> Result<PathBuf> {
    let mut cargo = project::cargo("build");
    cargo.args(["--profile", "native", "--package", "relevo-verify"]);
    process::step("build relevo-verify", &mut cargo)?;
    Ok(project::target().join("native/relevo-verify"))
}

/// Where the package of [`guest`] lies, outside the workspace.
pub fn guest_folder() -> PathBuf {
    project::root().join("crates/local-host/tests/guest")
}

/// Builds the component that the local host's own tests run: a package outside the workspace.
///
/// # Errors
/// When the build fails.
pub fn guest(toolchain: &Toolchain) -> Result<()> {
    let folder = guest_folder();
    let mut cargo = project::cargo("build");
    cargo
        .args(["--release", "--target", toolchain::TARGET, "--manifest-path"])
        .arg(folder.join("Cargo.toml"));
    process::step("build guest for tests", toolchain.apply(&mut cargo))?;
    let path = Component::read(&folder)?.wasm();
    path.metadata().with_context(|| format!("{} was not built", path.display()))?;
    Ok(())
}
