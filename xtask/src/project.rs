//! Where things lie in the project, and how cargo is called in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The project's root folder.
pub fn root() -> PathBuf {
    // Two levels up from this package; `xtask/` always has a parent.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The build folder that `spin.toml` names, whatever `CARGO_TARGET_DIR` says.
pub fn target() -> PathBuf {
    root().join("target")
}

/// A command that runs in the project's root with the environment that the user has, less what `cargo run` added to
/// it for this program: some of that makes build scripts run again, and `LD_LIBRARY_PATH` misleads other compilers.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    const LEFT_BY_CARGO_RUN: [&str; 6] =
        ["CARGO_BIN_", "CARGO_CRATE_", "CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_PRIMARY_", "CARGO_TARGET_DIR"];
    let mut command = Command::new(program);
    command.current_dir(root()).env_remove("LD_LIBRARY_PATH");
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| LEFT_BY_CARGO_RUN.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
    command
}

/// The cargo that runs this program.
pub fn cargo_path() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// `cargo <subcommand> --target-dir target`: one build folder for every command of xtask.
pub fn cargo(subcommand: &str) -> Command {
    let mut command = command(cargo_path());
    command.arg(subcommand).arg("--target-dir").arg(target());
    command
}

/// A package that is built to a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// The package's name, for `cargo -p`.
    pub package: String,
    /// The stem of the `.wasm` file.
    pub artefact: String,
}

impl Component {
    /// Reads the `Cargo.toml` in `folder`.
    ///
    /// # Errors
    /// When the file cannot be read or names no package.
    pub fn read(folder: &Path) -> Result<Self> {
        #[derive(serde::Deserialize)]
        struct Manifest {
            package: Named,
            lib: Option<Named>,
        }
        #[derive(serde::Deserialize)]
        struct Named {
            name: Option<String>,
        }
        let path = folder.join("Cargo.toml");
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let manifest: Manifest =
            toml::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
        let package =
            manifest.package.name.with_context(|| format!("{} has no package name", path.display()))?;
        let artefact = manifest.lib.and_then(|lib| lib.name).unwrap_or_else(|| package.clone());
        Ok(Self { package, artefact: artefact.replace('-', "_") })
    }

    /// Where the built component lies.
    pub fn wasm(&self) -> PathBuf {
        target().join("wasm32-wasip2/release").join(&self.artefact).with_extension("wasm")
    }
}

/// The application's components, by name.
///
/// # Errors
/// When `components/` or a manifest in it cannot be read.
pub fn components() -> Result<Vec<Component>> {
    subfolders(&root().join("components"))?
        .iter()
        .filter(|folder| folder.join("Cargo.toml").is_file())
        .map(|folder| Component::read(folder))
        .collect()
}

/// The folders in `folder`, by name.
///
/// # Errors
/// When `folder` cannot be read.
pub fn subfolders(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
