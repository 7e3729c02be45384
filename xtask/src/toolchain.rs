//! `cargo xtask setup`: a toolchain that can build for `wasm32-wasip2`. Nothing else in the project knows how.
//!
//! Usually `rustup target add` is all it takes. Where rustup's downloads are out of reach but Debian's packages are
//! not, Debian's own compiler builds the standard library from its matching source, with the C library of
//! *backports* unpacked under `target/toolchain/`, and the linkers that rustup's native toolchain has anyway.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::{process, project};

/// The target of every component.
pub const TARGET: &str = "wasm32-wasip2";

const HELP: &str = "\
cargo xtask setup

Makes sure that wasm32-wasip2 can be built: through rustup, or else with Debian's packages rustc-web and
rust-web-src. Installs redis-server, which tests start, if it is missing.
RELEVO_TOOLCHAIN=rustup|debian allows only one of the two.";

/// Debian's compiler, and the library source that belongs to it.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];

/// Debian's compilers older than this cannot build the project.
const OLDEST_MINOR: u32 = 95;

/// `rustup target add` takes seconds where it works at all.
const RUSTUP_LIMIT: Duration = Duration::from_secs(90);

/// How to build for [`TARGET`] on this machine.
#[derive(Debug, Default)]
pub struct Toolchain {
    args: Vec<OsString>,
    env: Vec<(&'static str, OsString)>,
}

impl Toolchain {
    /// Completes a `cargo … --target wasm32-wasip2` command.
    pub fn apply<'a>(&self, cargo: &'a mut Command) -> &'a mut Command {
        cargo.args(&self.args).envs(self.env.iter().map(|(name, value)| (name, value)))
    }

    /// What it is, for people.
    pub fn name(&self) -> &'static str {
        if self.env.is_empty() { "rustup's target" } else { "Debian's compiler" }
    }
}

/// Runs the command.
///
/// # Errors
/// When an option is unknown, or what is missing cannot be installed; the error says what to do by hand.
pub fn command(mut args: lexopt::Parser) -> Result<()> {
    if let Some(arg) = args.next()? {
        if arg == lexopt::Arg::Long("help") {
            println!("{HELP}");
            return Ok(());
        }
        return Err(arg.unexpected().into());
    }
    let toolchain = ready()?;
    println!("{TARGET}: {}", toolchain.name());
    println!("redis-server: {}", redis()?.display());
    Ok(())
}

/// Finds a toolchain, or installs what it needs. Quick when nothing is missing.
///
/// # Errors
/// When neither way works; the error says what to do by hand.
pub fn ready() -> Result<Toolchain> {
    let only = std::env::var("RELEVO_TOOLCHAIN").unwrap_or_default();
    if !["", "rustup", "debian"].contains(&only.as_str()) {
        bail!("RELEVO_TOOLCHAIN is `{only}`: it takes rustup or debian");
    }
    if only != "debian" && rustup_has_target() {
        return Ok(Toolchain::default());
    }
    if only != "rustup"
        && let Ok(toolchain) = Debian::find()
    {
        return Ok(toolchain);
    }
    let rustup = if only == "debian" { Ok(()) } else { add_with_rustup() };
    if only != "debian" && rustup.is_ok() {
        return Ok(Toolchain::default());
    }
    let debian = if only == "rustup" { Err(anyhow::anyhow!("not tried")) } else { Debian::install() };
    debian.map_err(|debian| {
        let rustup = rustup.err().map_or_else(|| "not tried".to_owned(), |error| format!("{error:#}"));
        anyhow::anyhow!(
            "no toolchain for {TARGET}. Do one of these, then start again:\n\
             \x20 - rustup target add {TARGET}\n\
             \x20 - on Debian, as root: apt-get update && apt-get install -y {}\n\n\
             Tried rustup: {rustup}\n\nTried Debian's packages: {debian:#}",
            DEBIAN_PACKAGES.join(" ")
        )
    })
}

/// The Redis server that tests start, installed if it is missing.
///
/// # Errors
/// When it is missing and cannot be installed.
pub fn redis() -> Result<PathBuf> {
    if let Some(path) = process::on_path("redis-server") {
        return Ok(path);
    }
    apt_install(&["redis-server"])
        .context("redis-server is missing and tests need it: install it by hand")?;
    process::on_path("redis-server").context("redis-server was installed but is not on PATH")
}

