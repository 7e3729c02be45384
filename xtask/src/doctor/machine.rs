//! The machine: compiler, built components, tools, variables, disk.

use std::path::Path;
use std::process::Command;

use super::Finding;
use crate::{process, project};

/// Room below which a store may soon be full.
const ROOM_KB: u64 = 1_048_576;

/// Looks at everything that needs no running application.
pub fn look(state: &Path) -> Vec<Finding> {
    let rustc = process::output(Command::new("rustc").arg("--version"));
    let df = process::output(Command::new("df").arg("-Pk").arg(nearest(state)));
    let manifest = std::fs::read_to_string(project::root().join("spin.toml")).unwrap_or_default();
    let redis = process::on_path("redis-server").map(|path| path.display().to_string());
    let mut findings =
        vec![compiler(rustc.as_deref()), components(&manifest, &project::root()), space(df.as_deref())];
    findings.push(match redis {
        Some(path) => Finding::well("redis-server", path),
        None => Finding::doubtful(
            "redis-server",
            "it is not installed; tests start one",
            "run `cargo xtask setup`",
        ),
    });
    findings.extend(variables(|name| std::env::var(format!("SPIN_VARIABLE_{name}")).ok()));
    findings
}

fn compiler(version: Option<&str>) -> Finding {
    let what = "compiler";
    let todo = "install Rust 1.95 or newer with rustup, then run `cargo xtask setup`";
    let Some(version) = version else { return Finding::wrong(what, "there is no rustc on PATH", todo) };
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    match minor {
        Some(minor) if minor >= 95 || !version.starts_with("rustc 1.") => Finding::well(what, version),
        _ => Finding::wrong(what, format!("{version} is too old"), todo),
    }
}

/// Every component that the manifest names has been built.
fn components(manifest: &str, root: &Path) -> Finding {
    let sources = manifest.lines().filter_map(|line| line.strip_prefix("source = \"")?.strip_suffix('"'));
    let missing: Vec<_> = sources.filter(|source| !root.join(source).is_file()).collect();
    match missing.as_slice() {
        [] => Finding::well("components", "all that spin.toml names are built"),
        some => {
            Finding::wrong("components", format!("not built: {}", some.join(", ")), "run `cargo xtask build`")
        }
    }
}

/// `df -Pk` of the folder with the data.
fn space(df: Option<&str>) -> Finding {
    let what = "disk";
    let kb = df.and_then(|df| df.lines().nth(1)?.split_whitespace().nth(3)?.parse::<u64>().ok());
    match kb {
        Some(kb) if kb < ROOM_KB => Finding::wrong(
            what,
            format!("only {} MB are free where the data is", kb / 1_024),
            "make room: a store that cannot write refuses everything with 503 (nothing acknowledged is lost)",
        ),
        Some(kb) => Finding::well(what, format!("{} MB are free", kb / 1_024)),
        None => Finding::doubtful(what, "the free space could not be found out", "look with `df`"),
    }
}

/// Variables that are set here must be usable; those that are not may be set elsewhere.
fn variables(get: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(key) = get("MASTER_KEY") {
        let good = key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
        findings.push(match good {
            true => Finding::well("SPIN_VARIABLE_MASTER_KEY", "64 hexadecimal digits"),
            false => Finding::wrong(
                "SPIN_VARIABLE_MASTER_KEY",
                format!("it has {} characters and must be 64 hexadecimal digits", key.chars().count()),
                "take the key that this store was filled with; for a new store: `openssl rand -hex 32`",
            ),
        });
    }
    let tokens = [("ADMIN_TOKEN", get("ADMIN_TOKEN")), ("TICK_TOKEN", get("TICK_TOKEN"))];
    for (name, token) in &tokens {
        if token.as_ref().is_some_and(|token| token.len() < 16) {
            let why = "it is shorter than 16 characters and could be guessed";
            findings.push(Finding::wrong(&format!("SPIN_VARIABLE_{name}"), why, "`openssl rand -hex 24`"));
        }
    }
    if let [(_, Some(admin)), (_, Some(tick))] = &tokens
        && admin == tick
    {
        let why = "the operator's and the schedule's token are the same";
        findings.push(Finding::wrong(
            "SPIN_VARIABLE_TICK_TOKEN",
            why,
            "give the schedule a token of its own",
        ));
    }
    findings
}

/// The folder or the nearest above it that there is.
fn nearest(path: &Path) -> &Path {
    path.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"))
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn wrong(finding: &Finding) -> &str {
        match &finding.state {
            State::Wrong { why, todo } => {
                assert!(!todo.is_empty());
                why
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_compiler_that_is_missing_or_old_is_found() {
        assert!(wrong(&compiler(None)).contains("no rustc"));
        assert!(wrong(&compiler(Some("rustc 1.80.1 (abc 2024-08-06)"))).contains("too old"));
        assert!(matches!(compiler(Some("rustc 1.95.0 (abc 2026-04-01)")).state, State::Well(_)));
    }

    #[test]
    fn components_that_are_not_built_are_named() {
        let folder = project::target().join("xtask/doctor");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("a.wasm"), "").expect("written");
        let manifest = "source = \"a.wasm\"\nsource = \"b.wasm\"\n";
        assert_eq!(wrong(&components(manifest, &folder)), "not built: b.wasm");
        assert!(matches!(components("source = \"a.wasm\"\n", &folder).state, State::Well(_)));
    }

    #[test]
    fn a_disk_that_is_nearly_full_is_found() {
        let df = |free: u64| {
            format!("Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/x 9 9 {free} 99% /\n")
        };
        assert!(wrong(&space(Some(&df(2_048)))).contains("only 2 MB"));
        assert!(matches!(space(Some(&df(9_999_999))).state, State::Well(_)));
        assert!(matches!(space(None).state, State::Doubtful { .. }));
    }

    #[test]
    fn variables_that_cannot_be_used_are_found_without_being_shown() {
        let found = variables(|name| match name {
            "MASTER_KEY" => Some("zz-secret".to_owned()),
            _ => Some("short".to_owned()),
        });
        assert_eq!(found.len(), 4, "{found:?}");
        for finding in &found {
            assert!(!wrong(finding).contains("secret") && !finding.text().contains("short\""), "{finding:?}");
        }
        assert!(variables(|_| None).is_empty(), "they may be set elsewhere");
        let good = variables(|name| (name == "MASTER_KEY").then(|| "0f".repeat(32)));
        assert!(matches!(good.as_slice(), [Finding { state: State::Well(_), .. }]), "{good:?}");
    }
}
