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

/// Components that may weigh more, with the reason. Each says so in its README too.
const LARGER: [(&str, u64, &str); 6] = [
    ("delivery", 1_700_000, "tables of international host names, composing mail"),
    ("desk", 2_500_000, "the OpenAPI document, tables of international host names"),
    ("inbound", 2_300_000, "parsing mail: tables of character sets; elliptic curves"),
    ("projector", 1_900_000, "the world's time zones"),
    ("sla", 2_000_000, "the world's time zones"),
    ("templates", 2_600_000, "a template engine, the world's time zones, languages' names and plurals"),
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

/// Prints what each component weighs.
///
/// # Errors
/// When one is missing or weighs more than it may.
pub fn check_sizes() -> Result<()> {
    let mut too_large = Vec::new();
    for component in project::components()? {
        let path = component.wasm();
        let size = path.metadata().with_context(|| format!("{} was not built", path.display()))?.len();
        println!("    {:<24} {:>9} bytes", component.artefact, size);
        let exception = LARGER.iter().find(|(name, ..)| *name == component.artefact);
        let allowed = exception.map_or(ALLOWED_SIZE, |(_, allowed, _)| *allowed);
        if size > allowed {
            too_large.push(format!("{} has {size} bytes, {allowed} are allowed", component.artefact));
        }
    }
    if !too_large.is_empty() {
        bail!("too large (look for heavy dependencies with `cargo tree`): {}", too_large.join("; "));
    }
    Ok(())
}

/// Builds what runs the application where Spin is not installed.
///
/// # Errors
/// When it does not build.
pub fn local_host() -> Result<PathBuf> {
    let mut cargo = project::cargo("build");
    cargo.args(["--profile", "native", "--package", "relevo-local-host", "--bin", "relevo-host"]);
    process::step("build relevo-host (ten minutes, the first time)", &mut cargo)?;
    Ok(local_host_path())
}

/// Where that lies.
pub fn local_host_path() -> PathBuf {
    project::target().join("native/relevo-host")
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