/// Python 3 that can make environments of its own.
///
/// # Errors
/// When it is missing and cannot be installed.
pub fn python() -> Result<PathBuf> {
    let ready = || {
        let path = process::on_path("python3")?;
        process::output(Command::new(&path).args(["-c", "import ensurepip, venv"])).map(|_| path)
    };
    if let Some(path) = ready() {
        return Ok(path);
    }
    apt_install(&["python3-venv"])
        .context("python3 with venv is missing and a test needs it: install it by hand")?;
    ready().context("python3-venv was installed but python3 cannot use it")
}

fn rustup_has_target() -> bool {
    let folder =
        process::output(project::command("rustc").args(["--print", "target-libdir", "--target", TARGET]));
    // The folder is named whether it exists or not.
    folder.and_then(|folder| std::fs::read_dir(folder).ok()).is_some_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
    })
}

fn add_with_rustup() -> Result<()> {
    if process::on_path("rustup").is_none() {
        bail!("there is no rustup on PATH");
    }
    let mut rustup = project::command("rustup");
    rustup.args(["target", "add", TARGET]);
    process::run("rustup target add", &mut rustup, Some(RUSTUP_LIMIT))?;
    if !rustup_has_target() {
        bail!("`rustup target add {TARGET}` went through, but `rustc` is not the one that rustup manages");
    }
    println!("  rustup target add {TARGET}: done");
    Ok(())
}

struct Debian;

impl Debian {
    /// What is already installed, if that is all of it.
    fn find() -> Result<Toolchain> {
        let sysroot = process::output(Command::new(DEBIAN_RUSTC).args(["--print", "sysroot"]))
            .with_context(|| format!("{DEBIAN_RUSTC} is missing"))?;
        let source = Path::new(&sysroot).join("lib/rustlib/src/rust/library/Cargo.toml");
        if !source.exists() {
            bail!("{} is missing", source.display());
        }
        let version = process::output(Command::new(DEBIAN_RUSTC).arg("--version")).unwrap_or_default();
        if minor_version(&version).is_none_or(|minor| minor < OLDEST_MINOR) {
            bail!("{DEBIAN_RUSTC} is too old: {version}");
        }
        let libc = wasi_libc();
        if !libc.join("libc.a").exists() {
            bail!("{} is missing", libc.display());
        }
        let linkers = linkers()?;
        let mut path = vec![linkers.clone(), linkers.join("gcc-ld")];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let mut flags = OsString::from("-L native=");
        flags.push(&libc);
        flags.push(" -C link-self-contained=no");
        Ok(Toolchain {
            args: vec!["-Zbuild-std=std,panic_abort".into()],
            env: vec![
                ("RUSTC", DEBIAN_RUSTC.into()),
                ("RUSTC_BOOTSTRAP", "1".into()),
                ("CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS", flags),
                ("PATH", std::env::join_paths(path)?),
            ],
        })
    }

    fn install() -> Result<Toolchain> {
        if process::on_path("apt-get").is_none() {
            bail!("this is not Debian: there is no apt-get");
        }
        linkers()?;
        let installed = process::output(Command::new(DEBIAN_RUSTC).arg("--version")).unwrap_or_default();
        let source = Path::new("/usr/lib/rustlib/src/rust/library/Cargo.toml");
        if minor_version(&installed).is_none_or(|minor| minor < OLDEST_MINOR) || !source.exists() {
            apt_install(&DEBIAN_PACKAGES)?;
        }
        if !wasi_libc().join("libc.a").exists() {
            unpack_wasi_libc()?;
        }
        Self::find()
    }
}

/// `95` of `rustc 1.95.0 (…)`.
fn minor_version(version: &str) -> Option<u32> {
    version.split_whitespace().nth(1)?.split('.').nth(1)?.parse().ok()
}

fn wasi_libc() -> PathBuf {
    project::target().join("toolchain/wasi-libc/usr/lib").join(TARGET)
}

