//! Python with pinned packages, under `target/`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{process, project, toolchain};

/// An environment of its own in `target/<name>` with what a file of requirements names; gives its Python.
///
/// # Errors
/// When there is no Python, or the packages cannot be had.
pub fn with(name: &str, requirements: &Path) -> Result<PathBuf> {
    let folder = project::target().join(name);
    let (python, done) = (folder.join("bin/python"), folder.join("requirements.txt"));
    let text = std::fs::read_to_string(requirements)
        .with_context(|| format!("reading {}", requirements.display()))?;
    if std::fs::read_to_string(&done).is_ok_and(|installed| installed == text) {
        return Ok(python);
    }
    let python3 = toolchain::python()?;
    process::step("python environment", project::command(python3).args(["-m", "venv"]).arg(&folder))?;
    let mut pip = project::command(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements);
    process::step("python packages", &mut pip)?;
    std::fs::write(&done, text)?;
    Ok(python)
}