/// rustup's native toolchains ship the linkers of the wasm targets.
fn linkers() -> Result<PathBuf> {
    let sysroot = process::output(project::command("rustc").args(["--print", "sysroot"]))
        .context("no rustc on PATH")?;
    let host = process::output(project::command("rustc").args(["--print", "host-tuple"])).unwrap_or_default();
    let folder = Path::new(&sysroot).join("lib/rustlib").join(host).join("bin");
    if !folder.join("wasm-component-ld").is_file() {
        bail!("{} has no wasm-component-ld: install Rust with rustup", folder.display());
    }
    Ok(folder)
}

fn apt_install(packages: &[&str]) -> Result<()> {
    let root = process::output(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    let apt = || {
        let mut command = Command::new(if root { "apt-get" } else { "sudo" });
        if !root {
            command.args(["-n", "apt-get"]);
        }
        command.env("DEBIAN_FRONTEND", "noninteractive").args(["-q", "-o", "Acquire::Retries=2"]);
        command
    };
    // Lists on a machine that was just started are missing or name versions that the mirror no longer has.
    process::step("apt-get update", apt().arg("update"))?;
    let what = format!("apt-get install {}", packages.join(" "));
    process::step(&what, apt().args(["install", "-y", "--no-install-recommends"]).args(packages)).map(drop)
}

/// Fetches the C library from the *backports* of the mirror that apt uses anyway, through a source list, indexes and a
/// cache of its own: nothing on the system changes.
fn unpack_wasi_libc() -> Result<()> {
    let folder = project::target().join("toolchain/apt");
    for part in ["lists/partial", "cache/archives/partial", "download"] {
        std::fs::create_dir_all(folder.join(part))
            .with_context(|| format!("creating {}", folder.display()))?;
    }
    let (mirror, codename) = mirror()?;
    let keyring = ["gpg", "pgp"]
        .map(|ending| format!("/usr/share/keyrings/debian-archive-keyring.{ending}"))
        .into_iter()
        .find(|path| Path::new(path).is_file());
    let signed_by = keyring.map(|path| format!("Signed-By: {path}\n")).unwrap_or_default();
    let sources = folder.join("backports.sources");
    let text =
        format!("Types: deb\nURIs: {mirror}\nSuites: {codename}-backports\nComponents: main\n{signed_by}");
    std::fs::write(&sources, text).with_context(|| format!("writing {}", sources.display()))?;

    let apt = || {
        let mut command = Command::new("apt-get");
        command.current_dir(folder.join("download")).args(["-q", "-o", "APT::Sandbox::User="]);
        for (option, value) in [
            ("Dir::Etc::sourcelist", sources.clone()),
            ("Dir::Etc::sourceparts", PathBuf::from("/dev/null")),
            ("Dir::State::lists", folder.join("lists")),
            ("Dir::Cache", folder.join("cache")),
        ] {
            command.arg("-o").arg(format!("{option}={}", value.display()));
        }
        command
    };
    process::step("apt-get update (backports, private)", apt().arg("update"))?;
    process::step("apt-get download wasi-libc", apt().args(["download", "wasi-libc"]))?;
    let package = std::fs::read_dir(folder.join("download"))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|ending| ending == "deb"))
        .context("apt-get download left no package")?;
    let into = project::target().join("toolchain/wasi-libc");
    process::step("unpack wasi-libc", Command::new("dpkg").arg("-x").arg(&package).arg(&into))?;
    if !wasi_libc().join("libc.a").exists() {
        bail!("{} has no {TARGET} folder", package.display());
    }
    std::fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))
}

/// The mirror of the system's own suite, and that suite's name, as apt is configured.
fn mirror() -> Result<(String, String)> {
    let release = std::fs::read_to_string("/etc/os-release").context("reading /etc/os-release")?;
    let codename = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .map(|name| name.trim_matches('"').to_owned())
        .context("/etc/os-release names no VERSION_CODENAME")?;
    let mut apt = Command::new("apt-get");
    apt.args(["indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages"]);
    let targets = process::output(&mut apt).context("`apt-get indextargets` failed")?;
    let uri = targets.lines().find_map(|line| line.strip_prefix(&codename)?.strip_prefix(' '));
    Ok((uri.with_context(|| format!("apt has no source of the suite {codename}"))?.to_owned(), codename))
}
